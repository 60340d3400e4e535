"""The trained model: a weight for each feature and topic, calibration and thresholds."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from aggregator.ingest.categorize.learned.vectors import Matrix, TextVectorizer, TitleAndSummary
from aggregator.text.tokens import content_words, folded_words

__all__ = ["Prediction", "TopicModel", "load"]

MAX_EXPLAINED_WORDS = 60
"""Words of a text that `explain` looks at."""
MAX_REASON_WORDS = 4


@dataclass(frozen=True, slots=True)
class Prediction:
    """The probability that a text belongs to a topic, and whether it is high enough to place it
    there."""

    topic: str
    probability: float
    is_certain: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TopicModel:
    """A linear classifier for each topic.

    `weights` has a row for each topic and `bias` a number; `slope` and `offset` turn scores into
    probabilities (Platt 1999), `thresholds` are the probabilities at which a story is placed.
    """

    features: TextVectorizer
    topics: tuple[str, ...]
    weights: Any
    bias: Any
    slope: Any
    offset: Any
    thresholds: Any

    def scores(self, matrix: Matrix) -> Any:
        """Scores with a row for each row of the matrix and a column for each topic."""
        return np.asarray(matrix @ self.weights.T) + self.bias

    def predict(self, texts: Sequence[TitleAndSummary]) -> list[list[Prediction]]:
        """The predictions for each text, one for each topic."""
        if not texts:
            return []
        return self.calibrate(self.scores(self.features.matrix(texts)))

    def calibrate(self, scores: Any) -> list[list[Prediction]]:
        """The predictions for the scores of each text."""
        probabilities = 1 / (1 + np.exp(-(scores * self.slope + self.offset)))
        return [
            [
                Prediction(topic, float(p), bool(p >= threshold))
                for topic, p, threshold in zip(self.topics, row, self.thresholds, strict=True)
            ]
            for row in probabilities
        ]

    def explain(self, text: TitleAndSummary, topic: str) -> list[str]:
        """The words whose absence lowers the score for the topic most, weightiest first."""
        words = [*dict.fromkeys(content_words(folded_words(" ".join(text))))][:MAX_EXPLAINED_WORDS]
        variants = [text, *(_without_word(text, word) for word in words)]
        column = self.topics.index(topic)
        full, *reduced = self.scores(self.features.matrix(variants))[:, column]
        weighted = sorted(zip(full - reduced, words, strict=True), reverse=True)
        return [word for weight, word in weighted[:MAX_REASON_WORDS] if weight > 0]

    def dump(self) -> bytes:
        """The model as bytes for `load`; they contain no code."""
        file = io.BytesIO()
        state = json.dumps({"topics": self.topics, "features": self.features.state()})
        np.savez_compressed(
            file,
            state=np.frombuffer(state.encode(), dtype=np.uint8),
            weights=self.weights.astype(np.float16),
            numbers=np.stack([self.bias, self.slope, self.offset, self.thresholds]),
        )
        return file.getvalue()


def load(blob: bytes) -> TopicModel:
    """The model from the bytes that `dump` has written."""
    with np.load(io.BytesIO(blob), allow_pickle=False) as read:
        state = json.loads(read["state"].tobytes())
        weights = read["weights"].astype(np.float32)
        bias, slope, offset, thresholds = read["numbers"]
    return TopicModel(
        features=TextVectorizer(state["features"]),
        topics=tuple(state["topics"]),
        weights=weights,
        bias=bias,
        slope=slope,
        offset=offset,
        thresholds=thresholds,
    )


def _without_word(text: TitleAndSummary, word: str) -> TitleAndSummary:
    title, summary = (
        " ".join(own for own in part.split() if word not in folded_words(own)) for part in text
    )
    return title, summary
