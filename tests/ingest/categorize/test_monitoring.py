"""What has fallen silent, and what no topic has."""

from datetime import timedelta

import pytest

from aggregator.ingest.categorize.monitoring import (
    dates_by_reason,
    find_silence,
    group_uncategorised,
)
from aggregator.model import EntryView, PlacementReason, ReasonKind
from aggregator.query import view_of_entry
from tests.harness.builders import NOW, entry

DAY = timedelta(days=1)

CASES = [
    ("two a week, and none for three weeks", [21 + 3.5 * n for n in range(12)], 2.0),
    ("it came this week", [2 + 3.5 * n for n in range(12)], None),
    ("silent for a week only, of daily ones", [7.5 + n for n in range(20)], 7.0),
    ("silent as long as before", [12, 13, 14, 24, 25, 26, 36, 37], None),
    ("once a month, and six weeks ago", [42 + 30 * n for n in range(6)], None),
    ("four in all", [60, 61, 62, 63], None),
    ("all on one day, long ago", [90] * 30, 203.0),
    ("never", [], None),
    ("two a week, and none for a year", [365 + 3.5 * n for n in range(12)], 2.0),
    ("every month, and none for half a year", [180 + 30 * n for n in range(9)], 7 / 30),
]


@pytest.mark.parametrize(("days", "a_week"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_silence(days: list[float], a_week: float | None) -> None:
    """A part is silent after a week, twice as long as ever, and four stories too few."""
    found = find_silence([NOW - day * DAY for day in days], NOW)

    if a_week is None:
        assert found is None
    else:
        assert found
        assert found.since == NOW - min(days) * DAY
        assert found.per_week == pytest.approx(a_week)


def _views(*titles: str, outlet: str = "harbor", tags: tuple[str, ...] = ()) -> list[EntryView]:
    return [view_of_entry(entry(title, outlet, tags=tags), None) for title in titles]


def test_what_no_topic_has() -> None:
    """Grouped by words and categories, each story in one group, grammar in none."""
    dams = _views(*(f"The dam with number {n} breaks" for n in range(9)))
    dams += _views(*(f"A dam with cracks in year {n}" for n in range(6)), outlet="plains")
    ports = _views(*(f"News with letters {n}" for n in "abcdefg"), tags=("Ports",))
    filed = _views(*(f"Strike with cranes {n}" for n in range(60)))
    sample = [*((view, False) for view in (*dams, *ports)), *((view, True) for view in filed)]

    first, second, *rest = group_uncategorised(sample, 5)

    assert (first.label, len(first.titles), first.source_count) == ("number", 9, 1)
    assert second.label in ("tag:ports", "news", "letters")
    assert len(second.titles) == 7
    assert [group.label for group in rest] == ["year"]
    assert list(group_uncategorised(sample[:3], 5)) == []


def test_nothing_is_stored() -> None:
    """There is nothing to group."""
    assert list(group_uncategorised([], 5)) == []


def test_what_has_a_rhythm() -> None:
    """Each story counts once for its topic, whatever found it; what operators and learning file
    has no rhythm, and what an earlier version filed counts for the topic alone."""
    a, b = (PlacementReason(ReasonKind.RULE, clause) for clause in "ab")
    by_hand, learned = PlacementReason(ReasonKind.MANUAL), PlacementReason(ReasonKind.LEARNED)
    harbor = PlacementReason(ReasonKind.SOURCE, "harbor")
    placed = [
        (1, "labor", (a, b), NOW),
        (2, "labor", (by_hand,), NOW),
        (3, "labor", (learned,), NOW),
        (4, "labor", (), NOW - DAY),
        (5, "labor", (by_hand, harbor), NOW),
    ]

    assert dates_by_reason(placed) == {
        ("labor", a): [NOW],
        ("labor", b): [NOW],
        ("labor", harbor): [NOW],
        ("labor", None): [NOW, NOW - DAY, NOW],
    }


def test_few_stories_have_topics() -> None:
    """Groups are shown all the same."""
    sample = [(view, False) for view in _views(*(f"Dam {n} breaks" for n in range(9)))]

    assert [group.label for group in group_uncategorised(sample, 5)] == ["breaks"]
