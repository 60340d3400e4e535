"""Rules and sources that have fallen silent, and stories without a topic."""

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

SILENCES = [
    ("two a week, and none for three weeks", [21 + 3.5 * n for n in range(12)], 2.0),
    ("one this week", [2 + 3.5 * n for n in range(12)], None),
    ("daily, and none for a week", [7.5 + n for n in range(20)], 7.0),
    ("silent no longer than before", [12, 13, 14, 24, 25, 26, 36, 37], None),
    ("every month, and none for six weeks", [42 + 30 * n for n in range(6)], None),
    ("only four", [60, 61, 62, 63], None),
    ("all on one day, long ago", [90] * 30, 203.0),
    ("never", [], None),
    ("two a week, and none for a year", [365 + 3.5 * n for n in range(12)], 2.0),
    ("every month, and none for half a year", [180 + 30 * n for n in range(9)], 7 / 30),
]


@pytest.mark.parametrize(
    ("days", "per_week"), [c[1:] for c in SILENCES], ids=[c[0] for c in SILENCES]
)
def test_silence_is_found(days: list[float], per_week: float | None) -> None:
    """A reason is silent after a week, twice its longest gap, and four stories too few."""
    found = find_silence([NOW - day * DAY for day in days], NOW)

    if per_week is None:
        assert found is None
    else:
        assert found
        assert found.since == NOW - min(days) * DAY
        assert found.per_week == pytest.approx(per_week)


def _views(*titles: str, outlet: str = "harbor", tags: tuple[str, ...] = ()) -> list[EntryView]:
    return [view_of_entry(entry(title, outlet, tags=tags), None) for title in titles]


def test_uncategorised_stories_are_grouped() -> None:
    """Each story is in one group of a word or category; function words form none."""
    dams = _views(*(f"The dam with number {n} breaks" for n in range(9)))
    dams += _views(*(f"A dam with cracks in year {n}" for n in range(6)), outlet="plains")
    ports = _views(*(f"News with letters {n}" for n in "abcdefg"), tags=("Ports",))
    placed = _views(*(f"Strike with cranes {n}" for n in range(60)))
    sample = [*((view, False) for view in (*dams, *ports)), *((view, True) for view in placed)]

    first, second, *rest = group_uncategorised(sample, 5)

    assert (first.label, len(first.titles), first.source_count) == ("number", 9, 1)
    assert second.label in ("tag:ports", "news", "letters")
    assert len(second.titles) == 7
    assert [group.label for group in rest] == ["year"]
    assert list(group_uncategorised(sample[:3], 5)) == []


def test_no_stories_form_no_groups() -> None:
    """An empty sample has no groups."""
    assert list(group_uncategorised([], 5)) == []


def test_dates_are_grouped_by_reason() -> None:
    """A story counts once for its topic, and once for each rule or source that placed it.

    Operators' and learned placements do not count, and those without a reason only for the topic.
    """
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


def test_groups_need_no_categorised_stories() -> None:
    """Groups are found even if no story has a topic."""
    sample = [(view, False) for view in _views(*(f"Dam {n} breaks" for n in range(9)))]

    assert [group.label for group in group_uncategorised(sample, 5)] == ["breaks"]
