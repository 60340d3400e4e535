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
        self._ruled = [topic for topic in self.topics if topic.match]
        self._rules = Rules([parse(topic.match, topic.stem).root for topic in self._ruled])

    def found(self, entry: Entry, source: Source | None) -> Iterator[tuple[str, str]]:
        """The topics whose rules match an entry, and where."""
        for number, hits in self._rules.match(document_of(entry, source)).items():
            topic = self._ruled[number]
            yield topic.id, ", ".join(hits) if hits else topic.match


def categorize(
    story: Story, rulebook: Rulebook, sources: Mapping[str, Source]
) -> tuple[Placement, ...]:
    """Where a story belongs, in the order of the topics. Unlisted sources give only rules."""
    why: dict[str, list[str]] = {}
    for entry in story.entries:
        for topic, reason in _reasons(entry, sources.get(entry.source), rulebook):
            why.setdefault(topic, []).append(reason)
    return tuple(
        Placement(topic=topic.id, why="; ".join(dict.fromkeys(why[topic.id])))
        for topic in rulebook.topics
        if topic.id in why
    )


def _reasons(entry: Entry, source: Source | None, rulebook: Rulebook) -> Iterator[tuple[str, str]]:
    """The topics of an entry, each with a reason."""
    if source is not None:
        for topic in source.topics:
            yield topic, f"source {source.id}"
        for topic, tag in _by_tags(entry.tags, source):
            yield topic, f"{source.id} files it under {tag!r}"
    for topic, where in rulebook.found(entry, source):
        yield topic, f"rule found {where}"


def _by_tags(tags: Iterable[str], source: Source) -> Iterator[tuple[str, str]]:
    mapped = {fold(tag): topic for tag, topic in source.tags.items()}
    return ((mapped[fold(tag)], tag) for tag in tags if mapped and fold(tag) in mapped)
