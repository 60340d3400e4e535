"""A story's tellings and the topics become placements, each with its why.

    [Glimpse] --categorize(Rulebook)--> [Placement]

A story stands in a topic because its outlet is filed there, because the outlet's own category
is mapped there, or because the topic's rule matches one of its tellings; an operator's word
overrules them all. It may stand in many topics, and in none.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from aggregator.model import Placement, Source, Topic, TopicOverride
from aggregator.query import EntryView, Hits, RuleSet, clauses, parse, to_text
from aggregator.text.tokens import fold

__all__ = [
    "MANUAL_REASON",
    "RULE_PREFIX",
    "RuleHit",
    "TopicRules",
    "categorize",
    "excluded_topics",
    "rule_reason",
    "source_reason",
    "tag_reason",
]  # fmt: skip

MANUAL_REASON = "hand"
"""What a placement is called that an operator made."""
RULE_PREFIX = "rule "
"""How that begins what a clause is called."""


class RuleHit(NamedTuple):
    """A clause of a topic's rule that matched, and where."""

    topic: str
    clause: str
    hits: Hits


class TopicRules:
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
        self._clauses = [(topic, to_text(clause)) for topic, clause in parts]
        self.roots = tuple(clause for _, clause in parts)
        self._rules = RuleSet(self.roots)

    def hits(self, glimpse: EntryView) -> Iterator[RuleHit]:
        """The clauses that match an entry, and where."""
        for number, hits in self._rules.match(glimpse.fields).items():
            yield RuleHit(*self._clauses[number], hits)

    def clauses(self) -> Sequence[tuple[str, str]]:
        """All clauses, each with its topic."""
        return self._clauses


def rule_reason(clause: str) -> str:
    """What a placement is called that a clause made."""
    return f"{RULE_PREFIX}{clause}"


def source_reason(source: str) -> str:
    """The same for an outlet that is filed as a whole."""
    return f"source {source}"


def tag_reason(source: str, tag: str) -> str:
    """The same for an outlet's own category, however it writes it."""
    return f"tag {source} {fold(tag).strip()}"


def categorize(
    glimpses: Iterable[EntryView],
    rulebook: TopicRules,
    sources: Mapping[str, Source],
    said: Iterable[TopicOverride] = (),
) -> tuple[Placement, ...]:
    """Where a story with these tellings belongs, in the order of the topics.

    Unlisted sources give only rules. Of what operators have `said` of its entries, the last word
    on a topic counts.
    """
    last = _latest_overrides(said)
    out = excluded_topics(last.values())
    reasons: dict[str, dict[str, str]] = defaultdict(dict)
    for topic, word in last.items():
        if word.is_included:
            reasons[topic][MANUAL_REASON] = "placed by the operator"
    for glimpse in glimpses:
        for topic, by, why in _reasons(glimpse, sources.get(glimpse.source), rulebook):
            reasons[topic].setdefault(by, why)
    return tuple(
        Placement(
            topic=topic.id,
            reason=_placement_sentence(reasons[topic.id]),
            placed_by=tuple(reasons[topic.id]),
        )
        for topic in rulebook.topics
        if topic.id in reasons and topic.id not in out
    )


def excluded_topics(said: Iterable[TopicOverride]) -> frozenset[str]:
    """The topics that operators keep the entries of these words out of."""
    return frozenset(
        topic for topic, word in _latest_overrides(said).items() if word.is_included is False
    )


def _latest_overrides(said: Iterable[TopicOverride]) -> dict[str, TopicOverride]:
    """The last word on each topic."""
    return {word.topic: word for word in sorted(said, key=lambda word: word.decided_at)}


def _placement_sentence(reasons: Mapping[str, str]) -> str:
    """One sentence of all reasons; what a rule found is told together."""
    told = [why for by, why in reasons.items() if not by.startswith(RULE_PREFIX)]
    found = [where for by, where in reasons.items() if by.startswith(RULE_PREFIX)]
    return "; ".join([*told, f"rule found {', '.join(found)}"] if found else told)


def _reasons(
    glimpse: EntryView, source: Source | None, rulebook: TopicRules
) -> Iterator[tuple[str, str, str]]:
    """The topics of an entry, each with what places it there and a reason."""
    if source is not None:
        for topic in source.topics:
            yield topic, source_reason(source.id), f"source {source.id}"
        for topic, tag in _mapped_tags(glimpse.fields.items("tag"), source):
            yield topic, tag_reason(source.id, tag), f"{source.id} files it under {tag!r}"
    for finding in rulebook.hits(glimpse):
        where = ", ".join(finding.hits) or finding.clause
        yield finding.topic, rule_reason(finding.clause), where


def _mapped_tags(tags: Iterable[str], source: Source) -> Iterator[tuple[str, str]]:
    mapped = {fold(tag): topic for tag, topic in source.tags.items()}
    return ((mapped[fold(tag)], tag) for tag in tags if mapped and fold(tag) in mapped)
