"""Parts of a list: before a story, since a time."""

from datetime import timedelta

from aggregator.model import ALL, topic_scope
from aggregator.store.base import Store
from tests.harness.builders import NOW, entry, source
from tests.harness.saving import change_of, publish, save, story_titled, titles

LABOR, COURTS = topic_scope("labor"), topic_scope("courts")
MINUTE = timedelta(minutes=1)


def test_parts_follow_each_other(store: Store) -> None:
    """Each story once, and the last part says that it is the last, also with joined lists."""
    for minute in range(7):
        publish(store, f"S{minute}", "labor" if minute % 2 else "courts", minute=minute)
    parts, before = [], ""
    for _ in range(9):
        part = store.lists.slice(LABOR, 3, joined=[COURTS], before=before)
        parts.append(titles(part.stories))
        before = part.next_before
        if not before:
            break

    assert parts == [["S6", "S5", "S4"], ["S3", "S2", "S1"], ["S0"]]


def test_stories_of_one_moment_are_in_one_part_each(store: Store) -> None:
    """Though nothing but their number tells them apart."""
    for number in range(5):
        publish(store, f"S{number}", "labor", minute=1)
    found: list[str] = []
    before = ""
    while len(found) < 9:
        part = store.lists.slice(LABOR, 2, before=before)
        found += titles(part.stories)
        before = part.next_before
        if not before:
            break

    assert sorted(found) == [f"S{number}" for number in range(5)]


def test_since_a_time(store: Store) -> None:
    """Those that were listed later, and not at it."""
    for minute in range(4):
        publish(store, f"S{minute}", "labor", minute=minute)
    second = story_titled(store, "S1").listed_at

    assert titles(store.lists.latest(LABOR, 9, since=second)) == ["S3", "S2"]
    assert titles(store.lists.latest(LABOR, 9, since=NOW + 9 * MINUTE)) == []


def test_a_filter_does_not_end_a_list(store: Store) -> None:
    """If none of the stories that were looked at has the language, the next part goes on."""
    store.sources.sync([source("harbor")], NOW)
    for number in range(30):
        language = "es" if number == 0 else "en"
        given = entry(f"S{number}", "harbor", language=language, published=NOW + number * MINUTE)
        save(store, change_of(given))

    first = store.lists.slice(ALL, 1, language="es")
    second = store.lists.slice(ALL, 1, language="es", before=first.next_before)

    assert titles(first.stories) == []
    assert titles(second.stories) == ["S0"]
    assert second.next_before == ""


def test_a_place_outlives_its_story(store: Store) -> None:
    """One that was taken down meanwhile; an unknown one has none."""
    for minute in range(4):
        publish(store, f"S{minute}", "labor", minute=minute)
    third = story_titled(store, "S2").id
    store.stories.take_down(third, "asked", NOW)

    assert titles(store.lists.latest(LABOR, 9, before=third)) == ["S1", "S0"]
    assert store.lists.has_place(third)
    assert not store.lists.has_place("0" * 16)


def test_what_was_taken_down_since(store: Store) -> None:
    """Oldest first; what was restored is not among it."""
    for minute in range(3):
        publish(store, f"S{minute}", "labor", minute=minute)
        story = story_titled(store, f"S{minute}")
        store.stories.take_down(story.id, "asked", NOW + minute * MINUTE)
    store.stories.restore(store.stories.takedowns()[0].id, NOW)

    times = [each.removed_at for each in store.lists.tombstones_since(None, 9)]
    assert times == [NOW, NOW + MINUTE]
    assert [t.removed_at for t in store.lists.tombstones_since(NOW, 9)] == [NOW + MINUTE]
    assert len(store.lists.tombstones_since(None, 1)) == 1
