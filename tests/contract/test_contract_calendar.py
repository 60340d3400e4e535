"""The time that pages take for now, and pinned stories."""

from datetime import timedelta

import pytest

from aggregator.model import ALL, HOURS, NOTICES, PINS, Topic, source_scope, topic_scope
from aggregator.store.base import Store
from tests.harness.builders import NOW, entry, source
from tests.harness.saving import change_of, publish, save, story_titled, titles

LABOR = topic_scope("labor")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_the_time_is_advanced_with_what_it_changes(store: Store) -> None:
    """The time and the revisions, in one transaction."""
    assert store.calendar.time() is None

    store.calendar.advance(NOW, [NOTICES])
    store.calendar.advance(NOW + HOUR, [NOTICES, HOURS])

    assert store.calendar.time() == NOW + HOUR
    assert store.lists.revision(NOTICES).number == 2
    assert store.lists.revision(HOURS).number == 1
    assert store.lists.revision(PINS).number == 0


def test_a_pinned_story_is_on_top_of_its_topic(store: Store) -> None:
    """The last one pinned comes first; each stands once, also on older pages."""
    for minute in range(7):
        publish(store, f"S{minute}", "labor", minute=minute)
    for number, title in enumerate(("S1", "S6")):
        story = story_titled(store, title)
        store.calendar.pin(story.id, "labor", None, NOW + number * HOUR)

    assert store.lists.revision(PINS).number == 2
    assert titles(store.lists.newest_page(LABOR, 3)) == ["S6", "S1", "S5", "S4"]
    assert titles(store.lists.older_page(LABOR, 1, 3)) == ["S3", "S2", "S0"]
    assert titles(store.lists.newest_page(ALL, 3)) == ["S6", "S5", "S4"]
    store.lists.close_older_pages(3, {}, NOW)
    assert titles(store.lists.older_page(LABOR, 1, 3)) == ["S3", "S2", "S0"]

    assert store.calendar.unpin(story_titled(store, "S1").id, NOW, "courts") == 0
    assert store.calendar.unpin(story_titled(store, "S1").id, NOW) == 1
    assert titles(store.lists.newest_page(LABOR, 3)) == ["S6", "S5", "S4"]
    assert titles(store.lists.older_page(LABOR, 2, 3)) == ["S1"]


def test_a_pin_ends_when_the_time_is_advanced(store: Store) -> None:
    """It stays listed for operators."""
    for minute in range(4):
        publish(store, f"S{minute}", "labor", minute=minute)
    first = story_titled(store, "S0")
    store.calendar.advance(NOW, [])
    store.calendar.pin(first.id, "labor", NOW + DAY, NOW)
    assert titles(store.lists.newest_page(LABOR, 2)) == ["S0", "S3", "S2"]

    store.calendar.advance(NOW + DAY, [PINS])

    assert titles(store.lists.newest_page(LABOR, 2)) == ["S3", "S2"]
    (pin,) = store.calendar.pins()
    assert (pin.story, pin.topic, pin.title) == (first.id, "labor", "S0")
    assert (pin.pinned_at, pin.until) == (NOW, NOW + DAY)
    assert not pin.is_current(NOW + DAY)


def test_the_home_page_has_one_lead(store: Store) -> None:
    """A second one replaces it; one that was taken down is not listed."""
    for title in ("S0", "S1"):
        publish(store, title)
        store.calendar.pin(story_titled(store, title).id, "", None, NOW)
    lead = story_titled(store, "S1")

    assert [pin.story for pin in store.calendar.pins()] == [lead.id]
    store.stories.take_down(lead.id, "asked", NOW)
    assert store.calendar.pins() == []


def test_a_pin_follows_its_topic(store: Store) -> None:
    """If the topic gets another id."""
    story = publish(store, "S0", "labor")
    store.calendar.pin(story.id, "labor", None, NOW)

    store.topics.rename([Topic(id="work", title="Work", was=("labor",))], NOW)

    assert [pin.topic for pin in store.calendar.pins()] == ["work"]
    assert titles(store.lists.newest_page(topic_scope("work"), 2)) == ["S0"]


@pytest.mark.parametrize("id_", ["0" * 16, ""])
def test_only_a_story_can_be_pinned(store: Store, id_: str) -> None:
    """Nothing happens for an id that there is not."""
    store.calendar.pin(id_, "labor", None, NOW)

    assert store.calendar.pins() == []
    assert store.calendar.unpin(id_, NOW) == 0


def test_which_lists_have_stories_and_which_topics_these_have(store: Store) -> None:
    """Of the newest ones; what was taken down does not count."""
    publish(store, "S0", "courts", minute=0)
    publish(store, "S1", "labor", minute=1)
    publish(store, "S2", "labor", minute=2)

    assert store.lists.nonempty([LABOR, topic_scope("ports"), ALL]) == [LABOR, ALL]
    assert store.lists.topic_counts(ALL, 9) == [("labor", 2), ("courts", 1)]
    assert store.lists.topic_counts(ALL, 1) == [("labor", 1)]
    store.stories.take_down(story_titled(store, "S0").id, "asked", NOW)
    assert store.lists.nonempty([topic_scope("courts")]) == []


def test_the_outlets_of_a_week_are_counted(store: Store) -> None:
    """By the outlet of the lead, most first."""
    store.sources.sync([source("harbor"), source("plains")], NOW)
    for days, id_ in enumerate(("plains", "harbor", "plains", "plains", "harbor")):
        one = entry(f"Strike {days}", id_, published=NOW - days * DAY)
        save(store, change_of(one, "labor"), source=id_)

    since = NOW - 3 * DAY
    assert store.lists.source_counts(LABOR, since) == [("plains", 3), ("harbor", 1)]
    assert store.lists.source_counts(source_scope("harbor"), since) == [("harbor", 1)]
    assert store.lists.source_counts(LABOR, NOW + DAY) == []
