"""A Story and the Topics become Placements, each with its why.

    Story --categorize(Rulebook)--> [Placement]

A story stands in a topic because its source is filed there, because the outlet's own
category is mapped there, or because the topic's rule matches one of its tellings.
It may stand in many topics, and in none.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from aggregator.ingest.documents import document_of
from aggregator.model import Entry, Placement, Source, Story, Topic
from aggregator.query import Rules, parse
from aggregator.words import fold

__all__ = ["Rulebook", "categorize"]


class Rulebook:
    """The rules of all topics, compiled together, so that filing takes time by the entry and not
    by the number of rules."""

    def __init__(self, topics: Sequence[Topic] = ()) -> None:
        self.topics = tuple(topics)
        clauses = [
            (topic.id, clause)
            for topic in self.topics
            if topic.match
            for clause in parse(topic.match, topic.stem).clauses
        ]
        self._clauses = [(id_, clause.text) for id_, clause in clauses]
        self._rules = Rules([clause.root for _, clause in clauses])

    def found(self, entry: Entry, source: Source | None) -> dict[str, dict[str, str]]:
        """The topics whose rules match an entry: topic -> clause -> where it was found."""
        found: dict[str, dict[str, str]] = {}
        for number, hits in self._rules.match(document_of(entry, source)).items():
            topic, clause = self._clauses[number]
            found.setdefault(topic, {})[clause] = ", ".join(hits) if hits else clause
        return found


def categorize(
    story: Story, rulebook: Rulebook, sources: Mapping[str, Source]
) -> tuple[Placement, ...]:
    """Where a story belongs, in the order of the topics. Unlisted sources give only rules."""
    why: dict[str, list[str]] = {}
    by: dict[str, list[str]] = {}
    for entry in story.entries:
        for topic, reason, causes in _reasons(entry, sources.get(entry.source), rulebook):
            why.setdefault(topic, []).append(reason)
            by.setdefault(topic, []).extend(causes)
    return tuple(
        Placement(
            topic=topic.id,
            why="; ".join(dict.fromkeys(why[topic.id])),
            by=tuple(dict.fromkeys(by[topic.id])),
        )
        for topic in rulebook.topics
        if topic.id in why
    )


def _reasons(
    entry: Entry, source: Source | None, rulebook: Rulebook
) -> Iterator[tuple[str, str, list[str]]]:
    """A topic, why the entry belongs there, and what in feeds.toml says so."""
    if source is not None:
        for topic in source.topics:
            yield topic, f"source {source.id}", [f"source {source.id}"]
        for topic, tag in _by_tags(entry.tags, source):
            yield topic, f"{source.id} files it under {tag!r}", [f"tag {source.id}: {tag}"]
    for topic, clauses in rulebook.found(entry, source).items():
        yield topic, f"rule found {', '.join(clauses.values())}", [f"rule {c}" for c in clauses]


def _by_tags(tags: Iterable[str], source: Source) -> Iterator[tuple[str, str]]:
    mapped = {fold(tag): topic for tag, topic in source.tags.items()}
    return ((mapped[fold(tag)], tag) for tag in tags if mapped and fold(tag) in mapped)
