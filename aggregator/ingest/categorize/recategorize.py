"""Recategorise stored stories: after a rule has changed, or by an operator's decision.

    StoryPlacements --recategorize(TopicRules)--> PlacementDiff (before, after) --> PlacementChange

The stories themselves stay as they are: ids, place and lead.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from aggregator.ingest.categorize.rules import TopicRules, categorize, excluded_topics
from aggregator.model import (
    LEARNED,
    Placement,
    PlacementChange,
    Source,
    StoryPlacements,
    Topic,
    TopicOverride,
)

__all__ = ["PlacementDiff", "apply_override", "recategorize", "sources_placed_in"]


class PlacementDiff(NamedTuple):
    """A story and a topic: its placement now, and what it should be."""

    story: StoryPlacements
    topic: str
    before: Placement | None
    after: Placement | None

    @property
    def is_added(self) -> bool:
        """True if the story is added to the topic."""
        return self.before is None and self.after is not None

    @property
    def is_removed(self) -> bool:
        """True if the story is removed from the topic."""
        return self.before is not None and self.after is None

    @property
    def change(self) -> PlacementChange | None:
        """The change to save, or None."""
        if self.before == self.after:
            return None
        return PlacementChange(
            story_number=self.story.story_number, topic=self.topic, placement=self.after
        )


def recategorize(
    stories: Iterable[StoryPlacements], rules: TopicRules, sources: Mapping[str, Source]
) -> Iterator[PlacementDiff]:
    """Compare the placements of stored stories with what the current rules give: one diff for every
    topic that a story is in, or should be."""
    for story in stories:
        yield from _diffs(story, rules, sources)


def _diffs(
    story: StoryPlacements, rules: TopicRules, sources: Mapping[str, Source]
) -> Iterator[PlacementDiff]:
    before = {placement.topic: placement for placement in story.placements}
    found = categorize(story.entries, rules, sources, story.overrides)
    after = {placement.topic: placement for placement in found}
    excluded = excluded_topics(story.overrides)
    for topic in rules.topics:
        current = before.get(topic.id)
        is_learned = current is not None and current.placed_by == LEARNED
        if current and is_learned and topic.learn == "place" and topic.id not in excluded:
            after.setdefault(topic.id, current)  # rules do not decide on what a model has placed
        if topic.id in before or topic.id in after:
            yield PlacementDiff(story, topic.id, before.get(topic.id), after.get(topic.id))


def apply_override(
    story: StoryPlacements,
    topic: Topic,
    is_included: bool | None,
    sources: Mapping[str, Source],
    now: datetime,
) -> tuple[list[TopicOverride], list[PlacementChange]]:
    """The overrides and placements to save when an operator decides that a story is in a topic, or
    is not, or that the rules decide again (None).

    The decision applies to all its entries, and stays with each of them whatever story it is in. A
    story that an operator adds to a topic is listed there as new, else nobody would see it.
    """
    overrides = [
        TopicOverride(
            entry_id=entry.entry_id, topic=topic.id, is_included=is_included, decided_at=now
        )
        for entry in story.entries
    ]
    decided = replace(story, overrides=overrides)  # replaces all earlier decisions
    changes = [
        replace(diff.change, listed_at=now if is_included and diff.is_added else None)
        for diff in _diffs(decided, TopicRules([topic]), sources)
        if diff.change
    ]
    return overrides, changes


def sources_placed_in(sources: Mapping[str, Source], topics: Collection[str]) -> list[str]:
    """Sources of which all stories, or those of a category, are in one of these topics."""
    topics_of = {id_: {*source.topics, *source.tags.values()} for id_, source in sources.items()}
    return [id_ for id_, own in topics_of.items() if not own.isdisjoint(topics)]
