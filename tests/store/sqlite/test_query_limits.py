"""What one query looks at, and what one table keeps, is bounded however much is stored."""

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from aggregator.model import ALL, EntryKey, EntryKeyKind, Match, MatchKind, Rejected
from aggregator.query import parse
from aggregator.store.sqlite import SqliteStore
from aggregator.text.event_words import event_words
from tests.harness.builders import NOW, entry
from tests.harness.saving import publish, save, save_story, titles

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("words", ["cranes", "NOT strike"], ids=["by words", "without words"])
def test_a_search_looks_at_the_newest_stories(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    """An older story that would match is not found; without the limit it is."""
    for number in range(4):
        publish(store, f"Cranes {number}", minute=number)
    root = parse(words).root
    assert len(store.lists.search(root, 9).stories) >= 4
    monkeypatch.setattr("aggregator.store.sqlite.search.MAX_SEARCHED_STORIES", 2)

    assert titles(store.lists.search(root, 9).stories) == ["Cranes 3", "Cranes 2"]


def test_a_feed_has_the_newest_tombstones(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An outlet that asks for a thousand takedowns does not fill the feed."""
    monkeypatch.setattr("aggregator.store.sqlite.archives.MAX_TOMBSTONES", 2)
    for number in range(3):
        story = publish(store, f"Cranes {number}")
        store.stories.take_down(story.id, "the outlet asks", NOW + number * MINUTE)

    removed = [tombstone.removed_at for tombstone in store.lists.tombstones(ALL)]
    assert removed == [NOW + 2 * MINUTE, NOW + MINUTE]


def test_a_chain_of_matches_is_not_followed_for_ever(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entries that each match the next would otherwise all be read for one new entry."""
    ids = [save_story(store, entry(f"Link {n}", "harbor")).lead.entry_id for n in range(9)]
    chain = tuple(
        Match(entry_a=a, entry_b=b, kind=MatchKind.TEXT, reason="words") for a, b in pairwise(ids)
    )
    save(store, matches=chain)
    assert len(store.entries.neighbourhood({ids[0]}).stories) == 9
    monkeypatch.setattr("aggregator.store.sqlite.entries.MAX_NEIGHBOURS", 3)

    assert len(store.entries.neighbourhood({ids[0]}).stories) == 4


def test_rejections_of_a_source_are_limited(store: SqliteStore) -> None:
    """An outlet whose thousands of entries are all bad fills no table; the latest are kept."""

    def rejected(name: str) -> tuple[Rejected, ...]:
        return tuple(
            Rejected(key=EntryKey(EntryKeyKind.ID, f"{name} {n}"), title=name, reason="no link")
            for n in range(400)
        )

    for hour, name in enumerate(("old", "new")):
        save(store, rejected=rejected(name), now=NOW + timedelta(hours=hour))

    kept = store.sources.rejected("harbor", 9999)
    assert len(kept) == 500
    assert sum(each.title == "new" for each in kept) == 400


# ---- related stories


def _report(store: SqliteStore, title: str, summary: str) -> str:
    return save_story(store, entry(title, "harbor", summary=summary)).id


def _related_to(store: SqliteStore, id_: str) -> list[str]:
    story = store.stories.get(id_)
    assert story is not None
    return titles(store.stories.related(story, 9))


SHARK = "A shark killed a surfer in Santa Cruz."


@pytest.mark.parametrize(
    ("limit", "value"),
    [("RECENT_STORIES", 3), ("MAX_RELATED", 0)],
)  # fmt: skip
def test_related_stories_are_looked_for_nearby(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    """Neither far away in the archive, nor among all that have a word in common."""
    _report(store, "Surfer killed in shark attack", SHARK)
    for number in range(20):
        _report(store, f"Council meets on matter {number}", f"A vote on paragraph {number}.")
    assert _related_to(store, _report(store, "Shark kills surfer", SHARK)) == [
        "Surfer killed in shark attack"
    ]
    monkeypatch.setattr(f"aggregator.store.sqlite.related.{limit}", value)

    assert _related_to(store, _report(store, "Surfer dies of shark", SHARK)) == (
        ["Shark kills surfer"] if limit == "RECENT_STORIES" else []
    )


def test_common_words_relate_nothing(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """What many recent stories say tells no event, until they are old."""
    monkeypatch.setattr("aggregator.store.sqlite.related.COMMON_WORD_STORIES", 2)
    monkeypatch.setattr("aggregator.store.sqlite.related.COUNTED_STORIES", 10)
    monkeypatch.setattr("aggregator.store.sqlite.related.RECENT_STORIES", 30)
    reports = [_report(store, f"Shark kills surfer {number}", SHARK) for number in range(4)]

    assert [len(_related_to(store, report)) for report in reports] == [2, 2, 2, 0]
    for count, related in ((12, 0), (28, 1)):
        for number in range(count):
            matter = f"matter {count} of {number}"
            _report(store, f"Council meets on {matter}", f"A vote on {matter}.")
        last = _report(store, f"Shark kills surfer of {count}", SHARK)
        assert len(_related_to(store, last)) == related, count


def test_words_with_the_same_hash(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A headline with two words of the same CRC-32 is saved like any other."""
    monkeypatch.setattr("aggregator.store.sqlite.related.COUNTED_STORIES", 1)
    colliding = "jmuzvgsyz and ckvdpyjfm"
    assert len(event_words(colliding, "")) == 1

    ids = [_report(store, f"{colliding} {title}", SHARK) for title in ("attacked", "bitten")]

    assert _related_to(store, ids[1]) == [f"{colliding} attacked"]


def test_words_of_old_stories_are_dropped(
    store: SqliteStore, query: Callable[..., list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The words by which related stories are found do not grow with the archive."""
    monkeypatch.setattr("aggregator.store.sqlite.related.RECENT_STORIES", 6)
    monkeypatch.setattr("aggregator.store.sqlite.related.COUNTED_STORIES", 4)
    for number in range(20):
        _report(store, f"Council meets on matter {number}", f"A vote on paragraph {number}.")

    [(kept,)] = query("select count(*) from story_event_words")
    assert 6 <= kept < 6 + 4


def test_related_stories_are_found_by_few_words(store: SqliteStore) -> None:
    """Of a summary of a thousand words, the first are read."""
    _report(store, "Surfer killed in shark attack", SHARK)
    padded = _report(
        store, "Verdict expected tomorrow", f"{'A vote on a paragraph. ' * 99} {SHARK}"
    )

    assert _related_to(store, padded) == []
