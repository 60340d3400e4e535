"""Categorise stories: the topics that one belongs to, and why.

    [EntryView] --categorize(TopicRules)--> [Placement]

A story is in a topic because its source is, because the outlet's own category is mapped to the
topic, or because the topic's rule matches one of its entries; an operator's decision overrides all
of these. It may be in any number of topics.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from aggregator.model import (
    EntryView,
    Placement,
    PlacementReason,
    ReasonKind,
    Source,
    Topic,
    TopicOverride,
)
from aggregator.query import Hits, RuleSet, clauses, fields_of_view, parse, to_text
from aggregator.text.tokens import fold

__all__ = [
    "MANUAL_REASON", "RuleHit", "TopicRules", "categorize", "excluded_topics", "rule_reason",
    "source_reason", "tag_reason",
]  # fmt: skip

MANUAL_REASON = PlacementReason(ReasonKind.MANUAL)


class RuleHit(NamedTuple):
    """A clause of a topic's rule that matches an entry, and where."""

    topic: str
    clause: str
    hits: Hits


class TopicRules:
    """The rules of all topics, compiled together, so that the time of matching depends on the
    entry, not on the number of rules.

    Each clause is compiled as a rule of its own, so that the ones that match are known.
    """

    def __init__(self, topics: Sequence[Topic] = ()) -> None:
        self.topics = tuple(topics)
        parts = [
            (topic.id, clause)
            for topic in self.topics
            if topic.match
            for clause in clauses(parse(topic.match, topic.stem).root)
        ]
        self.clauses = tuple((topic, to_text(clause)) for topic, clause in parts)
        """All clauses as text, each with its topic."""
        self.roots = tuple(clause for _, clause in parts)
        self._rules = RuleSet(self.roots)

    def hits(self, entry: EntryView) -> Iterator[RuleHit]:
        """The clauses that match an entry, and where."""
        for index, hits in self._rules.match(fields_of_view(entry)).items():
            yield RuleHit(*self.clauses[index], hits)


def rule_reason(clause: str) -> PlacementReason:
    """The reason for a story that a clause of the topic's rule matches."""
    return PlacementReason(ReasonKind.RULE, clause)


def source_reason(source: str) -> PlacementReason:
    """The reason for a story whose source belongs to the topic as a whole."""
    return PlacementReason(ReasonKind.SOURCE, source)


def tag_reason(source: str, tag: str) -> PlacementReason:
    """The reason for a story whose outlet's own category is mapped to the topic."""
    return PlacementReason(ReasonKind.TAG, fold(tag).strip(), source)


def categorize(
    entries: Iterable[EntryView],
    rules: TopicRules,
    sources: Mapping[str, Source],
    overrides: Iterable[TopicOverride] = (),
) -> tuple[Placement, ...]:
    """Placements of a story with these entries, in the order of the topics.

    Entries of unlisted sources are placed by rules alone. Of several overrides on a topic, the
    latest counts.
    """
    latest = _latest_overrides(overrides)
    excluded = excluded_topics(latest.values())
    reasons: dict[str, dict[PlacementReason, str]] = defaultdict(dict)
    for topic, override in latest.items():
        if override.is_included:
            reasons[topic][MANUAL_REASON] = "placed by the operator"
    for entry in entries:
        for topic, reason, sentence in _reasons(entry, sources.get(entry.source), rules):
            reasons[topic].setdefault(reason, sentence)
    return tuple(
        Placement(
            topic=topic.id,
            reason=_sentence(reasons[topic.id]),
            placed_by=tuple(reasons[topic.id]),
        )
        for topic in rules.topics
        if topic.id in reasons and topic.id not in excluded
    )


def excluded_topics(overrides: Iterable[TopicOverride]) -> frozenset[str]:
    """The topics that a story with these overrides is kept out of."""
    latest = _latest_overrides(overrides)
    return frozenset(topic for topic, override in latest.items() if override.is_included is False)


def _latest_overrides(overrides: Iterable[TopicOverride]) -> dict[str, TopicOverride]:
    ordered = sorted(overrides, key=lambda override: override.decided_at)
    return {override.topic: override for override in ordered}


def _sentence(reasons: Mapping[PlacementReason, str]) -> str:
    """One sentence for all reasons, with the hits of all clauses together."""
    others = [text for reason, text in reasons.items() if reason.kind is not ReasonKind.RULE]
    found = [text for reason, text in reasons.items() if reason.kind is ReasonKind.RULE]
    return "; ".join([*others, f"rule found {', '.join(found)}"] if found else others)


def _reasons(
    entry: EntryView, source: Source | None, rules: TopicRules
) -> Iterator[tuple[str, PlacementReason, str]]:
    """The topics of an entry, each with a reason and a phrase that states it."""
    if source is not None:
        for topic in source.topics:
            yield topic, source_reason(source.id), f"source {source.id}"
        for topic, tag in _mapped_tags(entry.tags, source):
            yield topic, tag_reason(source.id, tag), f"{source.id} files it under {tag!r}"
    for hit in rules.hits(entry):
        yield hit.topic, rule_reason(hit.clause), ", ".join(hit.hits) or hit.clause


def _mapped_tags(tags: Iterable[str], source: Source) -> Iterator[tuple[str, str]]:
    """The topics that a source's categories are mapped to, each with the category."""
    mapped = {fold(tag): topic for tag, topic in source.tags.items()}
    return ((mapped[fold(tag)], tag) for tag in tags if mapped and fold(tag) in mapped)
