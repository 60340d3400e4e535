"""What one fetch changes."""

from collections.abc import Set
from dataclasses import dataclass, field
from datetime import datetime

from aggregator.model.books import EntryCounts
from aggregator.model.entries import Rejected
from aggregator.model.fetching import Backoff
from aggregator.model.states import FetchState, Outcome
from aggregator.model.stories import Match, Story
from aggregator.model.topics import Placement

__all__ = ["Batch", "StoryChange"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryChange:
    """A story and where it belongs.

    `arrived` is when it arrives in lists that it did not stand in before. `joins` is true if
    the story is stored already and is told by other entries now; `row` is that of an entry in it
    that reads differently now. `is_held` keeps a new story back until the operator lets it out.
    `like` is the id of a story that was taken down, if a new one is like it: it is not published.
    `absorbed` are the ids of stories that turned out to be this one, `barred` the topics that an
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
    """Everything that one fetch of one source changes; saved whole or not at all.

    The batches of a large document are saved one by one, and `state` is None but in the last.
    `new` are stories that are new or told by other entries than before; `revised` are stories
    in which this source's entry reads differently now; `alike` are known entries that only
    their digest tells from last time; `keys` are the names, old and new, of known entries.
    The ends of `bonds` below 0 are entries of `new`; what bound the pairs of `lost` does no more.
    """

    source: str
    state: FetchState | None
    outcome: Outcome
    error: str = ""
    new: tuple[StoryChange, ...] = ()
    revised: tuple[StoryChange, ...] = ()
    matches: tuple[Match, ...] = ()
    dropped_matches: Set[tuple[int, int]] = frozenset()
    unchanged_hashes: tuple[tuple[int, str], ...] = ()
    keys: tuple[tuple[int, tuple[str, ...]], ...] = ()
    rejected: tuple[Rejected, ...] = ()
    counts: EntryCounts = field(default_factory=EntryCounts)
    backoff: Backoff | None = None
