"""What used to file stories and does so no more; what topics share; what none of them has.

Rules fail silently: an outlet drops a field, renames a category, writes "overdose deaths" where
it wrote "overdoses" (oursqlcommunity-org/planet#175, #68). So the yield of every part is watched.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from aggregator.ingest.categorize.rules import (
    MANUAL_REASON,
    TopicRules,
    rule_reason,
    source_reason,
    tag_reason,
)
from aggregator.model import LEARNED, Source
from aggregator.query import EntryView
from aggregator.text.tokens import content_words, fold, folded_words

__all__ = [
    "Silence",
    "StoryGroup",
    "active_reasons",
    "dates_by_reason",
    "find_silence",
    "group_unfiled",
]

WEEK = timedelta(days=7)
RHYTHM_WINDOW = timedelta(days=182)
MIN_STORIES = 5
"""Stories in a row, below which there is no rhythm to fall out of."""
SILENCE_FACTOR = 2
"""How many times as long as ever before a part is silent before it is reported."""
MIN_MISSED_STORIES = 4
"""Stories that should have come meanwhile, by its rhythm."""
MIN_GROUP_STORIES = 5
"""Stories without topic that must share a word or a category to be shown as a group."""
MIN_FILED_STORIES = 50
"""Stories with a topic, below which they do not tell what words of grammar are."""
MIN_FREQUENCY_RATIO = 1.5
"""How many times as often a word must be among stories without topic as among the others, else
it is a word of grammar."""


class Silence(NamedTuple):
    """Nothing has come since then, and what came before."""

    since: datetime
    per_week: float


_REASONS_WITHOUT_RHYTHM = frozenset((MANUAL_REASON, *LEARNED))


def find_silence(dates: Sequence[datetime], now: datetime) -> Silence | None:
    """Whether something that came at these dates has fallen silent, and since when; its rhythm is
    that of its last half year."""
    ordered = sorted(dates)
    ordered = [date for date in ordered if ordered[-1] - date <= RHYTHM_WINDOW]
    if len(ordered) < MIN_STORIES:
        return None
    pauses = [later - earlier for earlier, later in pairwise(ordered)]
    since, span = ordered[-1], max(ordered[-1] - ordered[0], timedelta(days=1))
    quiet = now - since
    if (
        quiet < max(WEEK, SILENCE_FACTOR * max(pauses))
        or quiet / span * len(pauses) < MIN_MISSED_STORIES
    ):
        return None
    return Silence(since, WEEK / span * len(pauses))


def active_reasons(rulebook: TopicRules, sources: Iterable[Source]) -> list[tuple[str, str]]:
    """Everything that files now: topic, and how it is called in a placement."""
    listed = [(topic, rule_reason(clause)) for topic, clause in rulebook.clauses()]
    for source in sources:
        listed += [(topic, source_reason(source.id)) for topic in source.topics]
        listed += [(topic, tag_reason(source.id, tag)) for tag, topic in source.tags.items()]
    return listed


class StoryGroup(NamedTuple):
    """Stories without topic that share a word or a category."""

    label: str
    titles: tuple[str, ...]
    outlets: int


def group_unfiled(glimpses: Iterable[tuple[EntryView, bool]], most: int) -> Iterator[StoryGroup]:
    """The largest groups among stories without topic, no story in two of them; the flag says
    whether a story has a topic."""
    labels: dict[EntryView, set[str]] = {}
    filed: Counter[str] = Counter()
    count = 0
    for glimpse, is_filed in glimpses:
        if is_filed:
            count += 1
            filed.update(_labels(glimpse))
        else:
            labels[glimpse] = _labels(glimpse)
    for _ in range(most):
        found = Counter(label for own in labels.values() for label in own)
        telling = (
            (number, label)
            for label, number in found.items()
            if number >= MIN_GROUP_STORIES
            and _is_distinctive(number, len(labels), filed[label], count)
        )
        number, label = max(telling, default=(0, ""))
        if not number:
            return
        members = [glimpse for glimpse, own in labels.items() if label in own]
        titles = tuple(glimpse.fields.text("title") for glimpse in members)
        yield StoryGroup(label, titles, len({glimpse.source for glimpse in members}))
        for glimpse in members:
            del labels[glimpse]


def _is_distinctive(number: int, of: int, filed: int, of_filed: int) -> bool:
    if of_filed < MIN_FILED_STORIES:
        return True
    return number / of >= MIN_FREQUENCY_RATIO * (filed + 1) / (of_filed + 2)


def _labels(glimpse: EntryView) -> set[str]:
    """The words of a title and the outlet's categories."""
    words = content_words(folded_words(glimpse.fields.text("title")))
    tags = (f"tag:{fold(tag).strip()}" for tag in glimpse.fields.items("tag"))
    return {*words, *tags}


def dates_by_reason(
    placed: Iterable[tuple[int, str, Sequence[str], datetime]],
) -> Mapping[tuple[str, str], Sequence[datetime]]:
    """When each part placed stories, by topic and part; a topic as a whole is the part "". What
    operators and learning have placed counts for the table alone, since neither has a rhythm."""
    dates: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for _, topic, by, arrived in placed:
        parts_of_rules = [part for part in by if part not in _REASONS_WITHOUT_RHYTHM]
        for part in parts_of_rules:
            dates[topic, part].append(arrived)
        if parts_of_rules or not by:  # of an earlier version, which did not keep by what
            dates[topic, ""].append(arrived)
    return dates
