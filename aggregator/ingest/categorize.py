"""A Story and the Topics become Placements, each with its why.

A story stands in a topic because its source is filed there, because the outlet's own
category is mapped there, or because the topic's rule matches one of its tellings.
It may stand in many topics, and in none.
"""

from collections.abc import Mapping, Sequence

from aggregator import query
from aggregator.ingest.text import document_of
from aggregator.model import Entry, Placement, Source, Story, Topic
from aggregator.words import fold

__all__ = ["categorize"]


def categorize(
    story: Story, topics: Sequence[Topic], sources: Mapping[str, Source]
) -> list[Placement]:
    """Where a story belongs, in the order of `topics`. Unlisted sources give only rules."""
    why: dict[str, list[str]] = {}
    for entry in story.entries:
        source = sources.get(entry.source)
        if source is not None:
            _by_source(source, why)
            _by_tags(entry, source, why)
        _by_rules(entry, source, topics, why)
    return [
        Placement(topic=topic.id, why="; ".join(dict.fromkeys(why[topic.id])))
        for topic in topics
        if topic.id in why
    ]


def _by_source(source: Source, why: dict[str, list[str]]) -> None:
    for topic in source.topics:
        why.setdefault(topic, []).append(f"source {source.id}")


def _by_tags(entry: Entry, source: Source, why: dict[str, list[str]]) -> None:
    mapped = {fold(tag): topic for tag, topic in source.tags.items()}
    for tag in entry.tags:
        if topic := mapped.get(fold(tag)):
            why.setdefault(topic, []).append(f"{source.id} files it under {tag!r}")


def _by_rules(
    entry: Entry, source: Source | None, topics: Sequence[Topic], why: dict[str, list[str]]
) -> None:
    document = document_of(entry, source)
    for topic in topics:
        if topic.match and (hits := query.parse(topic.match).match(document)) is not None:
            found = ", ".join(hits) if hits else topic.match
            why.setdefault(topic.id, []).append(f"rule found {found}")
