"""A story's tellings and the topics become placements, each with its why.

    [Glimpse] --categorize(Rulebook)--> [Placement]

A story stands in a topic because its outlet is filed there, because the outlet's own category
is mapped there, or because the topic's rule matches one of its tellings; an operator's word
overrules them all. It may stand in many topics, and in none.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from aggregator.model import Placement, Said, Source, Topic
from aggregator.query import Glimpse, Hits, Rules, clauses, parse, written
from aggregator.words import fold

__all__ = [
    "BY_OPERATOR", "BY_RULE", "Finding", "Rulebook", "barred", "by_clause", "by_source", "by_tag",
    "categorize",
]  # fmt: skip

BY_OPERATOR = "hand"
"""What a placement is called that an operator made."""
BY_RULE = "rule "
"""How that begins what a clause is called."""


class Finding(NamedTuple):
    """A clause of a topic's rule that matched, and where."""

    topic: str
    clause: str
    hits: Hits


class Rulebook:
    """The rules of all topics, compiled together, so that filing takes time by the entry and not
    by the number of rules. Each clause is a rule for itself, so that its share is known."""

    def __init__(self, topics: Sequence[Topic] = ()) -> None:
        self.topics = tuple(topics)
        parts = [
            (topic.id, clause)
            for topic in self.topics
            if topic.match
            for clause in clauses(parse(topic.match, topic.stem).root)
        ]
        self._clauses = [(topic, written(clause)) for topic, clause in parts]
        self.roots = tuple(clause for _, clause in parts)
        self._rules = Rules(self.roots)

    def found(self, glimpse: Glimpse) -> Iterator[Finding]:
        """The clauses that match an entry, and where."""
        for number, hits in self._rules.match(glimpse.document).items():
            yield Finding(*self._clauses[number], hits)

    def clauses(self) -> Sequence[tuple[str, str]]:
        """All clauses, each with its topic."""
        return self._clauses


def by_clause(clause: str) -> str:
    """What a placement is called that a clause made."""
    return f"{BY_RULE}{clause}"


def by_source(source: str) -> str:
    """The same for an outlet that is filed as a whole."""
    return f"source {source}"


def by_tag(source: str, tag: str) -> str:
    """The same for an outlet's own category, however it writes it."""
    return f"tag {source} {fold(tag).strip()}"


def categorize(
    glimpses: Iterable[Glimpse],
    rulebook: Rulebook,
    sources: Mapping[str, Source],
    said: Iterable[Said] = (),
) -> tuple[Placement, ...]:
    """Where a story with these tellings belongs, in the order of the topics.

    Unlisted sources give only rules. Of what operators have `said` of its entries, the last word
    on a topic counts.
    """
    last = _last(said)
    out = barred(last.values())
    reasons: dict[str, dict[str, str]] = defaultdict(dict)
    for topic, word in last.items():
        if word.is_in:
            reasons[topic][BY_OPERATOR] = "placed by the operator"
    for glimpse in glimpses:
        for topic, by, why in _reasons(glimpse, sources.get(glimpse.source), rulebook):
            reasons[topic].setdefault(by, why)
    return tuple(
        Placement(
            topic=topic.id,
            why=_why(reasons[topic.id]),
            by=tuple(reasons[topic.id]),
        )
        for topic in rulebook.topics
        if topic.id in reasons and topic.id not in out
    )


def barred(said: Iterable[Said]) -> frozenset[str]:
    """The topics that operators keep the entries of these words out of."""
    return frozenset(topic for topic, word in _last(said).items() if word.is_in is False)


def _last(said: Iterable[Said]) -> dict[str, Said]:
    """The last word on each topic."""
    return {word.topic: word for word in sorted(said, key=lambda word: word.at)}


def _why(reasons: Mapping[str, str]) -> str:
    """One sentence of all reasons; what a rule found is told together."""
    told = [why for by, why in reasons.items() if not by.startswith(BY_RULE)]
    found = [where for by, where in reasons.items() if by.startswith(BY_RULE)]
    return "; ".join([*told, f"rule found {', '.join(found)}"] if found else told)


def _reasons(
    glimpse: Glimpse, source: Source | None, rulebook: Rulebook
) -> Iterator[tuple[str, str, str]]:
    """The topics of an entry, each with what places it there and a reason."""
    if source is not None:
        for topic in source.topics:
            yield topic, by_source(source.id), f"source {source.id}"
        for topic, tag in _by_tags(glimpse.document.items("tag"), source):
            yield topic, by_tag(source.id, tag), f"{source.id} files it under {tag!r}"
    for finding in rulebook.found(glimpse):
        where = ", ".join(finding.hits) or finding.clause
        yield finding.topic, by_clause(finding.clause), where


def _by_tags(tags: Iterable[str], source: Source) -> Iterator[tuple[str, str]]:
    mapped = {fold(tag): topic for tag, topic in source.tags.items()}
    return ((mapped[fold(tag)], tag) for tag in tags if mapped and fold(tag) in mapped)
