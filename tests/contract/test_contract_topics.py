"""Topics: placements and their changes, operators' decisions, and statistics."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from aggregator.model import (
    LEARNED,
    Node,
    Placement,
    PlacementChange,
    PlacementReason,
    ReasonKind,
    StoryChange,
    TopicOverride,
    source_scope,
    topic_scope,
)
from aggregator.query import parse
from aggregator.store.base import Store
from tests.harness.builders import NOW, entry, story
from tests.harness.saving import change_of, number_of, publish, save, titles

LABOR, COURTS = topic_scope("labor"), topic_scope("courts")
HOUR = timedelta(hours=1)
RULE = (PlacementReason(ReasonKind.RULE, "strike"),)


def _override(entry_id: int, topic: str, is_included: bool | None) -> TopicOverride:
    return TopicOverride(entry_id=entry_id, topic=topic, is_included=is_included, decided_at=NOW)


def _put_in_topic(number: int, topic: str, *placed_by: PlacementReason) -> PlacementChange:
    placement = Placement(topic=topic, reason="because", placed_by=placed_by)
    return PlacementChange(story_number=number, topic=topic, placement=placement)


# ---- placements


def test_placements_are_stored_with_their_reasons(
    store: Store, open_again: Callable[[], Store]
) -> None:
    """Only the requested topics are returned, with reasons for readers and programs."""
    change = change_of(entry("Strike", "harbor"))
    placements = tuple(
        Placement(topic=topic, reason="a rule", placed_by=RULE) for topic in ("labor", "courts")
    )
    (saved,) = save(store, replace(change, placements=placements))
    id_ = saved.story.lead.entry_id

    found = open_again().topics.placements_of(id_, ["labor"])

    assert found is not None
    assert list(found.placements) == [placements[0]]
    assert [(view.entry_id, view.title) for view in found.entries] == [(id_, "Strike")]
    assert found.entries[0].source_name == "Harbor"
    assert (list(found.overrides), found.is_held) == ([], False)
    assert store.topics.placements_of(999, ["labor"]) is None


def test_a_story_moves_between_topics(store: Store) -> None:
    """A moved story keeps its date, and all its lists change."""
    stored = publish(store, "Strike", "courts")
    number = number_of(store, stored)
    scopes = (LABOR, COURTS, source_scope("harbor"))
    before = {scope: store.lists.revision(scope).number for scope in scopes}
    out = PlacementChange(story_number=number, topic="courts", placement=None)

    store.topics.recategorize([_put_in_topic(number, "labor", *RULE), out], (), NOW)

    (moved,) = store.lists.latest(LABOR, 9)
    assert moved == replace(stored, topics=("labor",))
    assert store.lists.latest(COURTS, 9) == []
    assert store.stories.placement_sentences(stored.id) == {"labor": "because"}
    assert all(store.lists.revision(scope).number > number for scope, number in before.items())


def test_a_placement_can_have_its_own_date(store: Store) -> None:
    """The story is among the newest of the topic; its position in other lists stays."""
    number = number_of(store, publish(store, "Old"))
    publish(store, "New", "labor", minute=60)
    change = replace(_put_in_topic(number, "labor", *RULE), listed_at=NOW + 2 * HOUR)

    store.topics.recategorize([change], (), NOW)

    assert titles(store.lists.latest(LABOR, 1)) == ["Old"]
    assert [topic for _, topic, *_ in store.topics.placement_dates(NOW + HOUR)] == ["labor"]


def test_overrides_are_kept_replaced_and_withdrawn(
    store: Store, open_again: Callable[[], Store]
) -> None:
    """An operator's decisions can be changed and withdrawn."""
    a, b = (publish(store, title).lead.entry_id for title in "AB")
    decisions = [_override(a, "labor", True), _override(a, "courts", False)]
    store.topics.recategorize((), [*decisions, _override(b, "labor", True)], NOW)

    found = open_again().topics.overrides([a, 999])
    assert sorted(found, key=lambda each: each.topic, reverse=True) == decisions
    placements = store.topics.placements_of(a, ["courts"])
    assert placements is not None
    assert list(placements.overrides) == [decisions[1]]

    withdrawn = [_override(a, "labor", None), _override(a, "courts", True)]
    store.topics.recategorize((), withdrawn, NOW)
    assert store.topics.overrides([a]) == [withdrawn[1]]


def test_a_learned_placement_replaces_no_other(store: Store) -> None:
    """Overrides and rules take precedence over a model."""
    decided = publish(store, "Decided")
    ruled = publish(store, "Ruled", "labor")
    store.topics.recategorize((), [_override(decided.lead.entry_id, "labor", False)], NOW)

    numbers = [number_of(store, each) for each in (decided, ruled)]
    store.topics.recategorize(
        [_put_in_topic(number, "labor", *LEARNED) for number in numbers], (), NOW
    )

    assert titles(store.lists.latest(LABOR, 9)) == ["Ruled"]
    assert store.stories.placement_sentences(ruled.id) == {"labor": "because labor"}


def test_a_held_story_is_in_its_topic_after_release(store: Store) -> None:
    """A placement of a held story is not visible before release."""
    change = change_of(entry("Held", "harbor"))
    (saved,) = save(store, replace(change, is_held=True))
    found = store.topics.placements_of(saved.story.lead.entry_id, ["labor"])
    assert found is not None
    assert found.is_held

    store.topics.recategorize([_put_in_topic(found.story_number, "labor", *RULE)], (), NOW)

    assert store.lists.latest(LABOR, 9) == []
    store.stories.release("harbor", NOW)
    assert titles(store.lists.latest(LABOR, 9)) == ["Held"]


def _candidates(
    store: Store, topics: Sequence[str], *clauses: Node, sources: Sequence[str] = ()
) -> list[str]:
    found = store.topics.candidates(topics, clauses, sources)
    return [each.entries[0].title for each in found]


def test_candidates_are_found_by_topic_clause_source_and_override(store: Store) -> None:
    """Candidates are ordered oldest first."""
    publish(store, "In the topic", "labor")
    publish(store, "Strike at the port")
    publish(store, "Of plains", source="plains")
    decided = publish(store, "Decided")
    publish(store, "Something else", "courts")
    store.topics.recategorize((), [_override(decided.lead.entry_id, "labor", False)], NOW)
    strike = parse("strike").root

    assert _candidates(store, ["labor"]) == ["In the topic", "Decided"]
    assert _candidates(store, [], strike) == ["Strike at the port"]
    assert _candidates(store, [], sources=["plains"]) == ["Of plains"]
    assert _candidates(store, ["labor"], strike, sources=["plains"]) == [
        "In the topic", "Strike at the port", "Of plains", "Decided",
    ]  # fmt: skip
    assert len(_candidates(store, [], parse("NOT strike").root)) == 5


# ---- statistics


def test_statistics_count_stories_listed_since_a_date(store: Store) -> None:
    """Older stories are left out."""
    publish(store, "Old", "labor", minute=-60)
    new = publish(store, "New", "labor", source="plains")
    publish(store, "Without a topic", source="plains")
    since = NOW - HOUR

    placed = [(number_of(store, new), "labor", (), NOW)]
    assert [(n, t, tuple(r), d) for n, t, r, d in store.topics.placement_dates(since)] == placed
    assert list(store.topics.source_dates(since)) == [("plains", NOW)]


def test_pairs_of_topics_are_ordered_by_shared_stories(store: Store) -> None:
    """Each pair of topics has the number of stories in both."""
    publish(store, "A", "courts", "labor")
    publish(store, "B", "courts", "labor", "ports")

    pairs = store.topics.shared()
    assert pairs[0] == ("courts", "labor", 2)
    assert sorted(pairs[1:]) == [("courts", "ports", 1), ("labor", "ports", 1)]
    assert store.topics.shared(NOW + timedelta(days=1)) == []
    assert store.topics.shared(NOW - timedelta(days=1)) == pairs


def test_a_sample_has_the_newest_stories(store: Store) -> None:
    """A sampled story has all its entries, and whether it is in one of the topics."""
    publish(store, "Old", minute=-5)
    both = story(entry("A", "plains"), entry("B", "harbor"), listed_at=NOW)
    placements = (Placement(topic="labor", reason=""),)
    save(store, StoryChange(story=both, listed_at=NOW, placements=placements))
    publish(store, "New", "courts", minute=5)

    a, new = store.topics.sample(2, ["labor"], with_content=True)

    assert (a.lead.title, [view.title for view in a.entries], a.has_topic) == (
        "A",
        ["A", "B"],
        True,
    )
    assert (new.lead.title, new.has_topic) == ("New", False)
    assert new.lead.content == "<p>New in full.</p>"
    assert [s.lead.content for s in store.topics.sample(2, [], with_content=False)] == ["", ""]
