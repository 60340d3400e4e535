"""Training examples, trained models, and their predictions."""

from dataclasses import dataclass
from datetime import datetime

from aggregator.model.topic import PlacementChange

__all__ = ["ModelInfo", "Predictions", "Suggestion", "TrainingExample"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingExample:
    """A stored story and the topics that it certainly belongs to, because an operator, a rule, its
    source or its category says so.

    `is_labelled` is false if nothing was ever decided about it: a rule may have missed it.
    `learned_topics` are those that only a model has placed it in.
    """

    story_number: int
    lead_entry_id: int
    title: str
    summary: str
    topics: frozenset[str]
    is_labelled: bool
    learned_topics: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A stored story that looks like those of a topic, with a probability from 0 to 1."""

    story_number: int
    lead_entry_id: int
    topic: str
    probability: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """The predictions of a model for stored stories, up to a story number."""

    scored_up_to: int = 0
    suggestions: tuple[Suggestion, ...] = ()
    placements: tuple[PlacementChange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """The newest model: when it was trained, a hash of what it was trained on, and the number of
    the last story that it has scored. Version 0 stands for none."""

    version: int = 0
    trained_at: datetime | None = None
    training_hash: str = ""
    scored_up_to: int = 0
