"""Operators' changes to stored stories: applying changed rules, and overrides."""

from aggregator.ingest.categorize.recategorize import (
    PlacementDiff,
    apply_override,
    recategorize,
    sources_placed_in,
)
from aggregator.ingest.categorize.rules import TopicRules
from aggregator.model import PlacementChange
from aggregator.startup import known_sources
from tests.harness.newsroom import Newsroom

__all__ = ["apply_rules", "decide", "placement_diffs"]


def placement_diffs(newsroom: Newsroom) -> list[PlacementDiff]:
    """The changes that the current rules would make to stored stories."""
    topics = newsroom.config.topics
    rules, sources = TopicRules(topics), known_sources(newsroom.config, newsroom.store)
    ids = [topic.id for topic in topics]
    named = sources_placed_in(sources, ids)
    stories = newsroom.store.topics.candidates(ids, rules.roots, named)
    return list(recategorize(stories, rules, sources))


def apply_rules(newsroom: Newsroom) -> list[PlacementChange]:
    """Save what the current rules change; returns the changes."""
    changes = [diff.change for diff in placement_diffs(newsroom) if diff.change]
    newsroom.store.topics.recategorize(changes, (), newsroom.now)
    return changes


def decide(newsroom: Newsroom, entry_id: int, *, is_included: bool | None) -> None:
    """Override whether the story of an entry is in the newsroom's only topic."""
    (topic,) = newsroom.config.topics
    stored = newsroom.store.topics.placements_of(entry_id, [topic.id])
    assert stored
    sources = known_sources(newsroom.config, newsroom.store)
    overrides, changes = apply_override(stored, topic, is_included, sources, newsroom.now)
    newsroom.store.topics.recategorize(changes, overrides, newsroom.now)
