"""Topics learn from stored stories, and score those that have come in since.

    learn   training examples | train | score the newest stories | save the model
    score   unscored stories | suggestions, and placements that are certain enough | save

This takes seconds of work and a few hundred megabytes, so it runs outside the pipeline, in a
process of its own, and the pipeline never waits for it. Only commands that learn import this
module: it needs scikit-learn and WordLlama.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from aggregator.ingest.categorize.learned import Example, Prediction, TopicModel, load, train
from aggregator.ingest.learning import learning_topics, training_hash
from aggregator.model import (
    LEARNED,
    Placement,
    PlacementChange,
    Predictions,
    Suggestion,
    Topic,
    TopicOverride,
    TrainingExample,
)
from aggregator.store.base import Store

__all__ = ["learn", "score", "training_set"]

STORIES_PER_BATCH = 2_000
"""Stories that are scored together, and the newest that a new model scores."""
MAX_BATCHES = 100
MIN_UNLABELLED = 3_000
"""Unlabelled stories that stand for all of them."""
MIN_SUGGESTED_PROBABILITY = 0.5
MAX_CLAIMED_PROBABILITY = 0.99
"""No prediction is published as certain."""


def learn(store: Store, topics: Sequence[Topic], now: datetime) -> tuple[int, int] | None:
    """Train on what is stored, and score the newest stories.

    Returns the number of suggestions and placements, None if no topic has enough examples. A story
    that was an example is scored as if it had not been one, else unlabelled stories would all be
    scored as belonging to no topic. Raises StoreBusy if another process learns.
    """
    with store.maintenance.lock("learn"):
        trained_on = training_hash(store, topics)  # before anything is read that may change
        ids = [topic.id for topic in learning_topics(topics)]
        examples = training_set(store.learning.training_examples(ids))
        trained = train(list(examples.values()), ids)
        if trained is None:
            return None
        known = dict(zip(examples, trained.predictions, strict=True))
        version = store.learning.model_info().version + 1
        newest = store.learning.newest(STORIES_PER_BATCH)
        predictions = _predict(store, topics, trained.model, version, newest, known)
        store.learning.save_model(trained.model.dump(), trained_on, predictions, now)
    return len(predictions.suggestions), len(predictions.placements)


def score(store: Store, topics: Sequence[Topic], now: datetime) -> tuple[int, int]:
    """Score all stories that have come in since the last time, oldest first; returns the number of
    suggestions and placements. Raises StoreBusy if another process learns."""
    suggested = placed = 0
    with store.maintenance.lock("learn"):
        version = store.learning.model_info().version
        unscored = store.learning.unscored(STORIES_PER_BATCH)
        model = load(store.learning.model(version)) if unscored else None
        for _ in range(MAX_BATCHES):
            if model is None or not unscored:
                break
            predictions = _predict(store, topics, model, version, unscored, {})
            store.learning.save_predictions(version, predictions, now)
            suggested += len(predictions.suggestions)
            placed += len(predictions.placements)
            unscored = store.learning.unscored(STORIES_PER_BATCH)
    return suggested, placed


def training_set(stories: Sequence[TrainingExample]) -> dict[int, Example]:
    """Examples by story number: labelled stories, and a sample of the unlabelled ones, each of
    which stands for several.

    Among the latter may be stories that a topic's rule has missed, so they weigh less in training,
    but not where precision is measured. What a model has placed is not an example: the model would
    confirm itself.
    """
    known = [story for story in stories if not story.learned_topics]
    labelled = [story for story in known if story.is_labelled]
    others = [story for story in known if not story.is_labelled]
    count = min(len(others), max(MIN_UNLABELLED, len(labelled)))
    sample = [others[n * len(others) // count] for n in range(count)]
    return {
        story.story_number: Example(
            (story.title, story.summary),
            story.topics,
            story.is_labelled,
            weight=1.0 if story.is_labelled else len(others) / count,
        )
        for story in sorted((*labelled, *sample), key=lambda story: story.story_number)
    }


def _predict(
    store: Store,
    topics: Sequence[Topic],
    model: TopicModel,
    version: int,
    stories: Sequence[TrainingExample],
    known: Mapping[int, list[Prediction]],
) -> Predictions:
    """The predictions for stories; for those that were examples, they are `known`."""
    unknown = [story for story in stories if story.story_number not in known]
    predicted = model.predict([(story.title, story.summary) for story in unknown])
    numbers = (story.story_number for story in unknown)
    by_story = {**known, **dict(zip(numbers, predicted, strict=True))}
    modes = {topic.id: topic.learn for topic in learning_topics(topics)}
    suggestions: list[Suggestion] = []
    placements: list[PlacementChange] = []
    for story in stories:
        for prediction in by_story[story.story_number]:
            topic = prediction.topic
            if topic in story.topics or topic in story.learned_topics or topic not in modes:
                continue
            if modes[topic] == "place" and prediction.is_certain:
                if _is_placeable(store, story, topic):
                    reason = _reason(model, version, story, prediction)
                    placements.append(_placement(story, topic, reason))
            elif prediction.probability >= MIN_SUGGESTED_PROBABILITY:
                reason = _reason(model, version, story, prediction)
                suggestions.append(_suggestion(story, prediction, reason))
    return Predictions(
        scored_up_to=max((story.story_number for story in stories), default=0),
        suggestions=tuple(suggestions),
        placements=tuple(placements),
    )


def _is_placeable(store: Store, story: TrainingExample, topic: str) -> bool:
    """False if the story is in the topic already, or an operator keeps it out."""
    stored = store.topics.placements_of(story.lead_entry_id, [topic])
    return stored is not None and not stored.placements and not _is_excluded(stored.overrides)


def _is_excluded(overrides: Sequence[TopicOverride]) -> bool:
    return any(override.is_included is False for override in overrides)


def _placement(story: TrainingExample, topic: str, reason: str) -> PlacementChange:
    placement = Placement(topic=topic, reason=reason, placed_by=LEARNED)
    return PlacementChange(story_number=story.story_number, topic=topic, placement=placement)


def _suggestion(story: TrainingExample, prediction: Prediction, reason: str) -> Suggestion:
    return Suggestion(
        story_number=story.story_number,
        lead_entry_id=story.lead_entry_id,
        topic=prediction.topic,
        probability=prediction.probability,
        reason=reason,
    )


def _reason(model: TopicModel, version: int, story: TrainingExample, prediction: Prediction) -> str:
    words = ", ".join(model.explain((story.title, story.summary), prediction.topic))
    because = f", because: {words}" if words else ""
    probability = min(prediction.probability, MAX_CLAIMED_PROBABILITY)
    return f"learned, {probability:.2f}{because} (version {version})"
