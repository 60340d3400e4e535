"""Entries: saving, recognising, finding by fingerprint, and matching."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator.errors import StoreError
from aggregator.model import (
    ALL,
    Enclosure,
    EntryCounts,
    EntryKey,
    EntryKeyKind,
    FetchState,
    Match,
    MatchKind,
    StoryChange,
    Validators,
    short_hash,
)
from aggregator.store.base import Store
from tests.harness.builders import NOW, entry, story
from tests.harness.saving import change_of, publish, revise, save, save_story, titles

HOUR = timedelta(hours=1)
ID, URL = EntryKey(EntryKeyKind.ID, "1"), EntryKey(EntryKeyKind.URL, "h/1")


def test_an_entry_comes_back_as_it_was(store: Store, open_again: Callable[[], Store]) -> None:
    """An entry is read as it was saved, except for its keys and fingerprints."""
    saved = entry(
        "Cranes", "harbor", tags=("Ports", "Häfen"), author="Desk", image="https://h.example/x.jpg",
        enclosures=(Enclosure(url="https://h.example/a.mp3", type="audio/mpeg", length=7),),
        source_urls=("plains.example/cranes",), is_dated=False, fingerprints=(1, 2), feed_index=4,
    )  # fmt: skip
    id_ = save_story(store, saved).lead.entry_id

    read = open_again().entries.stories([id_])[id_].lead

    assert read == replace(saved, keys=(), fingerprints=())
    assert read.entry_id == id_


def test_entries_are_known_by_their_hashes(store: Store) -> None:
    """By the first 8 bytes of what was given; those that were stored last, of one source."""
    hashes = [number * "0123456789abcdef"[number] + "f" * (24 - number) for number in range(1, 5)]
    ids = [
        save_story(store, entry(text, source, raw_hash=text)).lead.entry_id
        for text, source in zip(hashes, ["harbor", "plains", "harbor", "harbor"], strict=True)
    ]

    known = store.entries.short_hashes("harbor", 2)

    assert known == {short_hash(hashes[2]): ids[2], short_hash(hashes[3]): ids[3]}
    assert store.entries.short_hashes("nobody", 9) == {}


def test_a_transaction_is_saved_as_a_whole(store: Store, open_again: Callable[[], Store]) -> None:
    """What several calls write inside is undone together; a part that fails, alone."""
    _save_and_fail(store)
    assert titles(open_again().lists.latest(ALL, 9)) == []

    with store.transaction():
        save_story(store, entry("Kept", "harbor"))
        _save_and_fail(store)
        assert titles(open_again().lists.latest(ALL, 9)) == []

    assert titles(open_again().lists.latest(ALL, 9)) == ["Kept"]


def _save_and_fail(store: Store) -> None:
    with suppress(ZeroDivisionError), store.transaction():
        save_story(store, entry("Lost", "harbor"))
        raise ZeroDivisionError


def test_new_entry_ids_are_unique(store: Store) -> None:
    """New ids are positive, consecutive, and never reused."""
    first = store.entries.next_ids(2)
    assert (len(first), first[1] - first[0]) == (2, 1)
    assert first[0] > 0
    save(store, *(change_of(entry(t, "harbor", entry_id=0)) for t in ("A", "B")))

    assert not set(store.entries.next_ids(9)) & set(first)
    assert list(store.entries.next_ids(0)) == []


def test_a_batch_is_saved_completely_or_not_at_all(store: Store) -> None:
    """If one story cannot be saved, nothing else is, not even the validators."""
    good, bad = change_of(entry("Good", "harbor")), change_of(entry("Bad", "harbor"))
    bad = replace(bad, story=replace(bad.story, public_id=good.story.public_id))
    state = FetchState(validators=Validators(etag='"new"'))

    with pytest.raises(Exception, match="public_id") as caught:
        save(store, good, bad, state=state)

    assert not isinstance(caught.value, StoreError)  # a bug of ours, not an error of the database
    assert store.lists.latest(ALL, 10) == []
    assert store.sources.fetch_state("harbor").validators.etag == ""


# ---- recognising


def test_an_entry_is_found_by_any_of_its_keys(store: Store) -> None:
    """Keys are looked up within one source only."""
    saved = entry("Cranes", "harbor", keys=(ID, URL))
    id_ = save_story(store, saved).lead.entry_id

    found = store.entries.by_keys("harbor", {ID, URL, EntryKey(EntryKeyKind.ID, "2")})

    assert set(found) == {ID, URL}
    assert found[ID] == found[URL]
    stored = found[ID]
    assert (stored.entry_id, stored.raw_hash) == (id_, saved.raw_hash)
    assert (stored.content_hash, stored.id, stored.url) == (saved.content_hash, saved.id, saved.url)
    assert (stored.title, stored.published) == (saved.title, saved.published)
    assert (stored.revision_count, stored.revised_at, stored.is_published) == (0, None, True)
    assert store.entries.by_keys("plains", {ID}) == {}


def test_a_key_matches_only_its_own_kind(store: Store) -> None:
    """An id is not found as a title."""
    save_story(store, entry("Cranes", "harbor", keys=(EntryKey(EntryKeyKind.ID, "x"),)))

    assert store.entries.by_keys("harbor", {EntryKey(EntryKeyKind.TITLE, "x")}) == {}


def test_many_keys_are_looked_up_at_once(store: Store) -> None:
    """More keys can be looked up than a database accepts in one statement."""
    keys = {EntryKey(EntryKeyKind.ID, str(number)) for number in range(70_000)}

    assert store.entries.by_keys("harbor", keys) == {}


def test_a_moved_entry_gets_additional_keys(store: Store) -> None:
    """A moved entry is found by its old and new keys; another entry keeps its own."""
    first = save_story(store, entry("A", "harbor", keys=(ID,))).lead.entry_id
    second = save_story(store, entry("B", "harbor", keys=(URL,))).lead.entry_id
    moved = EntryKey(EntryKeyKind.URL, "h/moved")

    save(store, keys=((first, (moved, URL)),))

    found = store.entries.by_keys("harbor", {ID, URL, moved})
    assert {key: stored.entry_id for key, stored in found.items()} == {
        ID: first, moved: first, URL: second,
    }  # fmt: skip


def test_a_new_raw_hash_is_remembered(store: Store) -> None:
    """A change in unpublished fields updates the hash and is not a revision."""
    id_ = save_story(store, entry("A", "harbor", keys=(ID,))).lead.entry_id

    save(store, unchanged_hashes=((id_, "other"),))

    stored = store.entries.by_keys("harbor", {ID})[ID]
    assert (stored.raw_hash, stored.revision_count) == ("other", 0)


def test_a_revision_is_counted(store: Store) -> None:
    """An entry has a count of its revisions, and the time of the last one."""
    stored = save_story(store, entry("A", "harbor", keys=(ID,)))

    revise(store, stored, title="B", now=NOW + HOUR)

    known = store.entries.by_keys("harbor", {ID})[ID]
    assert (known.title, known.revision_count, known.revised_at) == ("B", 1, NOW + HOUR)


def test_the_latest_entries_are_those_stored_last(store: Store) -> None:
    """Entries are ordered by when they were stored, whatever their dates."""
    saved = [publish(store, t, minute=-m).lead.entry_id for m, t in enumerate("ABC")]
    publish(store, "Elsewhere", source="plains")

    found = store.entries.latest("harbor", 2)

    assert [(stored.entry_id, stored.title) for stored in found] == [
        (saved[2], "C"), (saved[1], "B"),
    ]  # fmt: skip


def test_an_entry_of_a_purged_story_is_recognised(store: Store) -> None:
    """The entry of a purged story is known, so that it is not published again."""
    save_story(store, entry("A", "harbor", keys=(ID,)))
    store.stories.purge(timedelta(days=1), NOW + timedelta(days=9))

    assert not store.entries.by_keys("harbor", {ID})[ID].is_published


def test_entries_are_found_by_url_in_all_sources(store: Store) -> None:
    """Up to 40 entries are found, oldest first; an empty URL finds none."""
    a, b = (
        save_story(store, entry(o, o, canonical_url="wire.example/1")).lead.entry_id
        for o in ("harbor", "plains")
    )
    saved = save(
        store, *(change_of(entry(f"C{n}", "harbor", canonical_url="w/2")) for n in range(41))
    )
    last = saved[-1].story.lead.entry_id
    publish(store, "Without", canonical_url="")

    found = store.entries.ids_by_url({"wire.example/1", "w/2", "w/3", ""})

    assert found["wire.example/1"] == [a, b]
    assert (len(found["w/2"]), found["w/2"][-1]) == (40, last)
    assert set(found) == {"wire.example/1", "w/2"}


def test_unknown_entries_have_no_source_and_no_story(store: Store) -> None:
    """Ids that do not exist are left out."""
    saved = [save_story(store, entry(outlet, outlet)) for outlet in ("harbor", "plains")]
    a, b = (each.lead.entry_id for each in saved)

    assert store.entries.source_ids({a, b, 999}) == {a: "harbor", b: "plains"}
    assert store.entries.stories({a, 999}) == {a: saved[0]}


# ---- fingerprints


def test_entries_are_found_by_fingerprint_until_it_is_forgotten(store: Store) -> None:
    """The oldest fingerprints are forgotten first."""
    one = save_story(store, entry("One", "harbor", fingerprints=(5, 1 << 47)))
    two = save_story(store, entry("Two", "plains", fingerprints=(5,)))
    ids = [one.lead.entry_id, two.lead.entry_id]

    assert store.entries.ids_by_fingerprint({5, 1 << 47, 9}) == {5: ids, 1 << 47: ids[:1]}
    assert store.maintenance.forget_fingerprints(NOW, 10) == 0
    assert store.maintenance.forget_fingerprints(NOW + HOUR, 1) == 1
    assert store.entries.ids_by_fingerprint({5, 1 << 47}) == {5: ids[1:]}


def test_a_revised_entry_is_found_by_its_new_fingerprints(store: Store) -> None:
    """A stub is found by its new words, unless its fingerprints were forgotten already."""
    stored = save_story(store, entry("One", "harbor", fingerprints=(5, 6)))
    for fingerprints, expected in (((6, 7), {6, 7}), ((8,), set())):
        revise(store, stored, fingerprints=fingerprints)

        assert set(store.entries.ids_by_fingerprint({5, 6, 7, 8})) == expected
        store.maintenance.forget_fingerprints(NOW + HOUR, 10)


# ---- matches


def _two_entries(store: Store) -> tuple[int, int]:
    """The ids of two entries, one of each outlet."""
    a, b = (save_story(store, entry(t, o)) for t, o in (("A", "harbor"), ("B", "plains")))
    return a.lead.entry_id, b.lead.entry_id


def test_a_neighbourhood_contains_matched_stories_only(store: Store) -> None:
    """The neighbourhood has all entries of matched stories, and no other story."""
    a, b = _two_entries(store)
    stories = [store.entries.stories([id_])[id_] for id_ in (a, b)]
    unrelated = save_story(store, entry("C", "harbor")).lead.entry_id
    match = Match(entry_a=a, entry_b=b, kind=MatchKind.TEXT, score=0.5, reason="words")
    save(store, matches=(match,))

    found = store.entries.neighbourhood({b})

    assert [each.id for each in found.stories] == [each.id for each in stories]
    assert found.matches == (match,)
    assert found.published_ids == {each.id for each in stories}
    assert store.entries.neighbourhood({unrelated}).matches == ()
    assert store.entries.neighbourhood(()).stories == ()


def test_a_neighbourhood_follows_several_matches(store: Store) -> None:
    """Matches are followed from one story to the next, through all entries."""
    a, b = _two_entries(store)
    joined = story(entry("C", "plains"), entry("D", "harbor"), listed_at=NOW)
    (both,) = save(store, StoryChange(story=joined, listed_at=NOW))
    c, d = (each.entry_id for each in both.story.entries)
    matches = tuple(
        Match(entry_a=one, entry_b=other, kind=MatchKind.TITLE) for one, other in ((a, c), (b, d))
    )
    save(store, matches=matches)

    found = store.entries.neighbourhood({a})

    assert {each.entry_id for one in found.stories for each in one.entries} == {a, b, c, d}
    assert set(found.matches) == set(matches)


def test_a_decision_outlives_later_evidence(store: Store) -> None:
    """Only another decision replaces an operator's decision."""
    a, b = _two_entries(store)

    def kept_entry(kind: MatchKind) -> MatchKind:
        save(store, matches=(Match(entry_a=a, entry_b=b, kind=kind),))
        return store.entries.neighbourhood({a, b}).matches[0].kind

    kinds = (MatchKind.TEXT, MatchKind.SPLIT, MatchKind.ADDRESS, MatchKind.MERGED)
    assert [kept_entry(kind) for kind in kinds] == [
        MatchKind.TEXT, MatchKind.SPLIT, MatchKind.SPLIT, MatchKind.MERGED,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "is_kept"),
    [(MatchKind.TEXT, False), (MatchKind.SPLIT, True), (MatchKind.MERGED, True)],
)
def test_a_dropped_match_is_deleted_unless_an_operator_made_it(
    store: Store, kind: MatchKind, is_kept: bool
) -> None:
    """Evidence is dropped; an operator's decision stays."""
    a, b = _two_entries(store)
    save(store, matches=(Match(entry_a=a, entry_b=b, kind=kind),))

    save(store, dropped_matches={(a, b)})

    assert bool(store.entries.neighbourhood({a}).matches) is is_kept


def test_newest_matches_exclude_splits(store: Store) -> None:
    """The newest matches come first; splits are not matches."""
    a, b = _two_entries(store)
    c = save_story(store, entry("C", "harbor")).lead.entry_id
    texts = [Match(entry_a=x, entry_b=y, kind=MatchKind.TEXT) for x, y in ((a, b), (a, c))]
    split = Match(entry_a=b, entry_b=c, kind=MatchKind.SPLIT)
    save(store, matches=(*texts, split))

    assert store.entries.newest_matches(9) == [texts[1], texts[0]]
    assert store.entries.newest_matches(1) == [texts[1]]


def test_counts_balance_over_several_fetches(store: Store) -> None:
    """The sum of all fetches balances."""
    publish(store, "A")
    save(store, counts=EntryCounts(received=3, known=1, rejected=2))

    assert store.maintenance.check(NOW) == []
