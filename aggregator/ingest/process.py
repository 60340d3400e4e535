"""From a document to the store.

    Fetched --sliced--> read, recognise | for each slice: clean, file, save

Entries are recognised before one of them is cleaned, because only all of them tell whether they
have other names than before, and how many are new. Of a large document, that is done with the
outlines of its entries, slice by slice, for as many as memory allows; then the slices are read
again for what is new or changed in them.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

from aggregator.ingest.changeset import build_batch, exceeds_burst_limit
from aggregator.ingest.fetch.client import Fetcher
from aggregator.ingest.match.keys import KeyedEntry, assign_keys
from aggregator.ingest.match.matcher import MatchResult, match_entries
from aggregator.ingest.match.migration import (
    confirm_rebound,
    looks_migrated,
    rebind_by_path_and_title,
)
from aggregator.ingest.parse.chunks import ChunkedDocument, split_into_chunks
from aggregator.ingest.retelling import Desk
from aggregator.ingest.workers import Workers
from aggregator.model import (
    RECENT_ENTRIES,
    Entry,
    EntryCounts,
    Failed,
    FeedMeta,
    Fetched,
    FetchState,
    Outcome,
    ParsedEntry,
    Rejected,
    Source,
    SourceReport,
)
from aggregator.text.html import one_line

__all__ = ["MAX_SENTENCE_CHARS", "Line", "OnComplete", "latest_dates", "process_document"]

MAX_SENTENCE_CHARS = 400
"""Characters of an error or note."""
MAX_MATCHED_ENTRIES = 4000
"""Entries that are recognised together; a document with more is taken as several, one after the
other. Real feeds have a tenth of it."""
MAX_MIGRATED_ENTRIES = 20_000
"""Stored entries of a source that are looked at for their old names."""
LARGE_DOCUMENT_SECONDS = 600.0
"""Seconds for a document in slices; 100,000 entries take about one minute."""

OnComplete: TypeAlias = Callable[[FeedMeta, Sequence[datetime]], FetchState]
"""The state of a source after a whole document, with the dates of its last articles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line(Desk):
    """What the line works with. `home` is the address of our own site; `locks` keep two
    tellings of one source apart, fetched and delivered at the same time."""

    fetcher: Fetcher
    workers: Workers
    home: str
    locks: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Entries that are recognised together. `slices` are those that they stand in: its number,
    and that of its first entry. Of the entries of a document with several, these are outlines."""

    overview: FeedMeta
    named: Sequence[KeyedEntry]
    slices: Sequence[tuple[int, int]]
    is_last: bool = True


@dataclass(slots=True, kw_only=True)
class _Tally:
    """What has been saved of a document; `taken` are the rows of the entries in it."""

    books: EntryCounts = field(default_factory=EntryCounts)
    outcome: Outcome = Outcome.UNCHANGED
    held: int = 0
    taken: set[int] = field(default_factory=set)
    overview: FeedMeta | None = None


async def process_document(
    line: Line, source: Source, before: FetchState, fetched: Fetched, ending: OnComplete
) -> SourceReport | Failed:
    """Read a document and save what it changes.

    The state of the source changes with the last slice: if the program ends before, the
    document is fetched again, and what is stored of it is known. Raises StoreError.
    """
    document = await asyncio.to_thread(split_into_chunks, fetched)
    if isinstance(document, Failed):
        return document
    tally = _Tally()
    if len(document) == 1:
        failed = await _parts_taken_in(line, source, before, document, ending, tally)
    else:
        try:
            async with line.workers.large, asyncio.timeout(LARGE_DOCUMENT_SECONDS):
                failed = await _parts_taken_in(line, source, before, document, ending, tally)
        except TimeoutError:
            failed = Failed(
                error=f"Reading the feed took longer than {LARGE_DOCUMENT_SECONDS:g} seconds."
            )
    if failed:
        return replace(failed, counts=tally.books)
    note = f"{tally.held} new entries at once are held; `aggregator held {source.id}` shows them."
    problem = tally.overview.problem if tally.overview else ""
    return SourceReport(
        source=source.id,
        outcome=tally.outcome,
        note=note if tally.held else one_line(problem, MAX_SENTENCE_CHARS),
        counts=tally.books,
    )


async def _parts_taken_in(
    line: Line,
    source: Source,
    before: FetchState,
    document: ChunkedDocument,
    ending: OnComplete,
    tally: _Tally,
) -> Failed | None:
    recent = line.store.recent(source.id, RECENT_ENTRIES)
    async for part in _parts(line, document):
        if isinstance(part, Failed):
            return part
        tally.overview = tally.overview + part.overview if tally.overview else part.overview
        found = _recognised(line, source, before, part, tally.taken)
        foreseen = tally.books.new + sum(_is_to_come(item) for item in found.new)
        for index, (number, first) in enumerate(part.slices):
            is_last = index == len(part.slices) - 1
            own = found if len(part.slices) == 1 else _in_slice(found, part, index)
            own, cleaned = await _cleaned(line, source, document, number, first, own)
            if isinstance(cleaned, Failed):
                return cleaned
            new = [entry for entry in cleaned[: len(own.new)] if isinstance(entry, Entry)]
            count = tally.books.new + len(new)
            count = max(count, foreseen) if len(document) > 1 else count
            is_held = exceeds_burst_limit(count, source, before, recent, line.now)
            after = None
            if is_last and part.is_last:
                after = ending(tally.overview, latest_dates(line, source, new))
            batch = build_batch(line, source, before, after, own, cleaned, is_held=is_held)
            if batch.outcome is Outcome.CHANGED:
                tally.outcome = batch.outcome
            line.store.save(replace(batch, outcome=tally.outcome), line.now)
            tally.books += batch.counts
            tally.held += len(new) if is_held else 0
            if not part.is_last:
                tally.taken |= own.matched_ids | _rows_of(line, source, new)
    return None


async def _parts(line: Line, document: ChunkedDocument) -> AsyncIterator[_Part | Failed]:
    """A small document is one part, read once; a large one as many as it needs, in outlines."""
    if len(document) == 1:
        reading = await line.workers.read(document.document)
        yield (
            reading
            if isinstance(reading, Failed)
            else _Part(overview=reading.feed_meta, named=reading.named, slices=[(0, 0)])
        )
        return
    overview: FeedMeta | None = None
    entries: list[ParsedEntry] = []
    slices: list[tuple[int, int]] = []
    begin = 0
    for number in range(len(document)):
        outlines = await line.workers.outline(document[number])
        if isinstance(outlines, Failed):
            yield outlines
            return
        overview = overview + outlines.feed_meta if overview else outlines.feed_meta
        slices.append((number, begin + len(entries)))
        entries += outlines.entries
        is_last = number == len(document) - 1
        if is_last or len(entries) >= MAX_MATCHED_ENTRIES:
            named = assign_keys(entries, begin)
            yield _Part(overview=overview, named=named, slices=slices, is_last=is_last)
            overview, begin = None, begin + len(entries)
            entries, slices = [], []


def _recognised(
    line: Line, source: Source, before: FetchState, part: _Part, taken: Set[int]
) -> MatchResult:
    """Compared with what is stored, under other names too if all have others; `taken` are the
    rows of stored entries that earlier parts hold."""
    keys = {key for item in part.named for key in item.keys}
    found = match_entries(part.named, line.store.known(source.id, keys), line.now, taken)
    if before.last_success is None or not looks_migrated(found):
        return found
    limit = min(3 * len(part.named) + 100 + len(taken), MAX_MIGRATED_ENTRIES)
    stored = line.store.latest_known(source.id, limit)
    return rebind_by_path_and_title(
        found, [known for known in stored if known.entry_id not in taken]
    )


def _is_to_come(item: KeyedEntry) -> bool:
    """True if an entry will hardly be rejected, as far as its outline tells."""
    return bool(item.entry.url) and not item.entry.broken


def _in_slice(found: MatchResult, part: _Part, index: int) -> MatchResult:
    """What is new or changed in one slice; what is known is counted in the last."""
    is_last = index == len(part.slices) - 1
    start = part.slices[index][1]
    stop = float("inf") if is_last else part.slices[index + 1][1]
    again = tuple(pair for pair in found.changed if start <= pair[0].feed_index < stop)
    return replace(
        found,
        new=tuple(item for item in found.new if start <= item.feed_index < stop),
        changed=again,
        unchanged_count=found.unchanged_count if is_last else 0,
        unconfirmed_ids=found.unconfirmed_ids & {known.entry_id for _, known in again},
    )


async def _cleaned(
    line: Line,
    source: Source,
    document: ChunkedDocument,
    number: int,
    first: int,
    found: MatchResult,
) -> tuple[MatchResult, list[Entry | Rejected] | Failed]:
    """What is new or changed in a slice, cleaned, and no doubt left about it."""
    items = [*found.new, *(item for item, _ in found.changed)]
    if not items:
        return found, []
    if len(document) == 1:
        cleaned = await line.workers.clean(items, source, line.now, line.home)
    else:
        part = document[number]
        cleaned = await line.workers.clean_in(part, first, items, source, line.now, line.home)
    if isinstance(cleaned, Failed):
        return found, cleaned
    told = line.store.told_in(found.unconfirmed_ids)
    stored = {
        row: next(e for e in story.entries if e.source == source.id) for row, story in told.items()
    }
    return confirm_rebound(found, cleaned, stored)


def _rows_of(line: Line, source: Source, entries: Sequence[Entry]) -> set[int]:
    """The rows of entries that have just been saved."""
    keys = {entry.keys[0] for entry in entries}
    return {known.entry_id for known in line.store.known(source.id, keys).values()}


def latest_dates(line: Line, source: Source, new: Sequence[Entry] = ()) -> list[datetime]:
    """Of the source's last articles, with those that have just come."""
    fresh = [entry.published for entry in new]
    return sorted([*line.store.recent(source.id, RECENT_ENTRIES), *fresh], reverse=True)[
        :RECENT_ENTRIES
    ]
