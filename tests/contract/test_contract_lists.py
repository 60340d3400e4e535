"""Lists of stories: their order, their windows, what narrows them, and search."""

from datetime import timedelta

import pytest

from aggregator.model import ALL, Outcome, Placement, Share, StoryChange, source_scope, topic_scope
from aggregator.query import parse
from aggregator.store.base import Store
from tests.harness.builders import NOW, at, entry, source, story
from tests.harness.saving import change_of, publish, save, titles

HOUR = timedelta(hours=1)
LABOR, COURTS = topic_scope("labor"), topic_scope("courts")


def test_every_scope_lists_its_stories(store: Store) -> None:
    """By topic, by source, and all together."""
    save(store, change_of(entry("A", "harbor"), "labor"), change_of(entry("B", "harbor")))

    assert titles(store.lists.latest(LABOR, 10)) == ["A"]
    assert set(titles(store.lists.latest(source_scope("harbor"), 10))) == {"A", "B"}
    assert store.lists.latest(source_scope("plains"), 10) == []
    assert store.lists.counts() == {ALL: 2, LABOR: 1, source_scope("harbor"): 2}


def test_the_newest_come_first(store: Store) -> None:
    """Stories are ordered by publication; of one date, by their place in the outlet's feed."""
    dated = [
        ("Old", "09:00", 0),
        ("New", "11:00", 1),
        ("Second", "10:00", 3),
        ("First", "10:00", 2),
    ]
    for title, time, index in dated:
        published = at(f"2026-10-05 {time}")
        save(store, change_of(entry(title, "harbor", published=published, feed_index=index)))

    assert titles(store.lists.latest(ALL, 10)) == ["New", "First", "Second", "Old"]


def test_a_newcomer_with_an_old_date(store: Store) -> None:
    """The window is by arrival, so it is in the feed, at the place of its own date."""
    for hour in range(5, 9):
        published = at(f"2026-10-05 0{hour}:00")
        save(store, change_of(entry(f"At {hour}", "harbor", published=published)))
    late = entry("Late", "harbor", published=at("2026-09-01 00:00"))
    save(store, change_of(late, listed_at=NOW))

    assert titles(store.lists.latest(ALL, 3)) == ["At 8", "At 7", "Late"]


# ---- what narrows a list


def _publish_by_letter(store: Store, letters: str, language: str = "en", start: int = 0) -> None:
    """A story of each outlet by its letter, one a minute, the last the newest."""
    for number, letter in enumerate(letters, start):
        outlet = {"h": "harbor", "p": "plains"}[letter]
        publish(
            store, f"{letter}{number}", "labor", minute=number, source=outlet, language=language
        )


@pytest.mark.parametrize(
    ("letters", "expected"),
    [
        ("hhhhh", "h4 h3"),
        ("phhhh", "h4 h3 p0"),
        ("hphhh", "h4 h3 p1"),
        ("hpphphpp", "p7 p6 h5 h3"),
        ("pppphhhh", "h7 h6 p3 p2"),
        ("hhpphhpphh", "h9 h8 p7 p6"),
    ],
)
def test_fair_shares(store: Store, letters: str, expected: str) -> None:
    """Of any four in a row, an outlet has two at most, the newest; the rest is in its own list."""
    _publish_by_letter(store, letters)
    found = titles(store.lists.latest(LABOR, 4, share=Share(max_stories=2, window=4)))

    assert found == expected.split()
    assert len(store.lists.latest(source_scope("harbor"), 50)) == letters.count("h")
    assert len(store.lists.latest(LABOR, 50)) == len(letters)


def test_one_language(store: Store) -> None:
    """A list in one language, whatever the region; other languages do not count against it."""
    _publish_by_letter(store, "hp", "es-mx")
    _publish_by_letter(store, "hphphp", start=2)

    assert titles(store.lists.latest(LABOR, 1, language="es")) == ["p1"]
    assert titles(store.lists.latest(LABOR, 9, language="es-MX")) == ["p1", "h0"]
    assert store.lists.latest(LABOR, 9, language="e") == []


def test_joined_topics(store: Store) -> None:
    """A story in both is there once; each list gives its newest."""
    publish(store, "Strike", "labor", minute=1)
    publish(store, "Verdict", "courts", minute=2)
    publish(store, "Injunction", "labor", "courts", minute=3)

    joined = titles(store.lists.latest(LABOR, 9, joined=[COURTS]))
    assert joined == ["Injunction", "Verdict", "Strike"]
    assert titles(store.lists.latest(LABOR, 2, joined=[COURTS])) == ["Injunction", "Verdict"]
    both = store.lists.revision(LABOR, COURTS)
    assert both.number == store.lists.revision(LABOR).number + store.lists.revision(COURTS).number


def test_without_an_outlet(store: Store) -> None:
    """A partner that leaves itself out sees no story that it has published, be it as a copy."""
    publish(store, "Own", "labor", minute=1, source="plains")
    publish(store, "Other", "labor", minute=2)
    copied = story(entry("Copied", "harbor"), entry("Copied", "plains"), listed_at=NOW)
    placements = (Placement(topic="labor", reason=""),)
    save(store, StoryChange(story=copied, listed_at=NOW, placements=placements))

    assert titles(store.lists.latest(LABOR, 9, without=["plains"])) == ["Other"]
    assert titles(store.lists.latest(ALL, 1, without=["harbor"])) == ["Own"]


def test_a_search(store: Store) -> None:
    """The newest that match come first; language and outlet narrow it as they do a list."""
    for minute in range(5):
        outlet = ("harbor", "plains")[minute % 2]
        publish(store, f"Strike {minute}", minute=minute, source=outlet)
    publish(store, "Verdict", minute=9)
    strike = parse("strike").root

    assert titles(store.lists.search(strike, 2)) == ["Strike 4", "Strike 3"]
    own = titles(store.lists.search(strike, 9, without=["harbor"]))
    assert own == ["Strike 3", "Strike 1"]
    assert titles(store.lists.search(parse("NOT strike").root, 9)) == ["Verdict"]
    assert store.lists.search(strike, 9, language="es") == []


# ---- revisions


def test_a_list_that_never_changed(store: Store) -> None:
    """Its revision is 0."""
    assert store.lists.revision(LABOR).number == 0


def test_nothing_new_changes_no_list(store: Store) -> None:
    """A fetch without news leaves every revision as it was."""
    publish(store, "A")
    before = store.lists.revision(ALL)

    save(store, now=NOW + HOUR, outcome=Outcome.UNCHANGED)

    assert store.lists.revision(ALL) == before


def test_two_changes_within_a_second(store: Store) -> None:
    """The second one is later, so that If-Modified-Since tells them apart."""
    publish(store, "A")
    first = store.lists.revision(ALL)
    publish(store, "B")
    second = store.lists.revision(ALL)

    assert (second.number, second.changed_at) > (first.number, first.changed_at)
    assert second.changed_at > first.changed_at


def test_a_changed_name_shows_everywhere(store: Store) -> None:
    """What feeds.toml says of an outlet changes every list that credits it, once."""
    publish(store, "A", "labor")
    before = store.lists.revision(LABOR).number

    store.sources.sync([source("harbor", name="Harbor Dispatch")], NOW)
    store.sources.sync([source("harbor", name="Harbor Dispatch")], NOW)

    assert store.sources.by_id()["harbor"].name == "Harbor Dispatch"
    assert store.lists.revision(LABOR).number == before + 1
