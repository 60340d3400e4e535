"""Takedowns: a story leaves every list, with a tombstone, and stays down."""

from dataclasses import replace
from datetime import timedelta

from aggregator.model import ALL, Match, MatchKind, StoryChange, source_scope, topic_scope
from aggregator.query import parse
from aggregator.store.base import Store
from tests.harness.builders import NOW, entry, story
from tests.harness.saving import change_of, publish, save, save_story, story_titled, titles

LABOR, COURTS = topic_scope("labor"), topic_scope("courts")
DAY = timedelta(days=1)


def _publish_with_archive(store: Store) -> str:
    """Publish three stories, two of them in an archive document; returns the id of the second."""
    for minute in range(3):
        publish(store, f"S{minute}", "labor", minute=minute)
    store.lists.archive(2, NOW)
    return story_titled(store, "S1").id


def test_a_taken_down_story_leaves_every_list(store: Store) -> None:
    """Every list that had the story changes."""
    id_ = _publish_with_archive(store)
    scopes = (ALL, LABOR, LABOR.archive_page(1))
    assert store.lists.published_ids([id_, "0" * 16]) == {id_}
    before = {scope: store.lists.revision(scope).number for scope in scopes}

    store.stories.take_down(id_, "the outlet asks", NOW)

    for scope in (LABOR, ALL, source_scope("harbor")):
        assert titles(store.lists.latest(scope, 9)) == ["S2", "S0"]
    assert titles(store.lists.archive_page(LABOR, 1)) == ["S0"]
    assert store.lists.search(parse("S1").root, 9).stories == []
    assert list(store.entries.search(parse("S1").root)) == []
    assert store.stories.get(id_) is None
    assert store.stories.is_taken_down(id_)
    assert store.lists.published_ids([id_]) == set()
    assert id_ not in list(store.stories.ids())
    assert store.lists.counts()[ALL] == 2
    (one,) = store.stories.takedowns()
    assert (one.id, one.title, one.reason, one.taken_down_at) == (id_, "S1", "the outlet asks", NOW)
    assert one.url == "https://harbor.example/s1"
    assert all(store.lists.revision(scope).number > number for scope, number in before.items())


def test_a_tombstone_is_in_every_list_that_had_the_story(store: Store) -> None:
    """Lists and archive documents without the story have no tombstone."""
    store.stories.take_down(_publish_with_archive(store), "the outlet asks", NOW)

    for found in (
        store.lists.tombstones(LABOR),
        store.lists.tombstones(LABOR, 1),
        store.lists.tombstones(ALL),
    ):
        assert [(tombstone.public_id, tombstone.removed_at) for tombstone in found] == [
            ("https://harbor.example/?p=s1", NOW)
        ]
    assert store.lists.tombstones(COURTS) == []
    assert store.lists.tombstones(LABOR, 2) == []


def test_a_restored_story_returns_to_its_position(store: Store) -> None:
    """The tombstones of a restored story are gone."""
    id_ = _publish_with_archive(store)
    store.stories.take_down(id_, "the outlet asks", NOW)

    store.stories.restore(id_, NOW)

    assert titles(store.lists.latest(LABOR, 9)) == ["S2", "S1", "S0"]
    assert titles(store.lists.archive_page(LABOR, 1)) == ["S1", "S0"]
    assert (store.stories.takedowns(), store.lists.tombstones(LABOR)) == ([], [])
    assert not store.stories.is_taken_down(id_)


def test_a_takedown_outlives_duplicates_and_merges(store: Store) -> None:
    """A story stays down when it gets a duplicate or is merged into another."""
    stored = publish(store, "Cranes", "labor")
    store.stories.take_down(stored.id, "asked", NOW)
    found = store.entries.neighbourhood([stored.lead.entry_id])
    # neither published nor unlisted, so that duplicates join it
    assert (found.published_ids, found.unlisted_ids) == (frozenset(), frozenset())
    assert store.stories.taken_down_entries([stored.lead.entry_id]) == {stored.lead.entry_id}
    (id_,) = store.entries.next_ids(1)
    copy = entry("Cranes", "plains")
    match = Match(
        entry_a=stored.lead.entry_id, entry_b=id_, kind=MatchKind.TEXT, reason="same words"
    )
    joined = StoryChange(story=replace(stored, duplicates=(copy,)), listed_at=NOW, is_stored=True)
    save(store, joined, source="plains", matches=(match,))
    assert store.entries.source_ids([id_]) == {id_: "plains"}

    assert store.lists.latest(ALL, 9) == store.lists.latest(source_scope("plains"), 9) == []

    other = publish(store, "Ferries", minute=5)
    save(store, StoryChange(story=other, listed_at=NOW, is_stored=True, merged_ids=(stored.id,)))

    assert store.lists.latest(ALL, 9) == []
    assert store.stories.is_taken_down(stored.id)
    assert store.stories.is_taken_down(other.id)


def test_a_takedown_outlives_a_wrong_merge(store: Store) -> None:
    """After a split the taken-down story stays down and the other is published again."""
    private = publish(store, "Private matters")
    ferries = publish(store, "Ferries", minute=5, source="plains")
    store.stories.take_down(private.id, "asked", NOW)
    both = replace(ferries, duplicates=(private.lead,))
    save(store, StoryChange(story=both, listed_at=NOW, is_stored=True, merged_ids=(private.id,)))
    assert store.lists.latest(ALL, 9) == []
    assert store.lists.tombstones(ALL) != []

    alone = story(private.lead, id=private.id, public_id=private.lead.id)
    save(
        store,
        *(StoryChange(story=each, listed_at=NOW, is_stored=True) for each in (alone, ferries)),
    )

    assert titles(store.lists.latest(ALL, 9)) == ["Ferries"]
    assert [takedown.id for takedown in store.stories.takedowns()] == [private.id]
    assert store.stories.get(private.id) is None


def test_a_duplicate_of_a_takedown_is_never_published(store: Store) -> None:
    """The duplicate leaves no tombstone, and is restored with the original."""
    original = publish(store, "Cranes")
    store.stories.take_down(original.id, "asked", NOW)
    copy = change_of(entry("Cranes again", "plains", published=NOW))
    (saved,) = save(store, replace(copy, copy_of_takedown=original.id), source="plains")
    copied_id = saved.story.lead.entry_id

    assert store.lists.latest(ALL, 9) == []
    assert store.stories.is_taken_down(saved.story.id)
    assert [each.public_id for each in store.lists.tombstones(ALL)] == [original.public_id]
    assert store.stories.taken_down_entries([copied_id]) == set()

    store.stories.restore(original.id, NOW)

    assert set(titles(store.lists.latest(ALL, 9))) == {"Cranes", "Cranes again"}


def test_fingerprints_of_a_takedown_are_kept_forever(store: Store) -> None:
    """Other fingerprints are forgotten after the window."""
    for title, fingerprints in (("Cranes", (1, 2, 3)), ("Ferries", (4, 5, 6))):
        save_story(store, entry(title, "harbor", fingerprints=fingerprints))
    store.stories.take_down(story_titled(store, "Cranes").id, "asked", NOW)

    assert store.maintenance.forget_fingerprints(NOW + 99 * DAY, 500) == 1
    assert set(store.entries.ids_by_fingerprint({1, 4})) == {1}


def test_only_published_stories_can_be_taken_down(store: Store) -> None:
    """Taking down a held or unknown story changes nothing."""
    change = change_of(entry("Held", "harbor"))
    (saved,) = save(store, replace(change, is_held=True))

    for id_ in (saved.story.id, "nobody"):
        store.stories.take_down(id_, "asked", NOW)
        store.stories.restore(id_, NOW)

    assert store.stories.takedowns() == []
    assert titles(store.stories.held("harbor", 9)) == ["Held"]
