"""The CPU-bound steps, in worker processes.

Parsing and cleaning a feed is most of the work of a run, and the only part that an outlet's bytes
could hang or crash. Each task has limits of time and memory; a worker that exceeds them or dies is
replaced, and only that document fails.
"""

import asyncio
import os
import resource
import signal
from collections.abc import Callable, Iterator, Sequence, Set
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from importlib import import_module
from typing import Any, TypeAlias, TypeVar
from weakref import WeakKeyDictionary

from pebble import ProcessExpired, ProcessPool

from aggregator.garbage import tune_gc
from aggregator.ingest.byte_budget import ByteBudget
from aggregator.ingest.parse.chunks import Chunk
from aggregator.ingest.worker_results import (
    CleanStep,
    EntryHeaders,
    ParsedDocument,
    ReadDocument,
)
from aggregator.model import (
    Entry,
    Failed,
    FailureKind,
    Fetched,
    KeyedEntry,
    Rejected,
    Source,
    ThumbnailFiles,
)
from aggregator.processes import end_process_pool, lower_priority, open_process_pool

__all__ = ["WorkerLimits", "Workers", "open_workers"]

TASKS = "aggregator.ingest.worker_tasks"
OUT_OF_MEMORY_EXIT = 77
"""Exit code of a worker that has reached its memory limit."""
MAX_BODIES = 16
"""Small documents that are read and saved at a time, so that workers never wait for the next."""
MAX_LARGE_BYTES = 4_000_000
"""Bytes of large documents that are read at a time; one that has more is read alone."""
NICENESS = 10
"""Niceness of workers; see nice(2)."""
CLEAN_BATCH_ENTRIES = 500
"""Entries cleaned in one task."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLimits:
    """Limits for one document; the largest real feeds take one or two seconds and 50 MB."""

    document_seconds: float = 60.0
    entry_seconds: float = 5.0
    """For one entry, if it is cleaned on its own."""
    picture_seconds: float = 10.0
    memory_bytes: int = 600_000_000
    max_bad_entries: int = 3
    """Entries of one feed that may exceed the limits; with more, the feed does."""


_PerLoop: TypeAlias = WeakKeyDictionary[asyncio.AbstractEventLoop, T]


class Workers:
    """A pool that parses and cleans, opened in a thread while the rest of the program starts. If
    all its processes die, it starts others."""

    def __init__(
        self,
        open_pool: Callable[[], ProcessPool],
        limits: WorkerLimits,
        clean_step: CleanStep | None = None,
    ) -> None:
        self._large_document: _PerLoop[ByteBudget] = WeakKeyDictionary()
        self._body: _PerLoop[asyncio.Semaphore] = WeakKeyDictionary()
        self._large_body: _PerLoop[ByteBudget] = WeakKeyDictionary()
        self._open_pool = open_pool
        self._limits = limits
        self._clean_step = clean_step or _Task("clean_entries")
        self._opener = ThreadPoolExecutor(max_workers=1, thread_name_prefix="workers")
        self._pool = self._opener.submit(open_pool)

    @property
    def large_document(self) -> ByteBudget:
        """Admits documents that are read in chunks, in the running event loop."""
        loop = asyncio.get_running_loop()
        return self._large_document.setdefault(loop, ByteBudget(MAX_LARGE_BYTES))

    @property
    def body(self) -> asyncio.Semaphore:
        """Admits small documents to memory, in the running event loop."""
        loop = asyncio.get_running_loop()
        return self._body.setdefault(loop, asyncio.Semaphore(MAX_BODIES))

    @property
    def large_body(self) -> ByteBudget:
        """Admits large documents to memory, in the running event loop."""
        loop = asyncio.get_running_loop()
        return self._large_body.setdefault(loop, ByteBudget(MAX_LARGE_BYTES))

    async def read(self, fetched: Fetched) -> ParsedDocument | Failed:
        """Parse a feed and assign keys to its entries."""
        return await self._run(_Task("read"), fetched)

    async def read_and_clean(
        self,
        document: Fetched,
        known: Set[int],
        chunk_entries: int,
        source: Source,
        now: datetime,
        own_sites: Sequence[str],
    ) -> ReadDocument | Failed | None:
        """Parse a feed and clean what is not stored of it, in one task; see
        `worker_tasks.read_and_clean`. It gets a third of the time, because one that fails is read
        again, step by step."""
        step, seconds = self._clean_step, self._limits.document_seconds / 3
        return await self._run(
            _Task("read_and_clean"),
            document, known, chunk_entries, step, source, now, own_sites, seconds=seconds,
        )  # fmt: skip

    async def read_headers(self, chunk: Chunk) -> EntryHeaders | Failed:
        """Parse a chunk of a feed for what must be known of many entries before one is cleaned."""
        return await self._run(_Task("read_headers"), chunk)

    async def clean(
        self, items: Sequence[KeyedEntry], source: Source, now: datetime, own_sites: Sequence[str]
    ) -> list[Entry | Rejected] | Failed:
        """Clean entries, in order; `own_sites` are the addresses of our own site.

        If one of them hangs or kills a worker, it is rejected, and no other is affected.
        """
        step = self._clean_step
        starts = range(0, len(items), CLEAN_BATCH_ENTRIES)
        batches = [items[start : start + CLEAN_BATCH_ENTRIES] for start in starts]
        tasks = (self._clean(step, batch, source, now, own_sites) for batch in batches)
        cleaned: list[Entry | Rejected] = []
        for result in await asyncio.gather(*tasks):
            if isinstance(result, Failed):
                return result
            cleaned += result
        return cleaned

    async def clean_chunk(
        self,
        chunk: Chunk,
        first: int,
        items: Sequence[KeyedEntry],
        source: Source,
        now: datetime,
        own_sites: Sequence[str],
    ) -> list[Entry | Rejected] | Failed:
        """Clean entries of a chunk whose first entry has the index `first`; their headers are
        enough, the chunk is parsed again."""
        step = partial(_Task("clean_chunk"), chunk, first)
        return await self._clean(step, items, source, now, own_sites)

    async def make_thumbnails(self, picture: bytes) -> ThumbnailFiles | Failed:
        """The thumbnails of a picture that we serve."""
        seconds = self._limits.picture_seconds
        return await self._run(_Task("thumbnails_of"), picture, seconds=seconds, kind="picture")

    async def _clean(
        self,
        step: Callable[..., list[Entry | Rejected] | Failed],
        items: Sequence[KeyedEntry],
        source: Source,
        now: datetime,
        own_sites: Sequence[str],
    ) -> list[Entry | Rejected] | Failed:
        """Clean entries together, or one by one if that fails; give up if too many fail."""
        result = await self._run(step, items, source, now, own_sites)
        if not isinstance(result, Failed):
            return result
        cleaned: list[Entry | Rejected] = []
        bad = 0
        for item in items:
            seconds = self._limits.entry_seconds
            result = await self._run(step, [item], source, now, own_sites, seconds=seconds)
            if isinstance(result, Failed):
                bad += 1
                if bad > self._limits.max_bad_entries:
                    return result
                title, reason = (
                    f"entry {item.feed_index + 1}",
                    "cleaning takes too much time or memory",
                )
                result = [Rejected(key=item.keys[0], title=title, reason=reason)]
            cleaned += result
        return cleaned

    async def _run(
        self, step: Callable[..., T | Failed], *args: Any, seconds: float = 0.0, kind: str = "feed"
    ) -> T | Failed:
        seconds = seconds or self._limits.document_seconds
        for _ in range(2):
            pool = await self._living_pool()
            future = pool.schedule(_run_limited, args=(step, *args), timeout=seconds)
            try:
                result: T | Failed = await asyncio.wrap_future(future)
            except TimeoutError:
                return _exceeded(f"Reading the {kind} took longer than {seconds:g} seconds.")
            except ProcessExpired as error:
                if error.exitcode == OUT_OF_MEMORY_EXIT:
                    return _exceeded(f"Reading the {kind} took more memory than a {kind} may take.")
                return _exceeded(f"The process that read the {kind} died ({error}).")
            except BrokenProcessPool:
                continue  # they died while idle; no document is to blame
            return result
        return _exceeded(f"The processes that read {kind}s died twice; see the system log.")

    async def _living_pool(self) -> ProcessPool:
        opening = self._pool
        pool = await _result(opening)
        if not pool.active and self._pool is opening:  # nobody else has replaced it
            self._pool = self._opener.submit(self._replace, pool)
        return await _result(self._pool)

    def _replace(self, pool: ProcessPool) -> ProcessPool:
        end_process_pool(pool)
        return self._open_pool()

    def close(self) -> None:
        """End the processes."""
        self._opener.shutdown(wait=True)
        end_process_pool(self._pool.result())


@contextmanager
def open_workers(
    count: int, limits: WorkerLimits | None = None, clean_step: CleanStep | None = None
) -> Iterator[Workers]:
    """A pool of `count` processes that end with the block.

    They start while the rest of the program does. `clean_step` replaces `clean_entries`, for tests.
    """
    limits = limits or WorkerLimits()

    def open_pool() -> ProcessPool:
        pool = open_process_pool(count, TASKS, _start, limits.memory_bytes)
        for _ in range(count):
            pool.schedule(_warm_up)
        return pool

    workers = Workers(open_pool, limits, clean_step)
    try:
        yield workers
    finally:
        workers.close()


async def _result(future: "Future[T]") -> T:
    """Await a future that others may await too: cancelling this caller does not cancel it."""
    return await asyncio.shield(asyncio.wrap_future(future))


def _exceeded(error: str) -> Failed:
    return Failed(kind=FailureKind.RESOURCES, error=error)


# ---- in a worker process


@dataclass(frozen=True, slots=True)
class _Task:
    """A function of `worker_tasks`, by its name: only workers load the libraries that it needs."""

    name: str

    def __call__(self, *args: Any) -> Any:
        return getattr(import_module(TASKS), self.name)(*args)


def _run_limited(step: Callable[..., T], *args: Any) -> T:
    """Run a step; if it runs out of memory, end the process, since not all of the memory would be
    freed."""
    try:
        return step(*args)
    except MemoryError:
        os._exit(OUT_OF_MEMORY_EXIT)


def _start(memory_bytes: int) -> None:
    """Initialize a worker, at a lower priority than the web server. It ignores SIGHUP: the program
    stops its workers itself."""
    lower_priority(NICENESS)
    tune_gc()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))


def _warm_up() -> None:
    """The first task of a worker."""
