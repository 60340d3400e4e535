"""A topic with a new id keeps its stories, its archive and operators' decisions."""

from datetime import timedelta

from aggregator.model import TopicOverride, topic_scope
from aggregator.store.base import Store
from tests.harness.builders import NOW, topic
from tests.harness.saving import publish, story_titled, titles

LABOR, LABOUR = topic_scope("labor"), topic_scope("labour")
MINUTE = timedelta(minutes=1)


def _page(store: Store, page: int) -> list[str]:
    return titles(store.lists.archive_page(LABOR, page))


def _rename(store: Store, *was: str) -> None:
    store.topics.rename([topic("labor", was=was or ("labour",))], NOW)


def test_a_renamed_topic_keeps_everything(store: Store) -> None:
    """Nothing is left under the old id."""
    for minute in range(3):
        publish(store, f"S{minute}", "labour", minute=minute)
    store.lists.archive(2, NOW)
    lead = story_titled(store, "S2").lead.entry_id
    override = TopicOverride(entry_id=lead, topic="labour", is_included=True, decided_at=NOW)
    store.topics.recategorize((), [override], NOW)
    store.stories.take_down(story_titled(store, "S0").id, "asked", NOW)

    _rename(store, "labour", "work")

    assert titles(store.lists.latest(LABOR, 9)) == ["S2", "S1"]
    assert _page(store, 1) == ["S1"]
    assert len(store.lists.tombstones(LABOR)) == 1
    assert [each.topic for each in store.topics.overrides([lead])] == ["labor"]
    assert store.lists.revision(LABOUR).number == 0
    assert store.topics.original_ids() == {"labor": "labour"}
    number = store.lists.revision(LABOR).number
    _rename(store, "labour", "work")  # nothing is left to do
    assert store.lists.revision(LABOR).number == number


def test_a_topic_takes_over_the_stories_of_another(store: Store) -> None:
    """A story that was in both is listed once; stories of the other wait for the archive."""
    for minute, topics in enumerate([("labor",), ("labor", "labour"), ("labour",), ("labour",)]):
        publish(store, f"S{minute}", *topics, minute=minute)
    store.lists.archive(2, NOW)

    _rename(store)
    store.lists.archive(2, NOW)

    assert titles(store.lists.latest(LABOR, 9)) == ["S3", "S2", "S1", "S0"]
    assert _page(store, 1) == ["S1", "S0"]
    assert _page(store, 2) == ["S3", "S2"]
    assert store.topics.original_ids() == {}


def test_a_topic_takes_over_the_archive_of_another(store: Store) -> None:
    """Documents keep their numbers, and no number is reused."""
    for minute in range(4):
        publish(store, f"S{minute}", "labour", minute=minute)
    store.lists.archive(2, NOW)
    store.stories.take_down(story_titled(store, "S0").id, "asked", NOW)
    publish(store, "N", "labor", minute=9)

    _rename(store)
    assert store.lists.archive_range(LABOR) == (1, 2)
    publish(store, "M", "labor", minute=10)
    store.lists.archive(2, NOW)

    assert store.lists.archive_range(LABOR) == (1, 3)
    assert _page(store, 1) == ["S1"]
    assert _page(store, 3) == ["M", "N"]


def test_joined_archives_do_not_share_document_numbers(store: Store) -> None:
    """If both topics have an archive, stories that move wait for a new document."""
    for minute in range(4):
        publish(store, f"S{minute}", ("labour", "labor")[minute % 2], minute=minute)
    store.lists.archive(1, NOW)
    store.stories.take_down(story_titled(store, "S0").id, "asked", NOW)

    _rename(store)
    store.stories.restore(store.stories.takedowns()[0].id, NOW)

    assert _page(store, 1) == ["S1"]
    assert _page(store, 2) == ["S3"]


def test_a_topic_renamed_twice_keeps_its_first_id_in_feeds(store: Store) -> None:
    """The original id of a topic is its first one."""
    publish(store, "S0", "work")
    store.topics.rename([topic("labour", was=("work",))], NOW)

    _rename(store, "labour", "work")

    assert store.topics.original_ids()["labor"] == "work"
    assert titles(store.lists.latest(LABOR, 9)) == ["S0"]
