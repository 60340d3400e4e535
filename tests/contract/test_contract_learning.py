"""Learning: examples, models, and their predictions."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from aggregator.model import (
    LEARNED,
    ModelInfo,
    Placement,
    PlacementChange,
    Predictions,
    Suggestion,
    TopicOverride,
    topic_scope,
)
from aggregator.store.base import Store
from tests.harness.builders import NOW, entry
from tests.harness.saving import change_of, number_of, publish, save, titles

LABOR = topic_scope("labor")
DAY = timedelta(days=1)


def _decide(store: Store, entry_id: int, topic: str, *, is_included: bool) -> None:
    override = TopicOverride(
        entry_id=entry_id, topic=topic, is_included=is_included, decided_at=NOW
    )
    store.topics.recategorize((), [override], NOW)


def _suggestion(store: Store, title: str, probability: float) -> Suggestion:
    stored = publish(store, title)
    return Suggestion(
        story_number=number_of(store, stored),
        lead_entry_id=stored.lead.entry_id,
        topic="labor",
        probability=probability,
        reason="words",
    )


def _learned(number: int) -> PlacementChange:
    placement = Placement(topic="labor", reason="looks like it", placed_by=LEARNED)
    return PlacementChange(story_number=number, topic="labor", placement=placement)


# ---- examples


def test_training_examples_separate_certain_from_learned_topics(store: Store) -> None:
    """An example has its certain topics, its learned ones, and whether it is labelled."""
    ruled = publish(store, "Ruled", "labor")
    guessed = publish(store, "Guessed")
    excluded = publish(store, "Excluded")
    store.topics.recategorize([_learned(number_of(store, guessed))], (), NOW)
    _decide(store, excluded.lead.entry_id, "labor", is_included=False)

    first, second, third = store.learning.training_examples(["labor"])

    assert (first.title, first.summary) == ("Ruled", "Ruled in short.")
    assert first.lead_entry_id == ruled.lead.entry_id
    assert [set(each.topics) for each in (first, second, third)] == [{"labor"}, set(), set()]
    assert [each.is_labelled for each in (first, second, third)] == [True, False, True]
    assert second.learned_topics == frozenset({"labor"})


def test_newest_stories_are_published_ones(store: Store) -> None:
    """The newest published stories are returned, oldest first."""
    for title in "ABC":
        publish(store, title)
    save(store, replace(change_of(entry("Held", "harbor")), is_held=True))

    assert [example.title for example in store.learning.newest(2)] == ["B", "C"]


def test_the_overrides_hash_changes_with_each_decision(store: Store) -> None:
    """Decisions about other topics leave the hash unchanged."""
    id_ = publish(store, "A").lead.entry_id
    before = store.learning.overrides_hash(["labor"])

    _decide(store, id_, "courts", is_included=True)
    assert store.learning.overrides_hash(["labor"]) == before

    _decide(store, id_, "labor", is_included=True)
    included = store.learning.overrides_hash(["labor"])
    _decide(store, id_, "labor", is_included=False)
    assert len({before, included, store.learning.overrides_hash(["labor"])}) == 3


# ---- models


def test_without_a_model_nothing_is_unscored(store: Store) -> None:
    """Without a model there are no suggestions either."""
    publish(store, "A")

    assert store.learning.model_info() == ModelInfo()
    assert not store.learning.has_unscored()
    assert store.learning.suggestions("labor", 9) == []


def test_the_newest_model_is_used(store: Store, open_again: Callable[[], Store]) -> None:
    """Older models are kept."""
    store.learning.save_model(b"first", "hash 1", Predictions(), NOW)
    store.learning.save_model(b"\x00second", "hash 2", Predictions(scored_up_to=7), NOW + DAY)

    info = open_again().learning.model_info()

    assert (info.trained_at, info.training_hash, info.scored_up_to) == (NOW + DAY, "hash 2", 7)
    assert store.learning.model(info.version) == b"\x00second"
    assert store.learning.model(info.version - 1) == b"first"


def test_predictions_place_and_suggest_stories(store: Store) -> None:
    """Suggestions are ordered by probability."""
    placed = publish(store, "Placed")
    unlikely, likely = (_suggestion(store, *each) for each in (("Unlikely", 0.2), ("Likely", 0.9)))
    changes = (_learned(number_of(store, placed)),)
    predictions = Predictions(suggestions=(unlikely, likely), placements=changes)

    store.learning.save_model(b"", "", predictions, NOW)

    assert store.learning.suggestions("labor", 9) == [likely, unlikely]
    assert store.learning.suggestions("labor", 1) == [likely]
    assert store.learning.suggestions("courts", 9) == []
    assert titles(store.lists.latest(LABOR, 9)) == ["Placed"]
    assert store.stories.placement_sentences(placed.id) == {"labor": "looks like it"}


def test_new_stories_are_unscored_until_predicted(store: Store) -> None:
    """New stories are unscored until the newest model has predictions for them."""
    old = number_of(store, publish(store, "Old"))
    store.learning.save_model(b"", "", Predictions(scored_up_to=old), NOW)
    assert not store.learning.has_unscored()
    new = _suggestion(store, "New", 0.5)
    publish(store, "Newer")

    assert store.learning.has_unscored()
    assert [example.title for example in store.learning.unscored(9)] == ["New", "Newer"]
    assert [example.title for example in store.learning.unscored(1)] == ["New"]

    version = store.learning.model_info().version
    predictions = Predictions(scored_up_to=new.story_number, suggestions=(new,))
    store.learning.save_predictions(version, predictions, NOW)

    assert [example.title for example in store.learning.unscored(9)] == ["Newer"]
    assert store.learning.suggestions("labor", 9) == [new]


def test_released_stories_are_unscored(store: Store) -> None:
    """A model has not scored stories that were held."""
    save(store, replace(change_of(entry("Held", "harbor")), is_held=True))
    newer = number_of(store, publish(store, "Newer", source="plains"))
    store.learning.save_model(b"", "", Predictions(scored_up_to=newer), NOW)

    store.stories.release("harbor", NOW)

    assert "Held" in [example.title for example in store.learning.unscored(9)]


def test_settled_suggestions_disappear(store: Store) -> None:
    """A story that was decided on, placed or taken down is not suggested."""
    decided, placed, down = (_suggestion(store, title, 0.5) for title in "ABC")
    predictions = Predictions(suggestions=(decided, placed, down))
    store.learning.save_model(b"", "", predictions, NOW)
    assert len(store.learning.suggestions("labor", 9)) == 3

    _decide(store, decided.lead_entry_id, "labor", is_included=False)
    store.topics.recategorize([_learned(placed.story_number)], (), NOW)
    story = store.entries.stories([down.lead_entry_id])[down.lead_entry_id]
    store.stories.take_down(story.id, "asked", NOW)

    assert store.learning.suggestions("labor", 9) == []
