"""What has been learned: a weight for each feature and topic, and how certain is certain enough."""

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
"""Of a text, without which it is judged again to say why."""
REASON_WORDS = 4


@dataclass(frozen=True, slots=True)
class Prediction:
    """How likely a text belongs to a topic, 0 to 1, and whether that is certain enough to file it
    there."""

    topic: str
    probability: float
    is_certain: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TopicModel:
    """`weights` has a row for each topic and `bias` a number; `slope` and `offset` turn scores
    into probabilities (Platt 1999), `least` is the probability that is certain enough."""

    features: TextVectorizer
    topics: tuple[str, ...]
    weights: Any
    bias: Any
    slope: Any
    offset: Any
    thresholds: Any

    def scores(self, matrix: Matrix) -> Any:
        """A row for each row of the matrix, a column for each topic."""
        return np.asarray(matrix @ self.weights.T) + self.bias

    def predict(self, texts: Sequence[TitleAndSummary]) -> list[list[Prediction]]:
        """Of each text, what each topic says."""
        if not texts:
            return []
        return self.calibrate(self.scores(self.features.matrix(texts)))

    def calibrate(self, scores: Any) -> list[list[Prediction]]:
        """What a row of scores for each text comes to."""
        likely = 1 / (1 + np.exp(-(scores * self.slope + self.offset)))
        return [
            [
                Prediction(topic, float(p), bool(p >= least))
                for topic, p, least in zip(self.topics, row, self.thresholds, strict=True)
            ]
            for row in likely
        ]

    def explain(self, text: TitleAndSummary, topic: str) -> list[str]:
        """The words without which the text would be least of the topic, weightiest first."""
        words = [*dict.fromkeys(content_words(folded_words(" ".join(text))))][:MAX_EXPLAINED_WORDS]
        without = [text, *(_without(text, word) for word in words)]
        column = self.topics.index(topic)
        whole, *rest = self.scores(self.features.matrix(without))[:, column]
        lost = sorted(zip(whole - rest, words, strict=True), reverse=True)
        return [word for weight, word in lost[:REASON_WORDS] if weight > 0]

    def dump(self) -> bytes:
        """For `load`; no code is in it."""
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
    """What `dump` has written."""
    with np.load(io.BytesIO(blob), allow_pickle=False) as read:
        state = json.loads(read["state"].tobytes())
        weights = read["weights"].astype(np.float32)
        bias, slope, offset, least = read["numbers"]
    return TopicModel(
        features=TextVectorizer(state["features"]),
        topics=tuple(state["topics"]),
        weights=weights,
        bias=bias,
        slope=slope,
        offset=offset,
        thresholds=least,
    )


def _without(text: TitleAndSummary, word: str) -> TitleAndSummary:
    title, teaser = (
        " ".join(own for own in part.split() if word not in folded_words(own)) for part in text
    )
    return title, teaser
