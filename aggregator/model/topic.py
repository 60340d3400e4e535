"""Topics, which stories are in them, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from aggregator.model.entry import EntryView
from aggregator.model.keys import ListScope, PlacementReason, ReasonKind, topic_scope

__all__ = [
    "LEARNED", "Learn", "Placement", "PlacementChange", "SampledStory", "Share", "StoryPlacements",
    "Topic", "TopicOverride", "shares",
]  # fmt: skip

Learn = Literal["off", "suggest", "place"]
"""What happens to stories that look like those of a topic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """At most `max_stories` of one outlet among any `window` consecutive stories."""

    max_stories: int
    window: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic as listed in feeds.toml; `match` is a rule in the query language."""

    id: str
    title: str
    description: str = ""
    match: str = ""
    language: str = ""
    stem: str = ""
    """Language whose stems the words of `match` are compared by; empty to compare whole words."""
    learn: Learn = "off"
    share: Share | None = None
    was: tuple[str, ...] = ()
    """Former ids."""


def shares(topics: Sequence[Topic]) -> dict[ListScope, Share]:
    """The share per outlet of each list that has one."""
    return {topic_scope(topic.id): topic.share for topic in topics if topic.share}


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """A story's place in a topic, and why: `reason` is a sentence for people, `placed_by` the same
    for programs."""

    topic: str
    reason: str
    placed_by: tuple[PlacementReason, ...] = ()


LEARNED = (PlacementReason(ReasonKind.LEARNED),)
"""`placed_by` of a story that is in a topic only because it looks like its other stories."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementChange:
    """A stored story is added to a topic, or removed from it if `placement` is None.

    In the topic's list it has the date that it has in all other lists, or `listed_at`.
    """

    story_number: int
    topic: str
    placement: Placement | None
    listed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicOverride:
    """An operator's decision that the article of an entry is in a topic, or is not, or that the
    rules decide (None)."""

    entry_id: int
    topic: str
    is_included: bool | None
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class StoryPlacements:
    """A stored story as categorisation sees it, and its placements in the requested topics."""

    story_number: int
    entries: Sequence[EntryView]
    placements: Sequence[Placement]
    overrides: Sequence[TopicOverride]
    is_held: bool


@dataclass(frozen=True, slots=True)
class SampledStory:
    """A published story as rules see it; `lead` is one of its entries."""

    lead: EntryView
    entries: Sequence[EntryView]
    has_topic: bool
