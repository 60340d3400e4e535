"""Stored stories filed anew: after a rule has changed, or by an operator's word.

    Standing --filings(Rulebook)--> Filing (before, after) --> Refiling

No story is told anew: its ids, its place and its lead stay.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from aggregator.ingest.categorize.rules import TopicRules, categorize, excluded_topics
from aggregator.model import LEARNED, Placement, PlacementChange, Source, Topic, TopicOverride
from aggregator.store import Store, StoryPlacements

__all__ = ["PlacementDiff", "apply_override", "recategorize"]


class PlacementDiff(NamedTuple):
    """A story and a topic: where it stands now, and where it should."""

    story: StoryPlacements
    topic: str
    before: Placement | None
    after: Placement | None

    @property
    def is_added(self) -> bool:
        """True if the story comes into the topic."""
        return self.before is None and self.after is not None

    @property
    def is_removed(self) -> bool:
        """True if the story goes out of the topic."""
        return self.before is not None and self.after is None

    @property
    def change(self) -> PlacementChange | None:
        """What to save, if anything changes."""
        if self.before == self.after:
            return None
        return PlacementChange(
            story_number=self.story.story_number, topic=self.topic, placement=self.after
        )


def recategorize(
    store: Store, rulebook: TopicRules, sources: Mapping[str, Source]
) -> Iterator[PlacementDiff]:
    """The stories that stand in the topics of a rulebook, or should, the oldest first."""
    topics = [topic.id for topic in rulebook.topics]
    for standing in store.standings(topics, rulebook.roots, _sources_filed_under(sources, topics)):
        yield from _diffs_of_story(standing, rulebook, sources)


def _diffs_of_story(
    standing: StoryPlacements, rulebook: TopicRules, sources: Mapping[str, Source]
) -> Iterator[PlacementDiff]:
    """Each topic of a rulebook that a story stands in, or should. What was learned of it stays as
    long as the topic files so."""
    before = {placement.topic: placement for placement in standing.placements}
    found = categorize(standing.entries, rulebook, sources, standing.overrides)
    after = {placement.topic: placement for placement in found}
    out = excluded_topics(standing.overrides)
    for topic in rulebook.topics:
        stands = before.get(topic.id)
        if (
            stands
            and stands.placed_by == LEARNED
            and topic.learn == "place"
            and topic.id not in out
        ):
            after.setdefault(topic.id, stands)
        if topic.id in before or topic.id in after:
            yield PlacementDiff(standing, topic.id, before.get(topic.id), after.get(topic.id))


def apply_override(
    standing: StoryPlacements,
    topic: Topic,
    is_in: bool | None,
    sources: Mapping[str, Source],
    now: datetime,
) -> tuple[list[TopicOverride], list[PlacementChange]]:
    """What changes if an operator says that a story belongs into a topic, or not, or takes that
    back (None). The word is about all its tellings, so it goes with each of them wherever that
    is told. What an operator puts into a topic is news there, else nobody would see it."""
    said = [
        TopicOverride(entry_id=glimpse.entry_id, topic=topic.id, is_included=is_in, decided_at=now)
        for glimpse in standing.entries
    ]
    heard = replace(standing, overrides=said)  # all that was said before is taken back by this
    found = _diffs_of_story(heard, TopicRules([topic]), sources)
    changes = [
        replace(filing.change, listed_at=now if is_in and filing.is_added else None)
        for filing in found
        if filing.change
    ]
    return said, changes


def _sources_filed_under(sources: Mapping[str, Source], topics: Collection[str]) -> list[str]:
    """The outlets whose articles or categories are filed under one of these topics."""
    named = {id_: {*source.topics, *source.tags.values()} for id_, source in sources.items()}
    return [id_ for id_, own in named.items() if not own.isdisjoint(topics)]
