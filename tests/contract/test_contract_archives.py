"""Archive documents (RFC 5005): filled once and for good, with numbers that are never reused."""

from datetime import timedelta

import pytest

from aggregator.model import ALL, Placement, PlacementChange, topic_scope
from aggregator.store.base import Store
from tests.harness.builders import NOW, entry, source
from tests.harness.saving import change_of, number_of, publish, revise, save, story_titled, titles

LABOR = topic_scope("labor")
FIRST_PAGE = LABOR.archive_page(1)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def _publish_numbered(store: Store, count: int, topic: str = "labor") -> None:
    for minute in range(count):
        publish(store, f"S{minute}", topic, minute=minute)


def _page(store: Store, page: int) -> list[str]:
    return titles(store.lists.archive_page(LABOR, page))


def test_archive_documents_fill_in_order_and_never_change(store: Store) -> None:
    """Stories fill documents in order of arrival; only full documents are closed."""
    _publish_numbered(store, 5)
    closed = store.lists.archive(2, NOW)

    assert closed == 2 * 3  # of the topic, of the outlet, of all
    assert store.lists.archive_range(LABOR) == (1, 2)
    assert _page(store, 1) == ["S1", "S0"]
    assert _page(store, 2) == ["S3", "S2"]
    before = store.lists.revision(FIRST_PAGE)
    assert store.lists.revisions()[FIRST_PAGE] == before
    publish(store, "S5", "labor", minute=5)
    assert store.lists.archive(2, NOW) == 3
    assert _page(store, 3) == ["S5", "S4"]
    assert store.lists.revision(FIRST_PAGE) == before
    assert store.lists.archive_range(LABOR) == (1, 3)


def test_a_document_of_long_texts_has_fewer_stories(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A document is closed before its texts exceed what one may have; a longer text is alone."""
    monkeypatch.setattr("aggregator.store.sqlite.archives.MAX_TEXT_CHARS", 100)
    store.sources.sync([source("harbor")], NOW)
    for number, length in enumerate((40, 40, 40, 300, 10, 10, 10, 10, 10)):
        content = "x" * length
        one = entry(f"S{number}", "harbor", content=content, published=NOW + number * MINUTE)
        save(store, change_of(one), source="harbor")
    store.lists.archive(4, NOW)

    pages = [titles(store.lists.archive_page(ALL, page)) for page in range(1, 6)]
    assert pages == [["S1", "S0"], ["S2"], ["S3"], ["S7", "S6", "S5", "S4"], []]


def test_an_unchanged_list_closes_no_document(store: Store) -> None:
    """A list that has not changed is not checked again, unless documents become smaller."""
    _publish_numbered(store, 3)
    store.lists.archive(5, NOW)
    assert store.lists.archive(5, NOW) == 0

    assert store.lists.archive(2, NOW) == 3
    assert _page(store, 1) == ["S1", "S0"]


def test_document_numbers_are_never_reused(store: Store) -> None:
    """Takedowns and purges leave the numbers of other documents unchanged."""
    _publish_numbered(store, 4)
    store.lists.archive(2, NOW)
    for title in ("S2", "S3"):
        store.stories.take_down(story_titled(store, title).id, "asked", NOW)
    publish(store, "S4", "labor", minute=4)
    publish(store, "S5", "labor", minute=5)
    store.lists.archive(2, NOW)
    assert store.lists.archive_range(LABOR) == (1, 3)
    assert _page(store, 2) == []
    assert _page(store, 3) == ["S5", "S4"]
    for takedown in store.stories.takedowns():
        store.stories.restore(takedown.id, NOW)
    assert _page(store, 2) == ["S3", "S2"]

    store.stories.purge(timedelta(minutes=1), NOW + 9 * DAY)

    (oldest, newest) = store.lists.archive_range(LABOR)
    assert (oldest > 1 or oldest == 0, newest) == (True, 3)
    publish(store, "S6", "labor", minute=20_000)
    publish(store, "S7", "labor", minute=20_001)
    store.lists.archive(2, NOW)
    assert store.lists.archive_range(LABOR)[1] == 4


def test_many_documents_are_closed_at_once(store: Store) -> None:
    """Documents are closed in order, however many transactions that takes."""
    _publish_numbered(store, 11)

    assert store.lists.archive(2, NOW) == 3 * 5
    assert [_page(store, page) for page in (1, 5)] == [["S1", "S0"], ["S9", "S8"]]


def test_a_purged_tombstone_changes_its_documents(store: Store) -> None:
    """Cached documents are rendered again when a story is too old to be kept."""
    publish(store, "S0", "labor", minute=-100 * 24 * 60)
    publish(store, "S1", "labor", minute=1)
    publish(store, "S2", "labor", minute=2)
    store.lists.archive(2, NOW)
    store.stories.take_down(story_titled(store, "S0").id, "asked", NOW)
    assert len(store.lists.tombstones(LABOR, 1)) == 1
    before = {scope: store.lists.revision(scope).number for scope in (LABOR, FIRST_PAGE)}

    store.stories.purge(30 * DAY, NOW)

    assert store.lists.tombstones(LABOR) == []
    assert all(store.lists.revision(scope).number > number for scope, number in before.items())


def test_an_old_story_placed_late_joins_the_next_document(store: Store) -> None:
    """Earlier documents stay as they are, and an old story does not wait for newer ones."""
    publish(store, "Old")
    for minute in range(1, 4):
        publish(store, f"S{minute}", "labor", minute=minute)
    store.lists.archive(2, NOW)
    old = number_of(store, story_titled(store, "Old"))
    placement = Placement(topic="labor", reason="by an operator")
    change = PlacementChange(story_number=old, topic="labor", placement=placement)
    store.topics.recategorize([change], (), NOW)
    store.lists.archive(2, NOW)

    assert _page(store, 1) == ["S2", "S1"]
    assert _page(store, 2) == ["S3", "Old"]


def test_a_corrected_story_changes_its_archive_document(store: Store) -> None:
    """Stories stay in their document, but a corrected one reads differently there too."""
    _publish_numbered(store, 2)
    store.lists.archive(2, NOW)
    before = store.lists.revision(FIRST_PAGE).number

    revise(store, story_titled(store, "S0"), "labor", title="S0, corrected")

    assert store.lists.revision(FIRST_PAGE).number == before + 1
    assert _page(store, 1) == ["S1", "S0, corrected"]


def test_a_list_without_a_full_document_has_no_archive(store: Store) -> None:
    """A list with too few stories has no archive documents."""
    publish(store, "S0")
    store.lists.archive(2, NOW)

    assert store.lists.archive_range(ALL) == (0, 0)
    assert store.lists.archive_page(ALL, 1) == []
