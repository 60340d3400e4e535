"""The steps that need the processor, in processes of their own.

Reading and cleaning a feed is most of the work of a run, and the only part that an
outlet's bytes could hang or crash. Each task has limits of time and memory; a worker that
exceeds them or dies is replaced, and only that document fails.
"""

import asyncio
import multiprocessing
import os
import resource
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, TypeAlias, TypeVar
from weakref import WeakKeyDictionary

from pebble import ProcessExpired, ProcessPool

from aggregator.ingest.clean.cleaner import clean_all
from aggregator.ingest.match.keys import KeyedEntry, assign_keys
from aggregator.ingest.parse.channel import feed_meta
from aggregator.ingest.parse.chunks import Chunk
from aggregator.ingest.parse.parser import parse
from aggregator.model import (
    Entry,
    Failed,
    FeedMeta,
    Fetched,
    ParsedEntry,
    ParsedFeed,
    Rejected,
    Source,
)

__all__ = ["EntryHeaders", "ParsedDocument", "Workers", "open_workers"]

DOCUMENT_SECONDS = 60.0
"""Seconds for one document; the largest real feeds take one or two."""
WORKER_MEMORY_BYTES = 600_000_000
"""Bytes that a worker may hold in all; the largest real feeds take it to 50 million."""
ENTRY_SECONDS = 5.0
"""Seconds for one entry, if it is cleaned apart."""
MAX_BAD_ENTRIES = 3
"""Entries of one feed that may be too much; with more, the feed is."""
OUT_OF_MEMORY_EXIT = 77
"""How a worker ends that has reached its limit."""
CLEAN_BATCH_ENTRIES = 500
"""Entries cleaned in one task."""

T = TypeVar("T")
_Clean: TypeAlias = Callable[..., list[Entry | Rejected] | Failed]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedDocument:
    """A feed that could be read, and its entries with their keys."""

    feed_meta: FeedMeta
    named: tuple[KeyedEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryHeaders:
    """A slice of a feed that could be read, and the outlines of its entries."""

    feed_meta: FeedMeta
    entries: tuple[ParsedEntry, ...]


class Workers:
    """A pool that reads and cleans. If all its processes die, it has others."""

    def __init__(self, open_pool: Callable[[], ProcessPool]) -> None:
        self._large: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = (
            WeakKeyDictionary()
        )
        self._open_pool = open_pool
        self._pool = open_pool()

    @property
    def large(self) -> asyncio.Semaphore:
        """Lets one document at a time be read in slices, in the event loop that asks."""
        loop = asyncio.get_running_loop()
        return self._large.setdefault(loop, asyncio.Semaphore(1))

    async def read(self, fetched: Fetched) -> ParsedDocument | Failed:
        """Parse a feed and name its entries."""
        return await self._do(_read, fetched)

    async def outline(self, part: Chunk) -> EntryHeaders | Failed:
        """Parse a slice of a feed for what must be known of many before one is cleaned."""
        return await self._do(_outline, part)

    async def clean(
        self, items: Sequence[KeyedEntry], source: Source, now: datetime, home: str
    ) -> list[Entry | Rejected] | Failed:
        """Clean entries, in order; `home` is the address of our own site.

        If one of them hangs or kills a worker, it is rejected, and costs no other.
        """
        chunks = [
            items[start : start + CLEAN_BATCH_ENTRIES]
            for start in range(0, len(items), CLEAN_BATCH_ENTRIES)
        ]
        tasks = (self._clean(clean_all, chunk, source, now, home) for chunk in chunks)
        cleaned: list[Entry | Rejected] = []
        for result in await asyncio.gather(*tasks):
            if isinstance(result, Failed):
                return result
            cleaned += result
        return cleaned

    async def clean_in(
        self,
        part: Chunk,
        first: int,
        items: Sequence[KeyedEntry],
        source: Source,
        now: datetime,
        home: str,
    ) -> list[Entry | Rejected] | Failed:
        """The same for entries of a slice that begins with number `first`; of those named,
        outlines are enough."""
        return await self._clean(partial(_clean_in, part, first), items, source, now, home)

    async def _clean(
        self, step: _Clean, items: Sequence[KeyedEntry], source: Source, now: datetime, home: str
    ) -> list[Entry | Rejected] | Failed:
        """All at once, else one by one; gives up on a feed with many that are too much."""
        result = await self._do(step, items, source, now, home)
        if not isinstance(result, Failed):
            return result
        cleaned: list[Entry | Rejected] = []
        bad = 0
        for item in items:
            result = await self._do(step, [item], source, now, home, limit=ENTRY_SECONDS)
            if isinstance(result, Failed):
                bad += 1
                if bad > MAX_BAD_ENTRIES:
                    return result
                reason = "it took too much time or memory to clean"
                result = [
                    Rejected(key=item.keys[0], title=f"entry {item.feed_index + 1}", reason=reason)
                ]
            cleaned += result
        return cleaned

    async def _do(
        self, step: Callable[..., T], *args: Any, limit: float | None = None
    ) -> T | Failed:
        for _ in range(2):
            pool = self._living_pool()
            future = pool.schedule(
                _run_limited, args=(step, *args), timeout=limit or DOCUMENT_SECONDS
            )
            try:
                result: T = await asyncio.wrap_future(future)
            except TimeoutError:
                return Failed(
                    error=f"Reading the feed took longer than {limit or DOCUMENT_SECONDS:g} seconds."
                )
            except ProcessExpired as error:
                if error.exitcode == OUT_OF_MEMORY_EXIT:
                    return Failed(error="Reading the feed took more memory than a feed may take.")
                return Failed(error=f"The process that read the feed died ({error}).")
            except BrokenProcessPool:
                continue  # they died while they had nothing to do; nobody's document is to blame
            return result
        return Failed(error="The processes that read feeds died twice; see the system's log.")

    def _living_pool(self) -> ProcessPool:
        if not self._pool.active:
            self.close()
            self._pool = self._open_pool()
        return self._pool

    def close(self) -> None:
        """End the processes."""
        self._pool.stop()  # type: ignore[no-untyped-call]  # pebble leaves it untyped
        self._pool.join()


@contextmanager
def open_workers(count: int) -> Iterator[Workers]:
    """A pool of `count` processes that end with the block.

    They come from a server process that has the parsers loaded, so that starting one is
    quick and their memory is shared.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])

    def open_pool() -> ProcessPool:
        pool = ProcessPool(max_workers=count, context=context, initializer=_limit_memory)
        for _ in range(count):
            pool.schedule(_ready)  # they start while the rest of the program does
        return pool

    workers = Workers(open_pool)
    try:
        yield workers
    finally:
        workers.close()


def _run_limited(step: Callable[..., T], *args: Any) -> T:
    """A step, after which the process is as good as before, or ends: what a step took that
    ran out of memory does not all come back."""
    try:
        return step(*args)
    except MemoryError:
        os._exit(OUT_OF_MEMORY_EXIT)


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (WORKER_MEMORY_BYTES, WORKER_MEMORY_BYTES))


def _ready() -> None:
    """The first task of a worker."""


def _read(fetched: Fetched) -> ParsedDocument | Failed:
    parsed = parse(fetched)
    if isinstance(parsed, Failed):
        return parsed
    return ParsedDocument(feed_meta=feed_meta(parsed), named=tuple(assign_keys(parsed.entries)))


def _outline(part: Chunk) -> EntryHeaders | Failed:
    parsed = _parsed(part)
    if isinstance(parsed, Failed):
        return parsed
    entries = tuple(entry.headers for entry in parsed.entries)
    return EntryHeaders(feed_meta=feed_meta(parsed), entries=entries)


def _clean_in(
    part: Chunk, first: int, items: Sequence[KeyedEntry], source: Source, now: datetime, home: str
) -> list[Entry | Rejected] | Failed:
    parsed = _parsed(part)
    if isinstance(parsed, Failed):
        return parsed
    whole = [replace(item, entry=parsed.entries[item.feed_index - first]) for item in items]
    return clean_all(whole, source, now, home)


def _parsed(part: Chunk) -> ParsedFeed | Failed:
    parsed = parse(part.document)
    if part.oversized_entry and isinstance(parsed, ParsedFeed):
        return replace(parsed, entries=(part.oversized_entry,))
    return parsed
