"""Topics learn from what is stored, and judge what has come in since.

    store.taught --examples--> train --> store.keep_model, and as below
    store.newest --judge--> suggestions, and what is certain enough to file --> store.judged

This takes seconds of work and some hundred megabytes, so it is done beside the line, in a process
of its own, and the line never waits for it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from aggregator.ingest.learners import learners, of_what
from aggregator.ingest.learning import Example, Judgement, Model, load, train
from aggregator.model import (
    LEARNED,
    Learned,
    Placement,
    Refiling,
    Said,
    Suggestion,
    Taught,
    Topic,
)
from aggregator.store import Store

__all__ = ["judge", "learn"]

AT_ONCE = 2_000
"""Stories that a new version judges, the newest ones."""
OTHERS = 2_000
"""Stories of no topic that stand for all that belongs to none."""
WORTH_A_LOOK = 0.5
"""The least probability of what is suggested."""


def learn(store: Store, topics: Sequence[Topic], now: datetime) -> tuple[int, int] | None:
    """Learn from what is stored, and judge the newest stories; gives how many are suggested and
    filed, None if there are too few examples for any topic.

    A story that was an example is judged by what the others say, else those of which nothing is
    known would all be taken for what they were taken for.
    """
    ids = [topic.id for topic in learners(topics)]
    chosen = examples(store.taught(ids))
    trained = train(list(chosen.values()), ids)
    if trained is None:
        return None
    store.keep_model(trained.model.dump(), of_what(store, topics), now)
    known = dict(zip(chosen, trained.judged, strict=True))
    return _judge(store, topics, trained.model, known, now)


def judge(store: Store, topics: Sequence[Topic], now: datetime) -> tuple[int, int]:
    """Judge what has come in since the last time; gives how many are suggested and filed."""
    if not store.is_news():
        return 0, 0
    return _judge(store, topics, load(store.model(store.learned().version)), {}, now)


def examples(taught: Sequence[Taught]) -> dict[int, Example]:
    """What belongs to topics, and as much again of what belongs to none, by story.

    Among the latter are stories that a topic's rule has missed, and which are to be found, so
    they count for less.
    """
    filed = [one for one in taught if one.is_sure]
    others = [one for one in taught if not one.is_sure]
    step = max(1, len(others) // max(1, min(OTHERS, len(filed))))
    chosen = sorted((*filed, *others[::step]), key=lambda one: one.story)
    return {one.story: Example((one.title, one.summary), one.topics, one.is_sure) for one in chosen}


def _judge(
    store: Store,
    topics: Sequence[Topic],
    model: Model,
    known: Mapping[int, list[Judgement]],
    now: datetime,
) -> tuple[int, int]:
    learned = store.learned()
    fresh = store.newest(learned.judged, AT_ONCE)
    if not fresh:
        return 0, 0
    unknown = [one for one in fresh if one.story not in known]
    judged = model.judge([(one.title, one.summary) for one in unknown])
    verdicts = {**known, **dict(zip((one.story for one in unknown), judged, strict=True))}
    modes = {topic.id: topic.learn for topic in learners(topics)}
    suggested: list[Suggestion] = []
    filed: list[Refiling] = []
    for one in fresh:
        for judgement in verdicts[one.story]:
            if judgement.topic in one.topics or judgement.topic not in modes:
                continue
            if modes[judgement.topic] == "place" and judgement.is_certain:
                filed += _filed(store, model, learned, one, judgement)
            elif judgement.probability >= WORTH_A_LOOK:
                suggested.append(_suggestion(model, learned, one, judgement))
    store.judged(learned.version, fresh[-1].story, suggested, filed, now)
    return len(suggested), len(filed)


def _filed(
    store: Store, model: Model, learned: Learned, one: Taught, judgement: Judgement
) -> list[Refiling]:
    """Into the topic, unless an operator has said otherwise."""
    standing = store.standing_of(one.lead, [judgement.topic])
    if standing is None or standing.placed or _is_out(standing.said):
        return []
    why = _why(model, learned, one, judgement)
    placement = Placement(topic=judgement.topic, why=why, by=LEARNED)
    return [Refiling(story=one.story, topic=judgement.topic, placement=placement)]


def _is_out(said: Sequence[Said]) -> bool:
    return any(word.is_in is False for word in said)


def _suggestion(model: Model, learned: Learned, one: Taught, judgement: Judgement) -> Suggestion:
    return Suggestion(
        story=one.story,
        lead=one.lead,
        topic=judgement.topic,
        probability=judgement.probability,
        why=_why(model, learned, one, judgement),
    )


def _why(model: Model, learned: Learned, one: Taught, judgement: Judgement) -> str:
    words = ", ".join(model.because((one.title, one.summary), judgement.topic))
    because = f", because: {words}" if words else ""
    likely = min(judgement.probability, 0.99)  # nothing learned is sure
    return f"learned, {likely:.2f}{because} (version {learned.version})"
