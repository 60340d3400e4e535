"""The interface of a store: one Protocol per client, free of drivers.

A `Store` has its parts as attributes: `store.lists.latest(...)`, `store.sources.due(now)`. Every
method may raise StoreUnavailable. Methods that change several tables do so in one transaction.
Every backend passes tests/contract.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, Protocol

from aggregator.model import (
    Backoff,
    Batch,
    EntryKey,
    EntryView,
    FetchState,
    Incident,
    Issue,
    Match,
    Node,
    Placement,
    PlacementChange,
    PlacementReason,
    Rejected,
    RunReport,
    SampledStory,
    Source,
    SourceHealth,
    StoredEntry,
    Story,
    StoryNeighbourhood,
    StoryPlacements,
    Takedown,
    Topic,
    TopicOverride,
)
from aggregator.store.base_alerts import AlertStore
from aggregator.store.base_calendar import CalendarStore
from aggregator.store.base_config import ConfigStore
from aggregator.store.base_digest import DigestStore, DigestSubscriberStore
from aggregator.store.base_learning import LearningStore
from aggregator.store.base_lists import ListOptions, ListStore
from aggregator.store.base_operators import OperatorStore
from aggregator.store.base_pictures import PictureStore
from aggregator.store.base_statistics import StatisticsStore
from aggregator.store.base_websub import HubStore, SubscriptionStore

__all__ = [
    "AlertStore", "CalendarStore", "ConfigStore", "DigestStore", "DigestSubscriberStore",
    "EntryStore", "HubStore", "LearningStore", "ListOptions", "ListStore", "LockName",
    "MaintenanceStore", "OperatorStore", "PictureStore", "SourceStore", "StatisticsStore",
    "Store", "StoryStore", "SubscriptionStore", "TopicStore",
]  # fmt: skip

LockName = Literal["ingest", "learn", "verify", "notify", "ping", "pictures", "alerts", "digest"]
"""Work that one process at a time may do on a database."""


class SourceStore(Protocol):
    """Sources, their fetch state and their health."""

    def sync(self, sources: Sequence[Source], now: datetime) -> None:
        """Store the sources of feeds.toml; keep those that are no longer listed."""

    def rename(self, sources: Sequence[Source], now: datetime) -> None:
        """Move the entries, fetch state and archives of former source ids (`was`) to the new ones.
        To be called before `sync`."""

    def original_ids(self) -> dict[str, str]:
        """The id under which each renamed source was first published."""

    def by_id(self) -> Mapping[str, Source]:
        """Every source that was ever synced, as far as its credit needs."""

    def first_fetches(self) -> Mapping[str, datetime]:
        """When each source was first fetched."""

    def due(self, sources: Sequence[Source], now: datetime) -> list[Source]:
        """The sources to fetch now, longest overdue first; no retired ones."""

    def next_due(self, sources: Sequence[Source]) -> datetime | None:
        """When the next of these sources falls due; None if one has never been fetched, or all are
        retired."""

    def request_fetch(self, source: str, now: datetime) -> None:
        """Make a source due now, also a retired one; the loop looks for that twice a second."""

    def take_fetch_requests(self) -> int:
        """How many fetches were asked for since the last call."""

    def fetch_state(self, source: str) -> FetchState:
        """The fetch state of a source."""

    def recent_dates(self, source: str, limit: int) -> list[datetime]:
        """Publication dates of a source's newest entries, newest first."""

    def backoffs(self, now: datetime) -> dict[str, Backoff]:
        """The backoffs in force now, by domain."""

    def health(self) -> list[SourceHealth]:
        """The health of each source."""

    def count_entries(self, sources: Collection[str] | None = None) -> dict[str, int]:
        """How many entries of these sources, or of each, are stored; those without any are left
        out."""

    def count_urgent(self) -> tuple[int, int]:
        """How many sources fail, and how many stories are held."""

    def rejected(self, source: str, limit: int) -> list[Rejected]:
        """Rejected entries of a source, newest first."""

    def tags(self, source: str, limit: int) -> list[tuple[str, int]]:
        """The outlet's own categories in its newest `limit` entries, most frequent first."""


class EntryStore(Protocol):
    """Entries, how they are recognised, and what matches them."""

    def save(self, batch: Batch, now: datetime) -> None:
        """Save everything that one fetch changed, in one transaction."""

    def next_ids(self, count: int) -> range:
        """Numbers for entries that will be saved next. The caller holds the ingest lock."""

    def by_keys(self, source: str, keys: Collection[EntryKey]) -> dict[EntryKey, StoredEntry]:
        """The entries of a source that these keys identify."""

    def short_hashes(self, source: str, limit: int) -> dict[int, int]:
        """The entries of a source that were stored last: short hash -> id."""

    def latest(self, source: str, limit: int) -> list[StoredEntry]:
        """The entries of a source that were stored last, newest first."""

    def ids_by_url(self, urls: Collection[str]) -> dict[str, list[int]]:
        """Entry ids by canonical URL, oldest first; of many, the newest 40."""

    def ids_by_fingerprint(self, fingerprints: Collection[int]) -> dict[int, list[int]]:
        """Entry ids by fingerprint. Old entries have none (see `forget_fingerprints`)."""

    def source_ids(self, entries: Collection[int]) -> dict[int, str]:
        """The source of each entry."""

    def stories(self, entries: Collection[int]) -> dict[int, Story]:
        """The story of each entry."""

    def neighbourhood(self, entries: Collection[int]) -> StoryNeighbourhood:
        """The stories of these entries, and all that matches connect with them."""

    def newest_matches(self, limit: int) -> list[Match]:
        """Matches of the newest entries, except those that an operator has split."""

    def search(self, root: Node) -> Iterator[tuple[EntryView, tuple[str, ...]]]:
        """The published entries that a query matches, oldest first, and where it matches."""


class StoryStore(Protocol):
    """Stories: lookup, holds, takedowns, expiry."""

    def get(self, id_: str) -> Story | None:
        """A published story."""

    def ids(self) -> Iterator[str]:
        """Ids of all published stories, and of those merged into one, newest first."""

    def existing_public_ids(self, public_ids: Collection[str]) -> set[str]:
        """The subset of these public ids that belong, or belonged, to a story."""

    def merged_into(self, id_: str) -> str:
        """Id of the published story that a story was merged into; empty if it was not."""

    def related(self, story: Story, limit: int) -> list[Story]:
        """Other stories that seem to report the same event, most similar first."""

    def placements(self, id_: str) -> list[Placement]:
        """The topics of a published story, and why it is in each."""

    def placement_sentences(self, id_: str) -> dict[str, str]:
        """Topics of a story, each with the sentence that says why, for operators."""

    def edit(self, id_: str, own_headline: str, editor_note: str, now: datetime) -> None:
        """Publish a headline and a note of the site beside the outlet's words, in place of those
        before; empty ones are removed."""

    def take_down(self, id_: str, reason: str, now: datetime) -> None:
        """Take a published story out of every list, until `restore`."""

    def restore(self, id_: str, now: datetime) -> None:
        """Undo a takedown, and that of copies that are down because of it."""

    def takedowns(self) -> list[Takedown]:
        """Everything that was taken down, newest first."""

    def taken_down_entries(self, entries: Collection[int]) -> set[int]:
        """The subset of these entries whose story an operator has taken down, without copies."""

    def is_taken_down(self, id_: str) -> bool:
        """True for a story that was taken down, or merged into one that was."""

    def held(self, source: str, limit: int) -> list[Story]:
        """Held stories of a source, newest first."""

    def release(
        self,
        source: str,
        now: datetime,
        stories: Collection[str] | None = None,
        *,
        as_new: bool = False,
    ) -> int:
        """Publish the held stories of a source, or those with these ids, at their own dates, or as
        listed now; returns how many."""

    def drop(self, source: str, stories: Collection[str] | None = None) -> int:
        """Never publish the held stories of a source, or those with these ids; returns how many."""

    def purge(self, keep: timedelta, now: datetime) -> int:
        """Remove stories older than `keep`; returns how many. Their entries are still
        recognised, so that they do not come back."""


class TopicStore(Protocol):
    """Which stories are in which topics, why, and how that changes."""

    def rename(self, topics: Sequence[Topic], now: datetime) -> None:
        """Move the stories, archives and overrides of former topic ids (`was`) to the new ones."""

    def original_ids(self) -> dict[str, str]:
        """The id under which each renamed topic was first published."""

    def overrides(self, entries: Collection[int]) -> list[TopicOverride]:
        """Operators' decisions about these entries."""

    def candidates(
        self,
        topics: Sequence[str],
        clauses: Sequence[Node],
        sources: Collection[str],
        newest: int | None = None,
    ) -> Iterator[StoryPlacements]:
        """Stories that are in these topics or may belong there, oldest first: one of the clauses
        may match them, they are of one of these sources, or an operator has decided so. With
        `newest`, only so many of them."""

    def placements_of(self, entry: int, topics: Sequence[str]) -> StoryPlacements | None:
        """The story of an entry, and its placements in these topics."""

    def recategorize(
        self, changes: Iterable[PlacementChange], overrides: Sequence[TopicOverride], now: datetime
    ) -> None:
        """Move stored stories between topics and keep operators' decisions, in one transaction; ids
        and order do not change."""

    def placement_dates(
        self, since: datetime
    ) -> Iterator[tuple[int, str, Sequence[PlacementReason], datetime]]:
        """Placements of stories listed since then: story number, topic, reasons, date."""

    def source_dates(self, since: datetime) -> Iterator[tuple[str, datetime]]:
        """Stories with a topic that were listed since then: source and date."""

    def shared(self, since: datetime | None = None) -> list[tuple[str, str, int]]:
        """Pairs of topics and the number of stories that both have, largest first; of those listed
        since then, or of all."""

    def sample(
        self, limit: int, topics: Sequence[str], *, with_content: bool
    ) -> Iterator[SampledStory]:
        """Newest published stories as rules see them, and whether each has one of these topics."""


class MaintenanceStore(Protocol):
    """Locks, runs, backups and checks."""

    def lock(self, name: LockName) -> AbstractContextManager[None]:
        """A lock that one process at a time holds; raises StoreBusy at once if another one does."""

    def record_run(self, report: RunReport) -> None:
        """Keep the report of a run."""

    def record_bug(self, task: str, error: str, now: datetime) -> None:
        """Keep the last unexpected error of a task. It touches no other table, so that a bug in
        another statement does not keep it from being counted."""

    def count_bugs(self, since: datetime) -> int:
        """Number of tasks that have had an unexpected error since then."""

    def last_fetch(self) -> datetime | None:
        """Time of the last fetch; ahead of now if the clock has gone back."""

    def correct_future_times(self, now: datetime) -> None:
        """Set all times that this program stamped and that are in the future to now. The dates that
        outlets gave stay."""

    def undo_correction(self, now: datetime) -> int:
        """Put back what the last `correct_future_times` changed, except what has changed since;
        returns how many times, 0 if there was no correction."""

    def record_incident(self, kind: str, sentence: str, now: datetime) -> None:
        """Keep what is wrong with the program as a whole. One that is known keeps its time."""

    def clear_incident(self, kind: str) -> None:
        """Forget an incident that is over."""

    def incidents(self) -> list[Incident]:
        """What is wrong with the program as a whole, by kind."""

    def forget_fingerprints(self, before: datetime, limit: int) -> int:
        """Drop the fingerprints of entries first seen before then, oldest first, at most `limit`
        entries; returns how many."""

    def backup(self, file: Path) -> None:
        """Copy the database as it is at one moment into a file, whole or not at all, while others
        read and write. Raises WriteError."""

    def check(self, now: datetime) -> list[Issue]:
        """Everything that is wrong with the database."""

    def repair(self, now: datetime) -> None:
        """Repair what can be repaired, in one transaction."""


class Store(Protocol):
    """All parts of one database."""

    @property
    def sources(self) -> SourceStore: ...
    @property
    def entries(self) -> EntryStore: ...
    @property
    def stories(self) -> StoryStore: ...
    @property
    def lists(self) -> ListStore: ...
    @property
    def topics(self) -> TopicStore: ...
    @property
    def learning(self) -> LearningStore: ...
    @property
    def subscriptions(self) -> SubscriptionStore: ...
    @property
    def hub(self) -> HubStore: ...
    @property
    def calendar(self) -> CalendarStore: ...
    @property
    def pictures(self) -> PictureStore: ...
    @property
    def operators(self) -> OperatorStore: ...
    @property
    def alerts(self) -> AlertStore: ...
    @property
    def statistics(self) -> StatisticsStore: ...
    @property
    def config(self) -> ConfigStore: ...
    @property
    def digest(self) -> DigestStore: ...
    @property
    def digest_subscribers(self) -> DigestSubscriberStore: ...
    @property
    def maintenance(self) -> MaintenanceStore: ...

    def transaction(self) -> AbstractContextManager[None]:
        """One transaction of everything that this thread writes inside; all of it is undone if the
        block raises. Inside another one, it is a part that can be undone alone."""

    def close(self) -> None:
        """Close all connections; leaving a `with` block does the same."""

    def __enter__(self) -> "Store": ...

    def __exit__(self, *_: object) -> None: ...
