"""Train a TopicModel from examples.

    examples --> features | a linear classifier for each topic | calibration, thresholds

A classifier is a linear support vector machine, to whose weights those of naive Bayes (the log
ratio of each word's frequency in and out of the topic) are added. On the labelled sets the two
together do better than either. Adding nearest neighbours did no better, and all examples would have
to be stored.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from aggregator.ingest.categorize.learned.vectors import Matrix, TextVectorizer, TitleAndSummary
from aggregator.ingest.categorize.learned.weights import Prediction, TopicModel

__all__ = ["MIN_PRECISION", "Example", "TrainingResult", "train"]

MIN_PRECISION = 0.9
"""Fraction of the placements that must be right in cross-validation."""
CROSS_VALIDATION_FOLDS = 4
MIN_EXAMPLES = 2
"""A topic with fewer examples in it, or outside it, is not learned."""
SVM_C = 0.3
NAIVE_BAYES_WEIGHT = 0.25
WORD_COUNT_SMOOTHING = 0.5
"""Added to the count of every word."""
UNLABELLED_WEIGHT = 0.2
"""Weight in training of an example that nobody has labelled."""
MIN_PLACE_PROBABILITY = 0.5
"""No threshold is lower than this."""
UNREACHABLE_THRESHOLD = 2.0
"""Higher than any probability: nothing is placed."""


@dataclass(frozen=True, slots=True)
class Example:
    """A text and the topics that it belongs to.

    A labelled text belongs to no other topics, an unlabelled one probably to none. `weight` is the
    number of similar texts that the example stands for.
    """

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
    """A model, and its cross-validated predictions for its own examples."""

    model: TopicModel
    predictions: list[list[Prediction]]


def train(examples: Sequence[Example], topics: Sequence[str]) -> TrainingResult | None:
    """Train a model of these topics; None if there are too few examples for any of them.

    The same examples in the same order give the same model.
    """
    labels = np.array([[t in example.topics for t in topics] for example in examples])
    learnable = [
        n
        for n, _ in enumerate(topics)
        if len(examples) and MIN_EXAMPLES <= labels[:, n].sum() <= len(examples) - MIN_EXAMPLES
    ]
    if not learnable:
        return None
    labels = labels[:, learnable]
    try:
        features = TextVectorizer.fit([example.text for example in examples])
    except ValueError:  # the examples contain no words
        return None
    matrix = features.matrix([example.text for example in examples])
    confidence = np.array(
        [1.0 if example.is_labelled else UNLABELLED_WEIGHT for example in examples]
    )
    linear, scores = _cross_validate(matrix, labels, confidence, features.word_columns)
    sizes = np.array([example.weight for example in examples])
    slope, offset, thresholds = _calibrate(scores, labels, sizes)
    model = TopicModel(
        features=features,
        topics=tuple(topics[n] for n in learnable),
        weights=linear.weights,
        bias=linear.bias,
        slope=slope,
        offset=offset,
        thresholds=thresholds,
    )
    return TrainingResult(model, model.calibrate(scores))


def _cross_validate(
    matrix: Matrix, labels: Any, confidence: Any, word_columns: int
) -> tuple[_LinearWeights, Any]:
    """The mean of the classifiers trained without each fold, and the scores of each fold by the
    classifiers trained without it. The first `word_columns` columns count words.

    New texts are scored by this mean: classifiers trained on all examples would score them higher
    than the folds were, so the thresholds would not give the precision they were chosen for.
    """
    scores = np.zeros(labels.shape)
    mean = _LinearWeights(
        np.zeros((labels.shape[1], matrix.shape[1]), dtype=np.float32), np.zeros(labels.shape[1])
    )
    folds = np.random.default_rng(0).permutation(len(labels)) % CROSS_VALIDATION_FOLDS
    for fold in range(CROSS_VALIDATION_FOLDS):
        own, others = folds == fold, folds != fold
        for n in range(labels.shape[1]):
            is_in = labels[others, n]
            if is_in.any() and not is_in.all():
                weights, bias = _fit_classifier(
                    matrix[others], is_in, confidence[others], word_columns
                )
                scores[own, n] = matrix[own] @ weights + bias
                mean.weights[n] += weights / CROSS_VALIDATION_FOLDS
                mean.bias[n] += bias / CROSS_VALIDATION_FOLDS
    return mean, scores


def _fit_classifier(
    matrix: Matrix, is_in: Any, confidence: Any, word_columns: int
) -> tuple[Any, float]:
    """Weights and bias that separate the examples in a topic from the others."""
    classifier = LinearSVC(C=SVM_C, random_state=0).fit(matrix, is_in, confidence)
    words = matrix[:, :word_columns]
    log_ratio = _log_frequency(words) - _log_frequency(words[~is_in])
    weights = classifier.coef_[0]
    weights[:word_columns] += NAIVE_BAYES_WEIGHT * log_ratio
    return weights, float(classifier.intercept_[0])


def _log_frequency(words: Matrix) -> Any:
    """The logarithm of each word's relative frequency in these texts (Rennie et al. 2003)."""
    counts = np.asarray(words.sum(axis=0)).ravel() + WORD_COUNT_SMOOTHING
    return np.log(counts / counts.sum())


def _calibrate(scores: Any, labels: Any, sizes: Any) -> tuple[Any, Any, Any]:
    """For each topic, the slope and offset that turn scores into probabilities, and the threshold
    at which a story is placed.

    Unlabelled examples count here as fully as others, and with all the texts that they stand for:
    of the stories that come in, few belong to a topic.
    """
    slope, offset, thresholds = (np.zeros(labels.shape[1]) for _ in range(3))
    for n in range(labels.shape[1]):
        own, is_in = scores[:, n], labels[:, n]
        curve = LogisticRegression(C=10.0).fit(own[:, None], is_in, sizes)
        slope[n], offset[n] = curve.coef_[0, 0], curve.intercept_[0]
        order = np.argsort(-own, kind="stable")
        right, total = np.cumsum((is_in * sizes)[order]), np.cumsum(sizes[order])
        is_precise = _wilson_lower_bound(right, total) >= MIN_PRECISION
        if slope[n] > 0 and is_precise.any():
            lowest_score = own[order][np.flatnonzero(is_precise)[-1]]
            probability = 1 / (1 + np.exp(-(lowest_score * slope[n] + offset[n])))
            thresholds[n] = max(probability, MIN_PLACE_PROBABILITY)
        else:
            thresholds[n] = UNREACHABLE_THRESHOLD
    return slope, offset, thresholds


def _wilson_lower_bound(right: Any, total: Any) -> Any:
    """The lower bound of the fraction that is right (Wilson 1927, one standard deviation)."""
    fraction = right / total
    spread = np.sqrt(fraction * (1 - fraction) / total + 1 / (4 * total**2))
    return (fraction + 1 / (2 * total) - spread) / (1 + 1 / total)
