"""What used to file stories and does so no more; what topics share; what none of them has.

Rules fail silently: an outlet drops a field, renames a category, writes "overdose deaths" where
it wrote "overdoses" (oursqlcommunity-org/planet#175, #68). So the yield of every part is watched.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from aggregator.ingest.categorize import BY_OPERATOR, Rulebook, by_clause, by_source, by_tag
from aggregator.model import LEARNED, Source
from aggregator.query import Glimpse
from aggregator.words import fold, folded_words, meaningful

__all__ = ["Group", "Silence", "by_part", "parts", "silence", "unfiled"]

WEEK = timedelta(days=7)
RHYTHM = timedelta(days=182)
FEWEST = 5
"""Stories in a row, below which there is no rhythm to fall out of."""
FACTOR = 2
"""How many times as long as ever before a part is silent before it is reported."""
MISSED = 4
"""Stories that should have come meanwhile, by its rhythm."""
OFTEN = 5
"""Stories without topic that must share a word or a category to be shown as a group."""
ENOUGH = 50
"""Stories with a topic, below which they do not tell what words of grammar are."""
RARER = 1.5
"""How many times as often a word must be among stories without topic as among the others, else
it is a word of grammar."""


class Silence(NamedTuple):
    """Nothing has come since then, and what came before."""

    since: datetime
    a_week: float


_WITHOUT_RHYTHM = frozenset((BY_OPERATOR, *LEARNED))


def silence(dates: Sequence[datetime], now: datetime) -> Silence | None:
    """Whether something that came at these dates has fallen silent, and since when; its rhythm is
    that of its last half year."""
    ordered = sorted(dates)
    ordered = [date for date in ordered if ordered[-1] - date <= RHYTHM]
    if len(ordered) < FEWEST:
        return None
    pauses = [later - earlier for earlier, later in pairwise(ordered)]
    since, span = ordered[-1], max(ordered[-1] - ordered[0], timedelta(days=1))
    quiet = now - since
    if quiet < max(WEEK, FACTOR * max(pauses)) or quiet / span * len(pauses) < MISSED:
        return None
    return Silence(since, WEEK / span * len(pauses))


def parts(rulebook: Rulebook, sources: Iterable[Source]) -> list[tuple[str, str]]:
    """Everything that files now: topic, and how it is called in a placement."""
    listed = [(topic, by_clause(clause)) for topic, clause in rulebook.clauses()]
    for source in sources:
        listed += [(topic, by_source(source.id)) for topic in source.topics]
        listed += [(topic, by_tag(source.id, tag)) for tag, topic in source.tags.items()]
    return listed


class Group(NamedTuple):
    """Stories without topic that share a word or a category."""

    label: str
    titles: tuple[str, ...]
    outlets: int


def unfiled(glimpses: Iterable[tuple[Glimpse, bool]], most: int) -> Iterator[Group]:
    """The largest groups among stories without topic, no story in two of them; the flag says
    whether a story has a topic."""
    labels: dict[Glimpse, set[str]] = {}
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
            if number >= OFTEN and _is_telling(number, len(labels), filed[label], count)
        )
        number, label = max(telling, default=(0, ""))
        if not number:
            return
        members = [glimpse for glimpse, own in labels.items() if label in own]
        titles = tuple(glimpse.document.text("title") for glimpse in members)
        yield Group(label, titles, len({glimpse.source for glimpse in members}))
        for glimpse in members:
            del labels[glimpse]


def _is_telling(number: int, of: int, filed: int, of_filed: int) -> bool:
    if of_filed < ENOUGH:
        return True
    return number / of >= RARER * (filed + 1) / (of_filed + 2)


def _labels(glimpse: Glimpse) -> set[str]:
    """The words of a title and the outlet's categories."""
    words = meaningful(folded_words(glimpse.document.text("title")))
    tags = (f"tag:{fold(tag).strip()}" for tag in glimpse.document.items("tag"))
    return {*words, *tags}


def by_part(
    placed: Iterable[tuple[int, str, Sequence[str], datetime]],
) -> Mapping[tuple[str, str], Sequence[datetime]]:
    """When each part placed stories, by topic and part; a topic as a whole is the part "". What
    operators and learning have placed counts for the table alone, since neither has a rhythm."""
    dates: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for _, topic, by, arrived in placed:
        parts_of_rules = [part for part in by if part not in _WITHOUT_RHYTHM]
        for part in parts_of_rules:
            dates[topic, part].append(arrived)
        if parts_of_rules or not by:  # of an earlier version, which did not keep by what
            dates[topic, ""].append(arrived)
    return dates
