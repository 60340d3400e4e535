"""Topics that learn from examples: training, predictions and placements."""

from datetime import timedelta

import pytest

from aggregator.errors import StoreBusy
from aggregator.ingest.categorize.learned import Example, TopicModel, load, train
from aggregator.ingest.categorize.rules import TopicRules
from aggregator.ingest.learning import is_training_due
from aggregator.ingest.merge import merge_stories
from aggregator.ingest.relearn import learn, score
from aggregator.ingest_settings import cluster_settings
from aggregator.model import (
    ALL,
    LEARNED,
    Placement,
    PlacementChange,
    Predictions,
    Story,
    topic_scope,
)
from tests.harness.decisions import apply_rules, decide
from tests.harness.newsroom import Newsroom, article

HOUR = timedelta(hours=1)
GUNS = ("Rifle", "Pistol", "Shotgun", "Revolver", "Carbine")
SCHOOLS = ("Teachers", "Pupils", "Classrooms", "Lessons", "Headmasters")
NEW_TITLE = "Gun shop owner sues over the firearms law"
"""A title without any word of the rule."""
OTHER_SUBJECTS = ("Rain", "Wheat", "Ferries", "Opera", "Marathon", "Tides", "Bakers", "Orchards")


def _examples(kind: tuple[str, ...], *topics: str, count: int = 40) -> list[Example]:
    return [
        Example((f"{kind[n % len(kind)]} number {n}", f"About {kind[(n + 1) % len(kind)]}."),
                frozenset(topics))
        for n in range(count)
    ]  # fmt: skip


EXAMPLES = [*_examples(GUNS, "guns"), *_examples(SCHOOLS, "schools"), *_examples(OTHER_SUBJECTS)]


def _model(examples: list[Example]) -> TopicModel:
    trained = train(examples, ["guns", "schools"])
    assert trained
    return trained.model


def test_new_texts_are_predicted() -> None:
    """New texts are scored by what the examples have in common, with certainty."""
    model = _model(EXAMPLES)
    (guns, schools, none) = model.predict(
        [("A shotgun and a pistol", ""), ("Lessons for pupils", ""), ("Rain on the orchards", "")]
    )

    assert [(j.topic, j.is_certain) for j in guns] == [("guns", True), ("schools", False)]
    assert [(j.topic, j.is_certain) for j in schools] == [("guns", False), ("schools", True)]
    assert not any(j.is_certain or j.probability > 0.5 for j in none)
    assert set(model.explain(("A shotgun and the sea", ""), "guns")) >= {"shotgun"}


def test_related_words_are_recognised() -> None:
    """Words that no example contains are recognised by their meaning."""
    model = _model(EXAMPLES)
    ((guns, schools),) = model.predict([("Firearms", "Ammunition for handguns")])

    assert guns.probability > schools.probability


def test_a_stored_model_predicts_the_same() -> None:
    """A loaded model predicts as before, and the same examples give the same model."""
    model, again = _model(EXAMPLES), _model(EXAMPLES)
    kept = load(model.dump())
    (before,), (after,) = (m.predict([("A pistol in the classrooms", "")]) for m in (model, kept))

    assert kept.dump() == model.dump() == again.dump()
    for one, other in zip(before, after, strict=True):
        assert one.probability == pytest.approx(other.probability, abs=0.01)


@pytest.mark.parametrize(
    "examples",
    [
        [],
        EXAMPLES[:1],
        _examples(GUNS, "guns"),
        _examples(OTHER_SUBJECTS),
        [Example((mark, ""), frozenset(["guns"] if mark in "!?" else [])) for mark in "!?.;"],
    ],
    ids=["none", "one", "all in the topic", "none in the topic", "no words"],
)
def test_too_few_examples_train_nothing(examples: list[Example]) -> None:
    """No model is trained with too few or uniform examples."""
    assert train(examples, ["guns"]) is None


def test_few_examples_are_not_certain() -> None:
    """Predictions from few examples are never certain, so that stories are only suggested."""
    model = _model([*_examples(GUNS, "guns", count=4), *_examples(OTHER_SUBJECTS)])
    ((prediction,),) = model.predict([("A shotgun and a pistol", "")])

    assert not prediction.is_certain


# ---- in a newsroom ------------------------------------------------------------------


@pytest.fixture
def learner(newsroom: Newsroom) -> Newsroom:
    """A newsroom with one outlet; the rule for guns places one story in ten."""
    newsroom.lists("harbor", max_new="1000")
    newsroom.has_topic("guns", "rifle OR pistol OR shotgun OR carbine")
    newsroom.change('title = "Guns"', 'title = "Guns"\nlearn = "place"')
    shops = [
        (title, f"{teaser} The gun shop, its owner and the firearms law.")
        for title, teaser in (e.text for e in _examples(GUNS[:3], "guns"))
    ]
    story = [*shops, *(e.text for e in _examples(OTHER_SUBJECTS, count=360))]
    newsroom.publishes("harbor", *(article(title, text=text) for title, text in story))
    newsroom.ingests()
    assert _learn(newsroom) == (0, 0)
    return newsroom


def _learn(learner: Newsroom) -> tuple[int, int]:
    if is_training_due(learner.store, learner.config.topics, learner.now):
        done = learn(learner.store, learner.config.topics, learner.now)
        assert done
        return done
    return score(learner.store, learner.config.topics, learner.now)


def _publish(learner: Newsroom, *titles: str) -> None:
    learner.publishes("harbor", *(article(t, text=f"{t} and more of it.") for t in titles))
    learner.ingests(later=HOUR)


def _titles(learner: Newsroom) -> set[str]:
    return {s.lead.title for s in learner.store.lists.latest(topic_scope("guns"), 500)}


def test_a_certain_story_is_placed(learner: Newsroom) -> None:
    """The reason says that it was learned, with its certainty and words; no other is placed."""
    before = _titles(learner)
    _publish(
        learner,
        NEW_TITLE,
        "Bread for the bakers",
        "The tides and the ferries",
        "An opera in the rain",
    )
    ids = learner.ids()
    assert _titles(learner) == before

    assert _learn(learner) == (0, 1)
    (story,) = [
        s for s in learner.store.lists.latest(ALL, 500) if s.lead.title.startswith("Gun shop")
    ]
    assert learner.store.stories.placement_sentences(story.id)["guns"].startswith("learned, 0.")
    assert "because: " in learner.store.stories.placement_sentences(story.id)["guns"]
    assert _titles(learner) == {*before, NEW_TITLE}
    assert learner.ids() == ids
    assert _learn(learner) == (0, 0)  # all have been scored


def test_a_learned_placement_is_not_an_example(learner: Newsroom) -> None:
    """A later model does not learn from learned placements, and places the next story."""
    _publish(learner, NEW_TITLE)
    assert _learn(learner) == (0, 1)
    assert learn(learner.store, learner.config.topics, learner.now) == (0, 0)

    _publish(learner, f"{NEW_TITLE}, again")
    assert _learn(learner) == (0, 1)


def test_a_decision_ends_a_suggestion(learner: Newsroom) -> None:
    """A story is suggested until an operator decides on it."""
    learner.change('"place"', '"suggest"')
    assert is_training_due(learner.store, learner.config.topics, learner.now)
    _learn(learner)
    _publish(learner, NEW_TITLE)

    assert _learn(learner) == (1, 0)
    (found,) = learner.store.learning.suggestions("guns", 10)
    assert found.reason.startswith("learned, 0.")
    decide(learner, found.lead_entry_id, is_included=False)
    assert learner.store.learning.suggestions("guns", 10) == []
    assert is_training_due(
        learner.store, learner.config.topics, learner.now
    )  # the decision is a new example


def test_held_stories_are_scored_after_release(learner: Newsroom) -> None:
    """Held stories are not scored until they are released."""
    learner.change("max_new = 1000", "max_new = 1")
    learner.publishes(
        "harbor", *(article(f"{NEW_TITLE}, day {n}", text=NEW_TITLE) for n in range(9))
    )
    learner.ingests(later=timedelta(minutes=1))
    assert not learner.store.learning.has_unscored()
    assert _learn(learner) == (0, 0)

    learner.store.stories.release("harbor", learner.now)
    assert learner.store.learning.has_unscored()
    assert _learn(learner) == (0, 9)
    assert not learner.store.learning.has_unscored()


def test_recategorizing_makes_training_due(learner: Newsroom) -> None:
    """Training is due when rules have changed the placements of stored stories."""
    learner.change("rifle OR pistol OR shotgun OR carbine", "rifle OR pistol")
    assert not is_training_due(learner.store, learner.config.topics, learner.now)

    assert apply_rules(learner)
    assert is_training_due(learner.store, learner.config.topics, learner.now)


def test_a_removed_story_is_not_placed_again(learner: Newsroom) -> None:
    """A model does not place a story that an operator has removed from the topic."""
    _publish(learner, NEW_TITLE)
    assert _learn(learner) == (0, 1)
    story = next(
        s for s in learner.store.lists.latest(ALL, 500) if s.lead.title.startswith("Gun shop")
    )
    decide(learner, story.lead.entry_id, is_included=False)

    assert is_training_due(learner.store, learner.config.topics, learner.now)
    _learn(learner)
    assert NEW_TITLE not in _titles(learner)


def test_learned_placements_stay(learner: Newsroom) -> None:
    """Revisions and rules leave learned placements, until the topic stops learning."""
    _publish(learner, NEW_TITLE)
    _learn(learner)
    changed = article(NEW_TITLE, text="Told anew.")
    learner.publishes("harbor", changed)
    learner.ingests(later=HOUR)
    assert apply_rules(learner) == []
    assert NEW_TITLE in _titles(learner)

    learner.change('"place"', '"off"')
    assert len(apply_rules(learner)) == 1
    assert NEW_TITLE not in _titles(learner)


def _story(learner: Newsroom, title: str) -> Story:
    return next(s for s in learner.store.lists.latest(ALL, 500) if s.lead.title == title)


def _merge(learner: Newsroom, one: str, other: str) -> Story:
    settings, rules = (
        cluster_settings(learner.config, learner.store, learner.now),
        TopicRules(learner.config.topics),
    )
    batch = merge_stories(
        learner.store, settings, rules, _story(learner, one), _story(learner, other)
    )
    learner.store.entries.save(batch, learner.now)
    return batch.new[0].story


def test_merged_stories_keep_learned_placements(learner: Newsroom) -> None:
    """A merged story keeps learned placements, unless an operator has removed either story."""
    learner.lists("plains")
    learner.publishes(
        "plains", article("Bread", link="https://p/1"), article("Wheat", link="https://p/2")
    )
    _publish(learner, NEW_TITLE, f"{NEW_TITLE}, again")
    assert _learn(learner) == (0, 2)
    learner.publishes("plains", article("Cakes", link="https://p/3"))
    learner.ingests("plains", later=HOUR)

    story = _merge(learner, "Bread", NEW_TITLE)
    assert learner.store.stories.placement_sentences(story.id)["guns"].startswith("learned")

    decide(learner, _story(learner, "Wheat").lead.entry_id, is_included=False)
    story = _merge(learner, "Wheat", f"{NEW_TITLE}, again")
    assert learner.store.stories.placement_sentences(story.id) == {}


def test_a_decision_during_scoring_is_kept(learner: Newsroom) -> None:
    """An operator's decision between scoring and saving is kept."""
    _publish(learner, NEW_TITLE, f"{NEW_TITLE}, again")
    removed, added = _story(learner, NEW_TITLE), _story(learner, f"{NEW_TITLE}, again")
    fresh = {one.lead_entry_id: one.story_number for one in learner.store.learning.unscored(9)}
    predictions = Predictions(
        scored_up_to=max(fresh.values()),
        placements=tuple(
            PlacementChange(story_number=fresh[story.lead.entry_id], topic="guns",
                     placement=Placement(topic="guns", reason="learned", placed_by=LEARNED))
            for story in (removed, added)
        ),
    )  # fmt: skip
    decide(learner, removed.lead.entry_id, is_included=False)
    decide(learner, added.lead.entry_id, is_included=True)

    learner.store.learning.save_predictions(
        learner.store.learning.model_info().version, predictions, learner.now
    )
    assert learner.store.stories.placement_sentences(removed.id) == {}
    assert learner.store.stories.placement_sentences(added.id) == {"guns": "placed by the operator"}


def test_only_one_process_trains(learner: Newsroom) -> None:
    """A second training at the same time is refused."""
    with (
        learner.store.maintenance.lock("learn"),
        pytest.raises(StoreBusy, match="Another process is training topics"),
    ):
        learn(learner.store, learner.config.topics, learner.now)
