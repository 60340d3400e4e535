"""What rules would change among all stored stories, by topic."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush

from aggregator.config import Config
from aggregator.ingest.categorize.recategorize import (
    PlacementDiff,
    recategorize,
    sources_placed_in,
)
from aggregator.ingest.categorize.rules import TopicRules
from aggregator.model import ReasonKind, Story, Topic
from aggregator.startup import known_sources
from aggregator.store.base import Store

__all__ = ["TopicPreview", "newest_changes", "placement_diffs", "preview_topics"]

MAX_CHANGES_SHOWN = 10
"""Stories shown of those that a rule adds or removes."""


@dataclass(slots=True)
class TopicPreview:
    """What rules would change in one topic. Only the newest stories are kept, since there may be a
    million."""

    current: int = 0
    matched: int = 0
    added: int = 0
    removed: int = 0
    sources: Counter[str] = field(default_factory=Counter)
    newest: dict[str, list[tuple[str, int, str]]] = field(
        default_factory=lambda: {"adds": [], "removes": []}
    )

    def count(self, diff: PlacementDiff) -> None:
        """Count what the rules would change for one story."""
        self.current += diff.before is not None
        if diff.after and any(r.kind is ReasonKind.RULE for r in diff.after.placed_by):
            self.matched += 1
            self.sources.update({entry.source for entry in diff.story.entries})
        if diff.is_added and diff.after:
            self.added += 1
            self._keep("adds", diff, diff.after.reason)
        if diff.is_removed and diff.before:
            self.removed += 1
            self._keep("removes", diff, diff.before.reason)

    def _keep(self, verb: str, diff: PlacementDiff, reason: str) -> None:
        first = diff.story.entries[0]
        heappush(self.newest[verb], (first.published, first.entry_id, reason))
        if len(self.newest[verb]) > MAX_CHANGES_SHOWN:
            heappop(self.newest[verb])


def preview_topics(
    config: Config, store: Store, topics: Sequence[Topic], newest: int | None = None
) -> dict[str, TopicPreview]:
    """What the rules of these topics would change, by topic id; held stories do not count. With
    `newest`, only so many of the stories that may change are tried."""
    previews = {topic.id: TopicPreview() for topic in topics}
    for diff in placement_diffs(config, store, topics, newest):
        if not diff.story.is_held:
            previews[diff.topic].count(diff)
    return previews


def placement_diffs(
    config: Config, store: Store, topics: Sequence[Topic], newest: int | None = None
) -> Iterator[PlacementDiff]:
    """What rules would change, story by story."""
    rules, sources = TopicRules(topics), known_sources(config, store)
    ids = [topic.id for topic in topics]
    stories = store.topics.candidates(ids, rules.roots, sources_placed_in(sources, ids), newest)
    return recategorize(stories, rules, sources)


def newest_changes(store: Store, preview: TopicPreview, verb: str) -> Iterator[tuple[Story, str]]:
    """The newest stories that the rule "adds" or "removes", with the reasons."""
    newest = sorted(preview.newest[verb], reverse=True)
    stories = store.entries.stories([entry_id for _, entry_id, _ in newest])
    for _, entry_id, reason in newest:
        if story := stories.get(entry_id):
            yield story, reason
