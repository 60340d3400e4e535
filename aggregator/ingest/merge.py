"""An operator's merges and splits of stories, as batches to save."""

from collections.abc import Collection, Mapping
from types import MappingProxyType

from aggregator.ingest.categorize.rules import TopicRules
from aggregator.ingest.changeset import place, regrouped_stories
from aggregator.ingest.dedupe import ClusterSettings, cluster, merge_matches, split_matches
from aggregator.model import Batch, Match, Outcome, Story, StoryNeighbourhood
from aggregator.store.base import Store

__all__ = ["merge_stories", "split_story"]


def merge_stories(
    store: Store, settings: ClusterSettings, rules: TopicRules, one: Story, other: Story
) -> Batch:
    """The batch that merges two stories; the one that readers saw first stays. The decision holds
    against all evidence, until a split reverses it."""
    ids = {entry.entry_id for story in (one, other) for entry in story.entries}
    neighbourhood = store.entries.neighbourhood(ids)
    return _decided(store, settings, rules, *merge_matches(one, other, neighbourhood))


def split_story(
    store: Store,
    settings: ClusterSettings,
    rules: TopicRules,
    story: Story,
    entry_ids: Collection[int],
    continued_by: int | None = None,
) -> Batch:
    """The batch that splits entries from their story; what is split off stays together. The part
    with the lead keeps the id of the story, or that with the entry `continued_by`."""
    neighbourhood = store.entries.neighbourhood(set(entry_ids))
    decided = split_matches(story, entry_ids, neighbourhood)
    continued = {} if continued_by is None else {story.id: continued_by}
    return _decided(store, settings, rules, *decided, continued_by=continued)


def _decided(
    store: Store,
    settings: ClusterSettings,
    rules: TopicRules,
    neighbourhood: StoryNeighbourhood,
    decisions: tuple[Match, ...],
    continued_by: Mapping[str, int] = MappingProxyType({}),
) -> Batch:
    entries = (entry for story in neighbourhood.stories for entry in story.entries)
    given_ids = {entry.id for entry in entries if entry.id}
    existing = store.stories.existing_public_ids(given_ids)
    clusters = cluster(
        (), neighbourhood, settings, existing_public_ids=existing, continued_by=continued_by
    )
    regrouped = regrouped_stories(clusters, settings.now)
    ids = {entry.entry_id for change in regrouped for entry in change.story.entries}
    overrides = store.topics.overrides(ids)
    return Batch(
        source="",
        state=None,
        outcome=Outcome.UNCHANGED,
        new=place(regrouped, rules, settings.sources, overrides),
        matches=decisions,
    )
