"""Archive documents (RFC 5005): filled once and for good, with numbers that are given once."""

from datetime import timedelta

from aggregator.model import ALL, Placement, PlacementChange, topic_scope
from aggregator.store.base import Store
from tests.harness.builders import NOW
from tests.harness.saving import number_of, publish, revise, story_titled, titles

LABOR = topic_scope("labor")
PAGE_1 = LABOR.archive_page(1)
DAY = timedelta(days=1)


def _publish_numbered(store: Store, count: int, topic: str = "labor") -> None:
    for minute in range(count):
        publish(store, f"S{minute}", topic, minute=minute)


def _page(store: Store, page: int) -> list[str]:
    return titles(store.lists.archive_page(LABOR, page))


def test_archives_fill_up(store: Store) -> None:
    """In the order of arrival; what is not full waits, and what is closed never changes."""
    _publish_numbered(store, 5)
    closed = store.lists.archive(2, NOW)

    assert closed == 2 * 3  # of the topic, of the outlet, of all
    assert store.lists.archive_range(LABOR) == (1, 2)
    assert _page(store, 1) == ["S1", "S0"]
    assert _page(store, 2) == ["S3", "S2"]
    before = store.lists.revision(PAGE_1)
    publish(store, "S5", "labor", minute=5)
    assert store.lists.archive(2, NOW) == 3
    assert _page(store, 3) == ["S5", "S4"]
    assert store.lists.revision(PAGE_1) == before
    assert store.lists.archive_range(LABOR) == (1, 3)


def test_nothing_new_closes_nothing(store: Store) -> None:
    """A list that has not changed is not looked at again, unless documents are to be smaller."""
    _publish_numbered(store, 3)
    store.lists.archive(5, NOW)
    assert store.lists.archive(5, NOW) == 0

    assert store.lists.archive(2, NOW) == 3
    assert _page(store, 1) == ["S1", "S0"]


def test_a_number_is_given_once(store: Store) -> None:
    """What becomes of the stories of a document changes nothing about the others: those that come
    later come into later documents."""
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


def test_many_documents_at_once(store: Store) -> None:
    """They are closed in order, however many transactions that takes."""
    _publish_numbered(store, 11)

    assert store.lists.archive(2, NOW) == 3 * 5
    assert [_page(store, page) for page in (1, 5)] == [["S1", "S0"], ["S9", "S8"]]


def test_a_tombstone_that_goes_is_a_change(store: Store) -> None:
    """When the story is too old to be kept, cached documents are rendered again."""
    publish(store, "S0", "labor", minute=-100 * 24 * 60)
    publish(store, "S1", "labor", minute=1)
    publish(store, "S2", "labor", minute=2)
    store.lists.archive(2, NOW)
    store.stories.take_down(story_titled(store, "S0").id, "asked", NOW)
    assert len(store.lists.tombstones(LABOR, 1)) == 1
    before = {scope: store.lists.revision(scope).number for scope in (LABOR, PAGE_1)}

    store.stories.purge(30 * DAY, NOW)

    assert store.lists.tombstones(LABOR) == []
    assert all(store.lists.revision(scope).number > number for scope, number in before.items())


def test_an_old_story_that_comes_late(store: Store) -> None:
    """Placed in a topic after years, it is not among the newest, so it does not wait for others to
    fill its document; the documents before it stay as they are."""
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


def test_an_archive_knows_a_correction(store: Store) -> None:
    """Its stories stay; a story that is corrected reads differently there too."""
    _publish_numbered(store, 2)
    store.lists.archive(2, NOW)
    before = store.lists.revision(PAGE_1).number

    revise(store, story_titled(store, "S0"), "labor", title="S0, corrected")

    assert store.lists.revision(PAGE_1).number == before + 1
    assert _page(store, 1) == ["S1", "S0, corrected"]


def test_a_list_without_an_archive(store: Store) -> None:
    """It has no documents."""
    publish(store, "S0")
    store.lists.archive(2, NOW)

    assert store.lists.archive_range(ALL) == (0, 0)
    assert store.lists.archive_page(ALL, 1) == []
