"""Inputs and outputs of the pipeline: the context of a run, a job, and a step of it."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from aggregator.ingest.categorize.rules import TopicRules
from aggregator.ingest.changeset import Changeset
from aggregator.ingest.clock import ClockCheck
from aggregator.ingest.dedupe import ClusterResult, ClusterSettings
from aggregator.ingest.fetch.client import Fetcher
from aggregator.ingest.match.matcher import MatchResult
from aggregator.ingest.parse.chunks import CHUNK_ENTRIES
from aggregator.ingest.parts import MAX_MATCHED_ENTRIES
from aggregator.ingest.store_thread import StoreThread
from aggregator.ingest.workers import Workers
from aggregator.model import Batch, Entry, Fetched, FetchState, Rejected, Source
from aggregator.store.base import Store

__all__ = ["IngestContext", "Job", "Step"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestContext:
    """Dependencies and settings of a run.

    `own_sites` are the addresses that our own site has or had; its stories are rejected. With
    `source_locks`, a fetched and a delivered document of one source are ingested one after the
    other.
    """

    store: Store
    fetcher: Fetcher
    workers: Workers
    settings: ClusterSettings
    topic_rules: TopicRules
    own_sites: Sequence[str]
    source_locks: defaultdict[str, asyncio.Lock] = field(
        default_factory=lambda: defaultdict(asyncio.Lock)
    )
    chunk_entries: int = CHUNK_ENTRIES
    """Entries in a chunk of a large document."""
    max_matched_entries: int = MAX_MATCHED_ENTRIES
    """Entries that are matched together; see `parts`."""
    clock_check: ClockCheck | None = None
    """Confirms the clock of a run before anything is saved; None if the time is given."""
    store_thread: StoreThread | None = None
    """Runs store access; None to run it in the event loop."""

    @property
    def now(self) -> datetime:
        """The time of the run."""
        return self.settings.now

    async def in_store(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run a read-then-write function in the store thread; this program writes nothing else
        in between."""
        if self.store_thread is None:
            return function(*arguments)
        return await self.store_thread.run(function, *arguments)


@dataclass(frozen=True, slots=True)
class Job:
    """A document to ingest, and how it came: fetched, delivered by a hub or posted."""

    source: Source
    before: FetchState
    document: Fetched
    is_pushed: bool = False
    is_delivery: bool = False
    is_posted: bool = False
    """True for an article that an operator has found: it says nothing about the feed."""
    started: float | None = None
    """When the fetch began, by `perf_counter`; None for a delivery."""

    @property
    def is_first_import(self) -> bool:
        """True until a document of the source has been saved."""
        return self.before.last_success is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What the pipeline made of a document, or of one chunk of it; nothing of it is saved yet."""

    match: MatchResult
    cleaned: Sequence[Entry | Rejected]
    changes: Changeset
    clusters: ClusterResult
    batch: Batch
    is_held: bool
