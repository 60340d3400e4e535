"""Where stories stand and why, what operators say of it, and what topics learn."""

from dataclasses import dataclass
from datetime import datetime

__all__ = [
    "LEARNED",
    "ModelInfo",
    "Placement",
    "PlacementChange",
    "Predictions",
    "Suggestion",
    "TopicOverride",
    "TrainingExample",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """A story stands in a topic, and why.

    `why` is a sentence for people, `by` names what places it there: the clauses of the topic's
    rule, the outlet, its category, the operator.
    """

    topic: str
    reason: str
    placed_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementChange:
    """A stored story, by its row, comes into a topic, or out of it if there is no `placement`.

    In the topic's list it stands at the place that it has in all others, or where it would if it
    had `arrived` then.
    """

    story_number: int
    topic: str
    placement: Placement | None
    listed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicOverride:
    """An operator has said `at` a time that the article of an entry, by its row, belongs into a
    topic, or not, or that the rules may decide (None)."""

    entry_id: int
    topic: str
    is_included: bool | None
    decided_at: datetime


LEARNED = ("learned",)
"""By what a story was placed that looks like those of a topic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingExample:
    """A stored story, by its row and its lead's, and the topics that it certainly belongs to: an
    operator, a rule, its outlet or its category says so. `is_sure` is false if nothing was ever
    said of it: a rule may have missed it. `learned` are the topics where it was only placed by
    what had been learned."""

    story_number: int
    lead_entry_id: int
    title: str
    summary: str
    topics: frozenset[str]
    is_labelled: bool
    learned_topics: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A stored story, by its row and its lead's, looks like those of a topic; `probability` is
    0 to 1."""

    story_number: int
    lead_entry_id: int
    topic: str
    probability: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """What a model says of stored stories, of all up to a row."""

    scored_up_to: int = 0
    suggestions: tuple[Suggestion, ...] = ()
    placements: tuple[PlacementChange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """What was learned last: its version, `made` when and `of` what (a digest of settings and of
    operators' words); `judged` is the row of the last story that it has seen."""

    version: int = 0
    trained_at: datetime | None = None
    training_hash: str = ""
    scored_up_to: int = 0
