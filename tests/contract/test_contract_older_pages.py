"""Pages for people: numbered from the oldest, full ones closed for good, no story on two."""

from datetime import timedelta
from itertools import pairwise

from aggregator.model import (
    ALL,
    OlderPages,
    Placement,
    PlacementChange,
    Share,
    Topic,
    source_scope,
    topic_scope,
)
from aggregator.store.base import Store
from tests.harness.builders import NOW, entry, source
from tests.harness.saving import change_of, number_of, publish, revise, save, story_titled, titles

LABOR = topic_scope("labor")
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
SHARE = Share(max_stories=1, window=3)


def _publish_numbered(store: Store, *minutes: int) -> None:
    for minute in minutes:
        publish(store, f"S{minute}", "labor", minute=minute)


def _pages(store: Store, share: Share | None = None) -> list[list[str]]:
    """The titles on each page, from the newest to the oldest."""
    numbers = store.lists.older_pages(LABOR, 2, share)
    older = (
        store.lists.older_page(LABOR, page, 2, share)
        for page in range(numbers.newest, max(numbers.oldest, 1) - 1, -1)
    )
    return [titles(store.lists.newest_page(LABOR, 2, share)), *map(titles, older)]


def test_closing_a_page_changes_neither_its_stories_nor_its_number(store: Store) -> None:
    """The newest page is always full; the one after it fills up and is then closed."""
    _publish_numbered(store, *range(7))
    before = _pages(store)

    assert before == [["S6", "S5"], ["S4"], ["S3", "S2"], ["S1", "S0"]]
    assert store.lists.older_pages(LABOR, 2) == OlderPages(1, 0, 3)

    assert store.lists.close_older_pages(2, {}, NOW) == 2 * 3  # topic, outlet, all

    assert _pages(store) == before
    assert store.lists.older_pages(LABOR, 2) == OlderPages(1, 2, 3)
    assert store.lists.close_older_pages(2, {}, NOW) == 0


def test_a_closed_page_never_changes(store: Store) -> None:
    """Whatever is published later, and with whatever date; also if pages get another size."""
    _publish_numbered(store, *range(4))
    store.lists.close_older_pages(2, {}, NOW)
    first = LABOR.older_page(1)
    before = store.lists.revision(first)
    assert before.number == 1

    _publish_numbered(store, 4, 5, -1000)
    store.lists.close_older_pages(2, {}, NOW)
    _publish_numbered(store, 6, 7, 8, 9)
    store.lists.close_older_pages(3, {}, NOW)

    assert store.lists.revision(first) == before
    assert titles(store.lists.older_page(LABOR, 1, 3)) == ["S1", "S0"]
    assert titles(store.lists.older_page(LABOR, 2, 3)) == ["S2", "S-1000"]
    assert titles(store.lists.older_page(LABOR, 3, 3)) == ["S5", "S4", "S3"]


def test_every_story_is_on_one_page(store: Store) -> None:
    """Also while pages are closed, and if an old story gets into the topic late."""
    publish(store, "Old", minute=-5000)
    for number in range(12):
        _publish_numbered(store, number)
        if number % 3 == 0:
            store.lists.close_older_pages(2, {}, NOW)
        found = [title for page in _pages(store) for title in page]
        assert sorted(found) == sorted(f"S{n}" for n in range(number + 1))
    placement = Placement(topic="labor", reason="by an operator")
    old = number_of(store, story_titled(store, "Old"))
    change = PlacementChange(story_number=old, topic="labor", placement=placement)

    store.topics.recategorize([change], (), NOW)

    found = [title for page in _pages(store) for title in page]
    assert sorted(found) == sorted(["Old", *(f"S{n}" for n in range(12))])
    assert titles(store.lists.older_page(LABOR, 1, 2)) == ["S1", "S0"]


def test_what_exceeds_the_share_of_an_outlet_is_on_older_pages(store: Store) -> None:
    """Nothing is lost, and nothing stands twice."""
    for id_ in ("harbor", "plains"):
        store.sources.sync([source("harbor"), source("plains")], NOW)
        names = range(8) if id_ == "harbor" else range(2)
        for number in names:
            one = entry(f"{id_} {number}", id_, published=NOW + number * MINUTE)
            save(store, change_of(one, "labor"), source=id_)
    before = _pages(store, SHARE)

    newest = {title.split()[0] for title in before[0]}
    assert newest == {"harbor", "plains"}
    store.lists.close_older_pages(2, {LABOR: SHARE}, NOW)

    assert _pages(store, SHARE) == before
    assert sorted(title for page in before for title in page) == sorted(
        [*(f"harbor {n}" for n in range(8)), *(f"plains {n}" for n in range(2))]
    )
    assert all(set(a).isdisjoint(b) for a, b in pairwise(before))


def test_a_corrected_or_removed_story_changes_its_page(store: Store) -> None:
    """The page is rendered again, and numbers stay."""
    _publish_numbered(store, *range(4))
    store.lists.close_older_pages(2, {}, NOW)
    first = LABOR.older_page(1)

    revise(store, story_titled(store, "S0"), "labor", title="S0, corrected")
    assert store.lists.revision(first).number == 2
    assert titles(store.lists.older_page(LABOR, 1, 2)) == ["S1", "S0, corrected"]

    store.stories.take_down(story_titled(store, "S1").id, "asked", NOW)
    assert store.lists.revision(first).number == 3
    assert titles(store.lists.older_page(LABOR, 1, 2)) == ["S0, corrected"]
    assert store.lists.older_pages(LABOR, 2) == OlderPages(1, 1, 1)

    store.stories.purge(DAY, NOW + 9 * DAY)
    assert store.lists.revision(first).number == 4
    assert store.lists.older_pages(LABOR, 2) == OlderPages(0, 1, 1)


def test_an_archive_document_leads_to_its_page(store: Store) -> None:
    """To the page with its newest stories; to none while they are on no closed page."""
    _publish_numbered(store, *range(8))
    store.lists.archive(4, NOW)
    store.lists.close_older_pages(2, {}, NOW)

    assert store.lists.older_page_of_archive(LABOR, 1) == 2
    assert store.lists.older_page_of_archive(LABOR, 2) == 0
    assert store.lists.older_page_of_archive(LABOR, 9) == 0


def test_a_renamed_topic_keeps_its_pages(store: Store) -> None:
    """With their numbers, unless the other topic has pages, too: then its stories join the next."""
    _publish_numbered(store, *range(6))
    store.lists.close_older_pages(2, {}, NOW)
    before = _pages(store)

    store.topics.rename([Topic(id="work", title="Work", was=("labor",))], NOW)

    work = topic_scope("work")
    assert store.lists.older_pages(work, 2) == OlderPages(1, 2, 2)
    assert [titles(store.lists.older_page(work, n, 2)) for n in (2, 1)] == before[1:]

    for minute in range(10, 14):
        publish(store, f"S{minute}", "unions", minute=minute)
    store.lists.close_older_pages(2, {}, NOW)
    store.topics.rename([Topic(id="work", title="Work", was=("labor", "unions"))], NOW)
    assert [titles(store.lists.older_page(work, n, 2)) for n in (2, 1)] == before[1:]
    assert store.lists.older_pages(work, 2).newest == 4


def test_many_pages_are_closed_at_once(store: Store) -> None:
    """However many transactions that takes; a list without a full page has none."""
    _publish_numbered(store, *range(13))
    publish(store, "Alone", "courts")

    assert store.lists.close_older_pages(2, {}, NOW) == 5 + 6 + 6
    assert store.lists.older_pages(ALL, 2).newest == 6
    assert store.lists.older_pages(topic_scope("courts"), 2) == OlderPages(0, 0, 0)
    assert store.lists.older_pages(source_scope("nobody"), 2) == OlderPages(0, 0, 0)
    assert store.lists.older_page(LABOR, 99, 2) == []
