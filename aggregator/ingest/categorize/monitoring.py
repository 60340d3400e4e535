"""Placement reasons that have fallen silent, and groups of stories without a topic.

Rules fail silently: an outlet drops a field, renames a category, writes "overdose deaths" where it
wrote "overdoses" (oursqlcommunity-org/planet#175, #68). So every reason is monitored.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from aggregator.ingest.categorize.rules import (
    TopicRules,
    rule_reason,
    source_reason,
    tag_reason,
)
from aggregator.model import EntryView, PlacementReason, ReasonKind, Source
from aggregator.text.tokens import content_words, fold, folded_words

__all__ = [
    "Silence", "StoryGroup", "active_reasons", "dates_by_reason", "find_silence",
    "group_uncategorised",
]  # fmt: skip

WEEK = timedelta(days=7)
FREQUENCY_WINDOW = timedelta(days=182)
"""The time before its last story from which the frequency of a reason is taken."""
MIN_STORIES = 5
"""With fewer stories, a reason has no frequency to go by."""
SILENCE_FACTOR = 2
"""How many times its longest pause a reason must be silent to be reported."""
MIN_MISSED_STORIES = 4
"""Stories that a reason must have missed during its silence to be reported."""
MIN_GROUP_STORIES = 5
"""Stories without a topic that must share a word or category to form a group."""
MIN_PLACED_STORIES = 50
"""With fewer stories in topics, they do not show which words are mere grammar."""
MIN_FREQUENCY_RATIO = 1.5
"""How many times as often a word must occur among stories without a topic as among the others; less
frequent ones are mere grammar."""
_IRREGULAR_KINDS = (ReasonKind.MANUAL, ReasonKind.LEARNED)


class Silence(NamedTuple):
    """Since when a reason has placed nothing, and how many stories a week it placed before."""

    since: datetime
    per_week: float


def find_silence(dates: Sequence[datetime], now: datetime) -> Silence | None:
    """The silence after these dates, judged by the frequency of the last half year; None if it is
    not unusual."""
    ordered = sorted(dates)
    ordered = [date for date in ordered if ordered[-1] - date <= FREQUENCY_WINDOW]
    if len(ordered) < MIN_STORIES:
        return None
    pauses = [later - earlier for earlier, later in pairwise(ordered)]
    since, span = ordered[-1], max(ordered[-1] - ordered[0], timedelta(days=1))
    silence = now - since
    missed = silence / span * len(pauses)
    if silence < max(WEEK, SILENCE_FACTOR * max(pauses)) or missed < MIN_MISSED_STORIES:
        return None
    return Silence(since, WEEK / span * len(pauses))


def active_reasons(
    rules: TopicRules, sources: Iterable[Source]
) -> list[tuple[str, PlacementReason]]:
    """All topics and reasons by which the configuration places stories."""
    reasons = [(topic, rule_reason(clause)) for topic, clause in rules.clauses]
    for source in sources:
        reasons += [(topic, source_reason(source.id)) for topic in source.topics]
        reasons += [(topic, tag_reason(source.id, tag)) for tag, topic in source.tags.items()]
    return reasons


def dates_by_reason(
    placements: Iterable[tuple[int, str, Sequence[PlacementReason], datetime]],
) -> Mapping[tuple[str, PlacementReason | None], Sequence[datetime]]:
    """Dates of the stories that each reason placed, by topic and reason; None is for all reasons.

    What operators and models have placed does not count, since it does not come regularly.
    """
    dates: dict[tuple[str, PlacementReason | None], list[datetime]] = defaultdict(list)
    for _, topic, placed_by, listed_at in placements:
        regular = [reason for reason in placed_by if reason.kind not in _IRREGULAR_KINDS]
        for reason in regular:
            dates[topic, reason].append(listed_at)
        if regular or not placed_by:
            dates[topic, None].append(listed_at)
    return dates


class StoryGroup(NamedTuple):
    """Stories without a topic that share a word or a category."""

    label: str
    titles: tuple[str, ...]
    source_count: int


def group_uncategorised(
    entries: Iterable[tuple[EntryView, bool]], max_groups: int
) -> Iterator[StoryGroup]:
    """The largest groups of stories without a topic, no story in two of them.

    The flag next to each entry says whether its story has a topic.
    """
    labels: dict[EntryView, set[str]] = {}
    placed: Counter[str] = Counter()
    placed_total = 0
    for entry, has_topic in entries:
        if has_topic:
            placed_total += 1
            placed.update(_labels(entry))
        else:
            labels[entry] = _labels(entry)
    for _ in range(max_groups):
        found = Counter(label for own in labels.values() for label in own)
        distinctive = (
            (count, label)
            for label, count in found.items()
            if count >= MIN_GROUP_STORIES
            and _is_distinctive(count, len(labels), placed[label], placed_total)
        )
        count, label = max(distinctive, default=(0, ""))
        if not count:
            return
        members = [entry for entry, own in labels.items() if label in own]
        titles = tuple(entry.title for entry in members)
        yield StoryGroup(label, titles, len({entry.source for entry in members}))
        for entry in members:
            del labels[entry]


def _is_distinctive(count: int, unplaced_total: int, placed_count: int, placed_total: int) -> bool:
    """True if a label is much more frequent among stories without a topic than among others."""
    if placed_total < MIN_PLACED_STORIES:
        return True
    return count / unplaced_total >= MIN_FREQUENCY_RATIO * (placed_count + 1) / (placed_total + 2)


def _labels(entry: EntryView) -> set[str]:
    """The words of an entry's title, and the outlet's categories."""
    words = content_words(folded_words(entry.title))
    return {*words, *(f"tag:{fold(tag).strip()}" for tag in entry.tags)}
