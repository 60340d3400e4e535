"""The part of a store that learned rules use: what to learn from, models, and suggestions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from aggregator.model import ModelInfo, Predictions, Suggestion, TrainingExample

__all__ = ["LearningStore"]


class LearningStore(Protocol):
    """Training examples, models and suggestions."""

    def training_examples(self, topics: Sequence[str]) -> list[TrainingExample]:
        """Stories to learn from, oldest first: the newest of all, the newest of each of these
        topics, and all that an operator has decided about."""

    def newest(self, limit: int) -> list[TrainingExample]:
        """Newest published stories, oldest first."""

    def unscored(self, limit: int) -> list[TrainingExample]:
        """Oldest published stories that the newest model has not scored."""

    def has_unscored(self) -> bool:
        """True if there is a model, and stories that it has not scored."""

    def overrides_hash(self, topics: Sequence[str]) -> str:
        """Hash of all operators' decisions about these topics."""

    def model_info(self) -> ModelInfo:
        """The newest model; version 0 if there is none."""

    def model(self, version: int) -> bytes:
        """A stored model."""

    def save_model(
        self, model: bytes, training_hash: str, predictions: Predictions, now: datetime
    ) -> None:
        """Store a new version, and what it predicts for the newest stories."""

    def save_predictions(self, version: int, predictions: Predictions, now: datetime) -> None:
        """Store what a version predicts for stories that have come since."""

    def suggestions(self, topic: str, limit: int) -> list[Suggestion]:
        """Most likely stories of a topic that are not in it and were not removed from it."""
