"""Stories: saved, joined by duplicates, merged, revised, held, related, and purged."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from aggregator.model import (
    ALL,
    ALL_STORY_PAGES,
    EntryKey,
    EntryKeyKind,
    Placement,
    PlacementChange,
    Story,
    StoryChange,
    source_scope,
    story_scope,
    topic_scope,
)
from aggregator.store.base import Store
from tests.harness.builders import NOW, at, entry, source, story
from tests.harness.saving import (
    change_of,
    number_of,
    publish,
    revise,
    save,
    save_story,
    story_titled,
    titles,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LABOR = topic_scope("labor")


def test_a_story_is_read_as_it_was_saved(store: Store) -> None:
    """A story is read as it was saved, except for the keys of its entries."""
    cranes = entry("Cranes", "harbor", tags=("Ports",), author="Desk", image="https://h/x.jpg")
    save(store, change_of(cranes, "labor"))

    (read,) = store.lists.latest(ALL, 10)

    assert read == story(replace(cranes, keys=()), topics=("labor",))
    assert store.stories.get(read.id) == read
    assert store.stories.placement_sentences(read.id) == {"labor": "because labor"}
    assert store.stories.placements(read.id) == [Placement(topic="labor", reason="because labor")]
    assert list(store.stories.ids()) == [read.id]


def test_an_unknown_story_is_not_found(store: Store) -> None:
    """An unknown id has no story, placements or takedown."""
    assert store.stories.get("nobody") is None
    assert store.stories.placement_sentences("nobody") == {}
    assert store.stories.merged_into("nobody") == ""
    assert not store.stories.is_taken_down("nobody")
    assert store.stories.existing_public_ids({"nobody"}) == set()


# ---- duplicates


def test_a_duplicate_joins_its_story(store: Store) -> None:
    """The story keeps its id and position; the lists of both outlets have it and have changed."""
    lead = entry("Cranes", "harbor")
    save(store, change_of(lead))
    (id_,) = store.entries.ids_by_url({lead.canonical_url})[lead.canonical_url]
    (stored,) = store.entries.neighbourhood({id_}).stories
    copy = entry("Cranes!", "plains", canonical_url=lead.canonical_url)
    grown = replace(stored, duplicates=(copy,), reasons=("plains: same address",))
    before = store.lists.revision(source_scope("harbor")).number

    change = StoryChange(story=grown, listed_at=NOW, is_stored=True)
    save(store, change, source="plains", now=NOW + HOUR)

    (read,) = store.lists.latest(source_scope("plains"), 10)
    assert (read.id, read.lead.title) == (stored.id, "Cranes")
    assert [e.title for e in read.duplicates] == ["Cranes!"]
    assert read.reasons == ("plains: same address",)
    assert store.lists.revision(source_scope("harbor")).number == before + 1
    assert store.lists.counts()[ALL] == 1


def test_a_merged_story_leads_to_the_other(store: Store) -> None:
    """The merged story leaves every list; its ids are never reused."""
    one, two = (save_story(store, entry(t, o)) for t, o in (("A", "harbor"), ("B", "plains")))
    grown = replace(one, duplicates=(two.lead,))
    save(store, StoryChange(story=grown, listed_at=NOW, is_stored=True, merged_ids=(two.id,)))

    assert store.lists.counts()[ALL] == 1
    assert (store.stories.merged_into(two.id), store.stories.merged_into(one.id)) == (one.id, "")
    assert store.stories.get(two.id) is None
    (listed,) = store.lists.latest(source_scope("plains"), 5)
    assert [e.title for e in listed.entries] == ["A", "B"]
    assert store.stories.existing_public_ids({two.public_id}) == {two.public_id}
    assert set(store.stories.ids()) == {one.id, two.id}
    (former,) = store.entries.neighbourhood({one.lead.entry_id}).merged_stories
    assert (former.id, former.lead.title) == (two.id, "B")
    assert store.maintenance.check(NOW) == []


def test_a_split_story_is_listed_again(store: Store) -> None:
    """A split story has its own id again and no longer leads to another."""
    one, two = (save_story(store, entry(t, o)) for t, o in (("A", "harbor"), ("B", "plains")))
    grown = replace(one, duplicates=(two.lead,))
    save(store, StoryChange(story=grown, listed_at=NOW, is_stored=True, merged_ids=(two.id,)))

    save(store, *(StoryChange(story=each, listed_at=NOW, is_stored=True) for each in (one, two)))

    assert {each.id for each in store.lists.latest(ALL, 9)} == {one.id, two.id}
    assert store.stories.merged_into(two.id) == ""


# ---- revisions


def test_a_revised_entry_keeps_its_position(store: Store) -> None:
    """Title and topics change; id, date and order do not."""
    key = EntryKey(EntryKeyKind.ID, "1")
    lead = entry("Mayor wins", "harbor", keys=(key,))
    save(store, change_of(lead, "labor"))
    id_ = store.entries.by_keys("harbor", {key})[key].entry_id
    stored = store.entries.stories({id_})[id_]
    later = entry("Mayor loses", "harbor", published=NOW, keys=(key,), entry_id=id_)
    change = StoryChange(
        story=replace(stored, lead=later, updated=NOW + HOUR),
        placements=(Placement(topic="policing", reason="rule"),),
        listed_at=NOW,
        revised_entry_id=id_,
    )

    save(store, revised=(change,), now=NOW + HOUR)

    (read,) = store.lists.latest(ALL, 10)
    assert (read.id, read.lead.title, read.published) == (stored.id, "Mayor loses", lead.published)
    assert read.updated == NOW + HOUR
    assert store.lists.latest(LABOR, 10) == []
    assert store.lists.revision(LABOR).number == 2
    assert titles(store.lists.latest(topic_scope("policing"), 10)) == ["Mayor loses"]


def test_two_revised_entries_of_one_story_are_both_saved(store: Store) -> None:
    """The second revision does not undo the first, and match reasons are kept."""
    stored = publish(store, "Mayor wins")
    changed = replace(stored, updated=NOW + HOUR, reasons=("both have it",))
    revised = tuple(
        StoryChange(
            story=replace(changed, updated=updated),
            listed_at=NOW,
            revised_entry_id=stored.lead.entry_id,
        )
        for updated in (NOW + HOUR, stored.updated)
    )

    save(store, revised=revised, now=NOW + HOUR)

    (read,) = store.lists.latest(ALL, 10)
    assert (read.updated, read.reasons) == (NOW + HOUR, ("both have it",))


# ---- related stories


def test_related_stories_share_rare_words(store: Store) -> None:
    """Related stories appeared within days of each other; no story is related to itself."""

    def report(title: str, outlet: str, summary: str, days: int = 0) -> Story:
        published = at("2026-10-05 10:00") - timedelta(days=days)
        return save_story(store, entry(title, outlet, summary=summary, published=published))

    for number in range(20):
        report(f"Council meets on matter {number}", "harbor", f"A vote on paragraph {number}.")
    one = report(
        "Surfer killed in shark attack", "harbor", "A shark killed a surfer in Santa Cruz."
    )
    two = report("Shark kills surfer", "plains", "The surfer died in Santa Cruz of a shark attack.")
    report("Surfer killed by shark", "plains", "A shark killed a surfer in Santa Cruz.", days=30)

    assert [s.id for s in store.stories.related(one, 5)] == [two.id]
    assert [s.id for s in store.stories.related(two, 5)] == [one.id]


def test_unusual_words_in_a_title_do_not_break_related(store: Store) -> None:
    """Related stories can be found for any headline."""
    for number, word in enumerate(("foo_bar", '"', "NEAR(", "c++", "٢٠٢٦", "ǅungla", "𐐷𐐷𐐷𐐷", "*")):
        odd = entry(f"A {word} of {number}", "harbor", summary=f"@{word}_x {word}")
        stored = save_story(store, odd)
        assert stored.id not in {other.id for other in store.stories.related(stored, 5)}


# ---- held and old stories


def _hold(store: Store, title: str) -> None:
    change = change_of(entry(title, "harbor"), "labor")
    save(store, replace(change, is_held=True))


def test_held_stories_are_listed_after_release(store: Store) -> None:
    """Held stories are in no list until they are released."""
    for title in ("A", "B"):
        _hold(store, title)
    publish(store, "C")

    assert titles(store.lists.latest(ALL, 9)) == ["C"]
    assert store.lists.counts() == {ALL: 1, source_scope("harbor"): 1}
    assert set(titles(store.stories.held("harbor", 9))) == {"A", "B"}
    assert len(store.stories.held("harbor", 1)) == 1
    assert store.stories.held("plains", 9) == []

    assert store.stories.release("harbor", NOW) == 2

    assert set(titles(store.lists.latest(LABOR, 9))) == {"A", "B"}
    assert store.stories.held("harbor", 9) == []
    assert store.stories.release("harbor", NOW) == 0


def test_dropped_stories_are_never_published(store: Store) -> None:
    """The entries of dropped stories stay known."""
    _hold(store, "A")
    publish(store, "B")

    assert store.stories.drop("harbor") == 1

    assert store.stories.release("harbor", NOW) == 0
    assert titles(store.lists.latest(ALL, 9)) == ["B"]
    published = {known.title: known.is_published for known in store.entries.latest("harbor", 9)}
    assert published == {"A": False, "B": True}


def test_old_stories_are_purged_from_every_list(store: Store) -> None:
    """A purge changes the lists that had the story; other stories stay."""
    old = publish(store, "Old", "labor", minute=-40 * 24 * 60)
    publish(store, "New", "labor")
    before = store.lists.revision(LABOR).number

    assert store.stories.purge(30 * DAY, NOW) == 1

    assert titles(store.lists.latest(LABOR, 9)) == ["New"]
    assert store.stories.get(old.id) is None
    assert store.lists.revision(LABOR).number == before + 1
    found = store.entries.neighbourhood({old.lead.entry_id})
    assert found.unlisted_ids == {old.id}
    assert store.stories.existing_public_ids({old.public_id}) == {old.public_id}
    assert store.stories.purge(30 * DAY, NOW) == 0


def test_a_clock_that_is_ahead_purges_nothing(store: Store) -> None:
    """A purge counts from what outlets have published lately."""
    for minute in range(21):
        publish(store, f"S{minute}", minute=minute)

    assert store.stories.purge(30 * DAY, NOW + 365 * DAY) == 0


# ---- pages of stories


SURFER = "A shark killed a surfer in Santa Cruz."


def test_a_story_page_changes_with_what_it_shows(store: Store) -> None:
    """The page of a story changes with the story and those that it is related to, with no other."""
    shark = save_story(store, entry("Surfer killed in shark attack", "harbor", summary=SURFER))
    page = (story_scope(shark.id), ALL_STORY_PAGES)

    def changes(change: Callable[[], object]) -> bool:
        before = store.lists.revision(*page)
        change()
        return store.lists.revision(*page).number > before.number

    assert not changes(lambda: publish(store, "News", "labor"))
    news = story_titled(store, "News")
    assert not changes(lambda: store.stories.take_down(news.id, "asked", NOW))

    assert changes(lambda: save_story(store, entry("Shark kills surfer", "plains", summary=SURFER)))
    other = story_titled(store, "Shark kills surfer")
    first = PlacementChange(story_number=number_of(store, shark), topic="labor", placement=None)
    assert changes(lambda: store.stories.take_down(other.id, "asked", NOW))
    assert changes(lambda: store.stories.restore(other.id, NOW))
    assert changes(lambda: store.stories.edit(other.id, "Ours", "", NOW + HOUR))
    assert changes(lambda: revise(store, other, title="Council meets", summary="A vote."))
    assert store.stories.related(shark, 5) == []
    third = save_story(store, entry("Surfer and shark", "plains", summary=SURFER))
    assert titles(store.stories.related(third, 5)) == ["Surfer killed in shark attack"]
    assert not changes(lambda: store.stories.edit(other.id, "Ours again", "", NOW + HOUR))
    renamed = [source("harbor", name="Another name"), source("plains")]
    assert changes(lambda: store.sources.sync(renamed, NOW))
    assert changes(lambda: store.topics.recategorize([first], (), NOW))


def test_a_merged_story_leaves_what_it_was_related_to(store: Store) -> None:
    """Its target is related instead; a held story once it is released."""
    shark = save_story(store, entry("Surfer killed in shark attack", "harbor", summary=SURFER))
    other = save_story(store, entry("Shark kills surfer", "plains", summary=SURFER))
    target = save_story(store, entry("Cranes", "plains"))
    cranes = story(target.lead, other.lead, id=target.id)
    merged = StoryChange(
        story=cranes, is_stored=True, listed_at=NOW, placements=(), merged_ids=(other.id,)
    )
    save(store, merged)
    held = change_of(entry("Surfer and shark", "plains", summary=SURFER))
    save(store, replace(held, is_held=True))

    assert titles(store.stories.related(shark, 5)) == ["Cranes"]
    assert titles(store.stories.related(cranes, 5)) == ["Surfer killed in shark attack"]
    store.stories.release("plains", NOW)
    assert titles(store.stories.related(shark, 5)) == ["Surfer and shark", "Cranes"]


def test_pages_of_merged_stories_follow_their_target(store: Store) -> None:
    """They redirect to it, unless it is taken down."""
    other = save_story(store, entry("Shark kills surfer", "plains", summary=SURFER))
    target = save_story(store, entry("Cranes", "harbor"))
    both = story(target.lead, other.lead, id=target.id)
    merged = StoryChange(
        story=both, is_stored=True, listed_at=NOW, placements=(), merged_ids=(other.id,)
    )
    save(store, merged)

    before = store.lists.revision(story_scope(other.id)).number
    store.stories.take_down(target.id, "asked", NOW)
    down = store.lists.revision(story_scope(other.id)).number
    store.stories.restore(target.id, NOW)
    assert before < down < store.lists.revision(story_scope(other.id)).number


def test_purged_stories_are_related_to_nothing(store: Store) -> None:
    """Neither to those that were related to them nor to new ones."""
    for minute in range(30):
        publish(store, f"Council meets on matter {minute}", minute=40 * 24 * 60 + minute)
    old = save_story(store, entry("Surfer killed in shark attack", "harbor", summary=SURFER))
    shark = save_story(store, entry("Shark kills surfer", "plains", summary=SURFER))
    assert titles(store.stories.related(shark, 5)) == [old.title]
    assert store.stories.purge(30 * DAY, NOW + 40 * DAY) >= 2

    assert store.stories.related(shark, 5) == []
    third = save_story(store, entry("Surfer and shark", "plains", summary=SURFER))
    assert store.stories.related(third, 5) == []


def test_the_sites_own_words(store: Store) -> None:
    """They are an update of the story and of every list that has it; the same ones again are not,
    and neither are those for a story that is not published."""
    publish(store, "S", "labor")
    before, id_ = store.lists.revision(ALL).number, story_titled(store, "S").id
    later = NOW + timedelta(hours=1)
    store.stories.edit(id_, "Ours", "A note.", later)
    store.stories.edit("f" * 16, "Ours", "A note.", later)

    found = store.stories.get(id_)
    assert found is not None
    assert (found.title, found.editor_note, found.updated) == ("Ours", "A note.", later)
    assert store.lists.latest(topic_scope("labor"), 1)[0].title == "Ours"
    number = store.lists.revision(ALL).number
    assert number == before + 1
    store.stories.edit(id_, "Ours", "A note.", later + timedelta(hours=1))
    assert store.lists.revision(ALL).number == number
