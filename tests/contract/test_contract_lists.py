"""Lists of stories: order, windows, filters, and search."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from aggregator.model import (
    ALL,
    Outcome,
    Placement,
    SafeHtml,
    Share,
    StoryChange,
    source_scope,
    topic_scope,
)
from aggregator.query import parse
from aggregator.store.base import Store
from tests.harness.builders import NOW, at, entry, source, story
from tests.harness.saving import change_of, publish, save, titles

HOUR = timedelta(hours=1)
LABOR, COURTS = topic_scope("labor"), topic_scope("courts")


def test_every_scope_lists_its_stories(store: Store) -> None:
    """Stories are listed by topic, by source, and all together."""
    save(store, change_of(entry("A", "harbor"), "labor"), change_of(entry("B", "harbor")))

    assert titles(store.lists.latest(LABOR, 10)) == ["A"]
    assert set(titles(store.lists.latest(source_scope("harbor"), 10))) == {"A", "B"}
    assert store.lists.latest(source_scope("plains"), 10) == []
    assert store.lists.counts() == {ALL: 2, LABOR: 1, source_scope("harbor"): 2}
    assert store.lists.counts([COURTS, LABOR]) == {LABOR: 1}


def test_the_newest_stories_come_first(store: Store) -> None:
    """Stories are ordered by date, and on equal dates by their position in the outlet's feed."""
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


def test_a_late_story_is_in_the_window_at_its_own_date(store: Store) -> None:
    """The window is by arrival; within it, stories are ordered by date."""
    for hour in range(5, 9):
        published = at(f"2026-10-05 0{hour}:00")
        save(store, change_of(entry(f"At {hour}", "harbor", published=published)))
    late = entry("Late", "harbor", published=at("2026-09-01 00:00"))
    save(store, change_of(late, listed_at=NOW))

    assert titles(store.lists.latest(ALL, 3)) == ["At 8", "At 7", "Late"]


def test_texts_beyond_a_limit_are_left_out(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest stories keep theirs; every story is listed, and says whether it is complete."""
    for hour in range(5, 9):
        publish(store, f"At {hour}", minute=hour, content=SafeHtml("<p>Long text.</p>" * hour))
    whole = store.lists.latest(ALL, 9)
    limit = sum(len(story.lead.content) for story in whole[:2])
    for name in ("MAX_TEXT_CHARS", "MAX_SEARCH_TEXT_CHARS"):
        monkeypatch.setattr(f"aggregator.store.sqlite.lists.{name}", limit)

    for found in (
        store.lists.latest(ALL, 9), store.lists.search(parse("at").root, 9).stories
    ):  # fmt: skip
        assert titles(found) == titles(whole)
        assert found[:2] == whole[:2]
        assert [(each.lead.content, each.is_complete) for each in found[2:]] == [("", False)] * 2


def test_each_part_of_a_search_is_a_step(store: Store) -> None:
    """A step that raises ends the search."""
    for minute in range(120):
        publish(store, f"Cranes {minute}", minute=minute)
    steps: list[int] = []

    @contextmanager
    def step() -> Iterator[None]:
        steps.append(1)
        if len(steps) > 4:
            raise KeyError
        yield

    found = store.lists.search(parse("cranes").root, 60, step=step).stories
    assert (len(found), len(steps)) == (60, 4)
    with pytest.raises(KeyError):
        store.lists.search(parse("cranes").root, 60, step=step)
    assert len(store.lists.search(parse("cranes").root, 60).stories) == 60


# ---- filters


def _publish_by_letter(store: Store, letters: str, language: str = "en", start: int = 0) -> None:
    """Publish a story per letter, a minute apart: h for "harbor", p for "plains"."""
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
def test_an_outlet_gets_at_most_its_share_of_a_list(
    store: Store, letters: str, expected: str
) -> None:
    """An outlet has at most two of any four stories in a row; its own list has all."""
    _publish_by_letter(store, letters)
    found = titles(store.lists.latest(LABOR, 4, share=Share(max_stories=2, window=4)))

    assert found == expected.split()
    assert len(store.lists.latest(source_scope("harbor"), 50)) == letters.count("h")
    assert len(store.lists.latest(LABOR, 50)) == len(letters)


def test_a_language_filter_ignores_the_region(store: Store) -> None:
    """Stories in other languages do not count towards the limit."""
    _publish_by_letter(store, "hp", "es-mx")
    _publish_by_letter(store, "hphphp", start=2)

    assert titles(store.lists.latest(LABOR, 1, language="es")) == ["p1"]
    assert titles(store.lists.latest(LABOR, 9, language="es-MX")) == ["p1", "h0"]
    assert store.lists.latest(LABOR, 9, language="e") == []


def test_joined_topics_list_each_story_once(store: Store) -> None:
    """The newest stories of several topics are joined, and their revisions added."""
    publish(store, "Strike", "labor", minute=1)
    publish(store, "Verdict", "courts", minute=2)
    publish(store, "Injunction", "labor", "courts", minute=3)

    joined = titles(store.lists.latest(LABOR, 9, joined=[COURTS]))
    assert joined == ["Injunction", "Verdict", "Strike"]
    assert titles(store.lists.latest(LABOR, 2, joined=[COURTS])) == ["Injunction", "Verdict"]
    both = store.lists.revision(LABOR, COURTS)
    assert both.number == store.lists.revision(LABOR).number + store.lists.revision(COURTS).number


def test_an_excluded_outlet_has_no_story_in_the_list(store: Store) -> None:
    """Stories of which the outlet has a duplicate are left out too."""
    publish(store, "Own", "labor", minute=1, source="plains")
    publish(store, "Other", "labor", minute=2)
    copied = story(entry("Copied", "harbor"), entry("Copied", "plains"), listed_at=NOW)
    placements = (Placement(topic="labor", reason=""),)
    save(store, StoryChange(story=copied, listed_at=NOW, placements=placements))

    assert titles(store.lists.latest(LABOR, 9, without=["plains"])) == ["Other"]
    assert titles(store.lists.latest(ALL, 1, without=["harbor"])) == ["Own"]


def test_a_search_lists_the_newest_matches(store: Store) -> None:
    """Language and excluded outlets filter a search as they filter a list."""
    for minute in range(5):
        outlet = ("harbor", "plains")[minute % 2]
        publish(store, f"Strike {minute}", minute=minute, source=outlet)
    publish(store, "Verdict", minute=9)
    strike = parse("strike").root

    assert titles(store.lists.search(strike, 2).stories) == ["Strike 4", "Strike 3"]
    own = titles(store.lists.search(strike, 9, without=["harbor"]).stories)
    assert own == ["Strike 3", "Strike 1"]
    assert titles(store.lists.search(parse("NOT strike").root, 9).stories) == ["Verdict"]
    assert store.lists.search(strike, 9, language="es").stories == []


# ---- revisions


def test_an_unchanged_list_has_revision_0(store: Store) -> None:
    """A list without stories has never changed."""
    assert store.lists.revision(LABOR).number == 0


def test_a_fetch_without_news_changes_no_list(store: Store) -> None:
    """Revisions stay the same when a document has not changed."""
    publish(store, "A")
    before = store.lists.revision(ALL)

    save(store, now=NOW + HOUR, outcome=Outcome.UNCHANGED)

    assert store.lists.revision(ALL) == before


def test_two_changes_within_a_second_have_different_times(store: Store) -> None:
    """If-Modified-Since can tell the two changes apart."""
    publish(store, "A")
    first = store.lists.revision(ALL)
    publish(store, "B")
    second = store.lists.revision(ALL)

    assert (second.number, second.changed_at) > (first.number, first.changed_at)
    assert second.changed_at > first.changed_at


def test_a_new_source_name_changes_its_lists_once(store: Store) -> None:
    """Every list that credits the outlet changes with feeds.toml."""
    publish(store, "A", "labor")
    before = store.lists.revision(LABOR).number

    store.sources.sync([source("harbor", name="Harbor Dispatch")], NOW)
    store.sources.sync([source("harbor", name="Harbor Dispatch")], NOW)

    assert store.sources.by_id()["harbor"].name == "Harbor Dispatch"
    assert store.lists.revision(LABOR).number == before + 1


def test_the_first_address_of_the_site_is_kept(store: Store) -> None:
    """The ids of feeds begin with it, wherever the site moves."""
    assert store.lists.first_site() == ""

    store.lists.remember_site("https://old.example", NOW)
    store.lists.remember_site("https://new.example", NOW + HOUR)

    assert store.lists.first_site() == "https://old.example"
