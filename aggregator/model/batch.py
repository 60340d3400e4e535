"""What one fetch changes."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime

from aggregator.model.counts import EntryCounts
from aggregator.model.entry import Rejected
from aggregator.model.fetch import Backoff, FailureKind, FetchState
from aggregator.model.keys import EntryKey
from aggregator.model.report import FetchRecord, Outcome
from aggregator.model.story import Match, Story
from aggregator.model.topic import Placement

__all__ = ["Batch", "StoryChange"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryChange:
    """A new or changed story as it will be stored, and its topics.

    `listed_at` is its date in lists that it was not in before. `is_stored` is true if the story
    exists and gets other entries; `revised_entry_id` is the entry that reads differently now.
    `is_held` holds a new story back until the operator releases it. `copy_of_takedown` is the id of
    the story that was taken down and that a new one is a copy of: it is not published. `merged_ids`
    are the ids of stories that are merged into this one, `excluded_topics` the topics that an
    operator keeps it out of.
    """

    story: Story
    listed_at: datetime
    placements: tuple[Placement, ...] = ()
    is_stored: bool = False
    revised_entry_id: int = 0
    is_held: bool = False
    merged_ids: tuple[str, ...] = ()
    copy_of_takedown: str = ""
    excluded_topics: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Everything that one fetch of one source changes; saved in one transaction.

    A large document is saved as several batches, of which only the last has a `state`. `new` are
    stories that are new or have other entries than before, `new_entry_ids` the entries in them that
    are not stored yet. `revised` are stories in which an entry of this source reads differently
    now. `unchanged_hashes` are pairs of an entry id and its new raw hash, `keys` pairs of an entry
    id and keys to add to it. `dropped_matches` are pairs of entry ids that no longer match.
    `pictures` are the addresses of the pictures to make thumbnails of, by entry id. `fetch` is kept
    for operators, with the last batch of a document.
    """

    source: str
    state: FetchState | None
    outcome: Outcome
    failure_kind: FailureKind | None = None
    error: str = ""
    new: tuple[StoryChange, ...] = ()
    new_entry_ids: frozenset[int] = frozenset()
    revised: tuple[StoryChange, ...] = ()
    matches: tuple[Match, ...] = ()
    dropped_matches: Set[tuple[int, int]] = frozenset()
    unchanged_hashes: tuple[tuple[int, str], ...] = ()
    keys: tuple[tuple[int, tuple[EntryKey, ...]], ...] = ()
    rejected: tuple[Rejected, ...] = ()
    pictures: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    counts: EntryCounts = field(default_factory=EntryCounts)
    backoff: Backoff | None = None
    fetch: FetchRecord | None = None
