"""Examples become a Model.

    examples --> features | for each topic: a line between in and out | how certain is certain

The line is that of a linear support vector machine, to which the ratio is added in which each
word stands in and out of the topic (naive Bayes); both are weights of words, so their sum is
one. On the labelled sets the two together judge better than either, and as well as with the
nearest neighbours beside them, which would have to be kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from aggregator.ingest.categorize.learned.vectors import Matrix, TextVectorizer, TitleAndSummary
from aggregator.ingest.categorize.learned.weights import Prediction, TopicModel

__all__ = ["PRECISION", "Example", "TrainingResult", "train"]

PRECISION = 0.9
"""Of what is filed as certain, the part that must be right in cross-validation."""
CROSS_VALIDATION_FOLDS = 4
MIN_EXAMPLES = 2
"""Examples in and out of a topic, below which nothing is learned of it."""
SVM_C = 0.3
NAIVE_BAYES_WEIGHT = 0.25
SMOOTHING = 0.5
UNLABELLED_WEIGHT = 0.2
"""What an example counts of which nothing was said."""
MIN_PLACE_PROBABILITY = 0.5
"""The least probability at which anything is filed."""
UNREACHABLE_THRESHOLD = 2.0
"""More than any probability."""


@dataclass(frozen=True, slots=True)
class Example:
    """A text and the topics that it belongs to; to all others it does not, or hardly if that is
    not sure. It may stand for several that are left out."""

    text: TitleAndSummary
    topics: frozenset[str]
    is_labelled: bool = True
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class _LinearWeights:
    """For each topic a row of weights and a bias."""

    weights: Any
    bias: Any


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """A model, and what it says of each of its own examples, had it not known that one."""

    model: TopicModel
    predictions: list[list[Prediction]]


def train(examples: Sequence[Example], topics: Sequence[str]) -> TrainingResult | None:
    """What the examples say of these topics; None if they are too few for any.

    The same examples in the same order give the same model.
    """
    belongs = np.array([[t in example.topics for t in topics] for example in examples])
    learnable = [
        n
        for n, _ in enumerate(topics)
        if len(examples) and MIN_EXAMPLES <= belongs[:, n].sum() <= len(examples) - MIN_EXAMPLES
    ]
    if not learnable:
        return None
    belongs = belongs[:, learnable]
    try:
        features = TextVectorizer.fit([example.text for example in examples])
    except ValueError:  # there is not a word in them
        return None
    matrix = features.matrix([example.text for example in examples])
    trust = np.array([1.0 if example.is_labelled else UNLABELLED_WEIGHT for example in examples])
    lines, scores = _cross_validated(matrix, belongs, trust, features.word_columns)
    count = np.array([example.weight for example in examples])
    slope, offset, least = _calibrate(scores, belongs, count)
    model = TopicModel(
        features=features,
        topics=tuple(topics[n] for n in learnable),
        weights=lines.weights,
        bias=lines.bias,
        slope=slope,
        offset=offset,
        thresholds=least,
    )
    return TrainingResult(model, model.calibrate(scores))


def _cross_validated(
    matrix: Matrix, belongs: Any, trust: Any, plain: int
) -> tuple[_LinearWeights, Any]:
    """The mean of the lines that are learned from all examples but a part, and the scores of each
    part by the lines that do not know it. The first `plain` columns count words.

    New texts are scored as the parts were: lines from all examples together score them higher
    than the parts, so that what was 0.9 precise would not be.
    """
    scores = np.zeros(belongs.shape)
    mean = _LinearWeights(
        np.zeros((belongs.shape[1], matrix.shape[1]), dtype=np.float32), np.zeros(belongs.shape[1])
    )
    part = np.random.default_rng(0).permutation(len(belongs)) % CROSS_VALIDATION_FOLDS
    for number in range(CROSS_VALIDATION_FOLDS):
        own, others = part == number, part != number
        for n in range(belongs.shape[1]):
            is_in = belongs[others, n]
            if is_in.any() and not is_in.all():
                weights, bias = _fit_line(matrix[others], is_in, trust[others], plain)
                scores[own, n] = matrix[own] @ weights + bias
                mean.weights[n] += weights / CROSS_VALIDATION_FOLDS
                mean.bias[n] += bias / CROSS_VALIDATION_FOLDS
    return mean, scores


def _fit_line(matrix: Matrix, is_in: Any, trust: Any, plain: int) -> tuple[Any, float]:
    """What parts the examples in a topic from the others."""
    line = LinearSVC(C=SVM_C, random_state=0).fit(matrix, is_in, trust)
    words = matrix[:, :plain]
    weights = line.coef_[0]
    weights[:plain] += NAIVE_BAYES_WEIGHT * (_log_frequency(words) - _log_frequency(words[~is_in]))
    return weights, float(line.intercept_[0])


def _log_frequency(words: Matrix) -> Any:
    """The logarithm of each word's part in these texts (Rennie et al. 2003)."""
    counts = np.asarray(words.sum(axis=0)).ravel() + SMOOTHING
    return np.log(counts / counts.sum())


def _calibrate(scores: Any, belongs: Any, count: Any) -> tuple[Any, Any, Any]:
    """For each topic, what turns scores into probabilities, and from which on to file.

    What is not sure to be out counts as out here, and for all that it stands for: among what
    comes in, a topic's stories are few.
    """
    slope, offset, least = (np.zeros(belongs.shape[1]) for _ in range(3))
    for n in range(belongs.shape[1]):
        own, is_in = scores[:, n], belongs[:, n]
        curve = LogisticRegression(C=10.0).fit(own[:, None], is_in, count)
        slope[n], offset[n] = curve.coef_[0, 0], curve.intercept_[0]
        order = np.argsort(-own, kind="stable")
        right, seen = np.cumsum((is_in * count)[order]), np.cumsum(count[order])
        precise = _wilson_lower_bound(right, seen) >= PRECISION
        if slope[n] > 0 and precise.any():
            last = own[order][np.flatnonzero(precise)[-1]]
            likely = 1 / (1 + np.exp(-(last * slope[n] + offset[n])))
            least[n] = max(likely, MIN_PLACE_PROBABILITY)
        else:
            least[n] = UNREACHABLE_THRESHOLD
    return slope, offset, least


def _wilson_lower_bound(right: Any, seen: Any) -> Any:
    """The parts that are right of what was seen, at the lower end of what they may be by chance
    (Wilson 1927, one standard deviation)."""
    part = right / seen
    spread = np.sqrt(part * (1 - part) / seen + 1 / (4 * seen**2))
    return (part + 1 / (2 * seen) - spread) / (1 + 1 / seen)
