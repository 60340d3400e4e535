"""Topics learn from what is stored, and judge what has come in since.

    learn   store.taught | examples | train | judge the newest | store.keep_model
    judge   store.unjudged | suggestions, and what is certain enough to file | store.judged

This takes seconds of work and some hundred megabytes, so it is done beside the line, in a process
of its own, and the line never waits for it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from aggregator.ingest.categorize.learned import Example, Prediction, TopicModel, load, train
from aggregator.ingest.learners import learning_topics, training_state_hash
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
from aggregator.store import Store

__all__ = ["judge", "learn"]

AT_ONCE = 2_000
"""Stories that are judged together; those that a new version judges, the newest ones."""
ROUNDS = 100
OTHERS = 3_000
"""Stories of which nothing is known that stand for all of those."""
WORTH_A_LOOK = 0.5
"""The least probability of what is suggested."""


def learn(store: Store, topics: Sequence[Topic], now: datetime) -> tuple[int, int] | None:
    """Learn from what is stored, and judge the newest stories; gives how many are suggested and
    filed, None if there are too few examples for any topic.

    A story that was an example is judged by what the others say, else those of which nothing is
    known would all be taken for what they were taken for. Raises StoreBusy if another process
    learns.
    """
    with store.learning():
        of = training_state_hash(store, topics)  # before anything is read that may change meanwhile
        ids = [topic.id for topic in learning_topics(topics)]
        chosen = examples(store.taught(ids))
        trained = train(list(chosen.values()), ids)
        if trained is None:
            return None
        known = dict(zip(chosen, trained.predictions, strict=True))
        verdict = _judged(
            store, topics, trained.model, store.learned().version + 1, store.newest(AT_ONCE), known
        )
        store.keep_model(trained.model.dump(), of, verdict, now)
    return len(verdict.suggestions), len(verdict.placements)


def judge(store: Store, topics: Sequence[Topic], now: datetime) -> tuple[int, int]:
    """Judge all that has come in since the last time, the oldest first; gives how many are
    suggested and filed. Raises StoreBusy if another process learns."""
    suggested = filed = 0
    with store.learning():
        version = store.learned().version
        fresh = store.unjudged(AT_ONCE)
        model = load(store.model(version)) if fresh else None
        for _ in range(ROUNDS):
            if model is None or not fresh:
                break
            verdict = _judged(store, topics, model, version, fresh, {})
            store.judged(version, verdict, now)
            suggested += len(verdict.suggestions)
            filed += len(verdict.placements)
            fresh = store.unjudged(AT_ONCE)
    return suggested, filed


def examples(taught: Sequence[TrainingExample]) -> dict[int, Example]:
    """What belongs to topics, and some of the stories of which nothing is known, each of which
    stands for several; by story.

    Among the latter are stories that a topic's rule has missed, and which are to be found, so
    they count for less where a line is drawn, but not where its precision is judged. What was
    placed by what had been learned is no example: it would confirm itself.
    """
    known = [one for one in taught if not one.learned_topics]
    filed = [one for one in known if one.is_labelled]
    others = [one for one in known if not one.is_labelled]
    count = min(len(others), max(OTHERS, len(filed)))
    some = [others[n * len(others) // count] for n in range(count)]
    return {
        one.story_number: Example(
            (one.title, one.summary),
            one.topics,
            one.is_labelled,
            weight=1.0 if one.is_labelled else len(others) / count,
        )
        for one in sorted((*filed, *some), key=lambda one: one.story_number)
    }


def _judged(
    store: Store,
    topics: Sequence[Topic],
    model: TopicModel,
    version: int,
    fresh: Sequence[TrainingExample],
    known: Mapping[int, list[Prediction]],
) -> Predictions:
    unknown = [one for one in fresh if one.story_number not in known]
    judged = model.predict([(one.title, one.summary) for one in unknown])
    verdicts = {**known, **dict(zip((one.story_number for one in unknown), judged, strict=True))}
    modes = {topic.id: topic.learn for topic in learning_topics(topics)}
    suggested: list[Suggestion] = []
    filed: list[PlacementChange] = []
    for one in fresh:
        for judgement in verdicts[one.story_number]:
            topic = judgement.topic
            if topic in one.topics or topic in one.learned_topics or topic not in modes:
                continue
            if modes[topic] == "place" and judgement.is_certain:
                filed += _filed(store, model, version, one, judgement)
            elif judgement.probability >= WORTH_A_LOOK:
                suggested.append(_suggestion(model, version, one, judgement))
    up_to = max((one.story_number for one in fresh), default=0)
    return Predictions(scored_up_to=up_to, suggestions=tuple(suggested), placements=tuple(filed))


def _filed(
    store: Store, model: TopicModel, version: int, one: TrainingExample, judgement: Prediction
) -> list[PlacementChange]:
    """Into the topic, unless an operator has said otherwise."""
    standing = store.standing_of(one.lead_entry_id, [judgement.topic])
    if standing is None or standing.placements or _is_out(standing.overrides):
        return []
    why = _why(model, version, one, judgement)
    placement = Placement(topic=judgement.topic, reason=why, placed_by=LEARNED)
    return [
        PlacementChange(story_number=one.story_number, topic=judgement.topic, placement=placement)
    ]


def _is_out(said: Sequence[TopicOverride]) -> bool:
    return any(word.is_included is False for word in said)


def _suggestion(
    model: TopicModel, version: int, one: TrainingExample, judgement: Prediction
) -> Suggestion:
    return Suggestion(
        story_number=one.story_number,
        lead_entry_id=one.lead_entry_id,
        topic=judgement.topic,
        probability=judgement.probability,
        reason=_why(model, version, one, judgement),
    )


def _why(model: TopicModel, version: int, one: TrainingExample, judgement: Prediction) -> str:
    words = ", ".join(model.explain((one.title, one.summary), judgement.topic))
    because = f", because: {words}" if words else ""
    likely = min(judgement.probability, 0.99)  # nothing learned is sure
    return f"learned, {likely:.2f}{because} (version {version})"
