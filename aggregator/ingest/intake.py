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

from aggregator.ingest.fetch import Fetcher
from aggregator.ingest.filing import file_changes, is_flood
from aggregator.ingest.identity import Recognised, recognise
from aggregator.ingest.naming import Named, name
from aggregator.ingest.renames import is_renamed, rebind, settle
from aggregator.ingest.retelling import Desk
from aggregator.ingest.slices import Sliced, sliced
from aggregator.ingest.workers import Workers
from aggregator.model import (
    RECENT,
    Books,
    Entry,
    Failed,
    Fetched,
    FetchState,
    Outcome,
    Overview,
    ParsedEntry,
    Rejected,
    Source,
    SourceReport,
)
from aggregator.text import one_line

__all__ = ["MAX_SENTENCE", "Ending", "Line", "latest_dates", "take_in"]

MAX_SENTENCE = 400
"""Characters of an error or note."""
TOGETHER = 4000
"""Entries that are recognised together; a document with more is taken as several, one after the
other. Real feeds have a tenth of it."""
MOST_RENAMED = 20_000
"""Stored entries of a source that are looked at for their old names."""
LONGEST = 600.0
"""Seconds for a document in slices; 100,000 entries take about one minute."""

Ending: TypeAlias = Callable[[Overview, Sequence[datetime]], FetchState]
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

    overview: Overview
    named: Sequence[Named]
    slices: Sequence[tuple[int, int]]
    is_last: bool = True


@dataclass(slots=True, kw_only=True)
class _Tally:
    """What has been saved of a document; `taken` are the rows of the entries in it."""

    books: Books = field(default_factory=Books)
    outcome: Outcome = Outcome.UNCHANGED
    held: int = 0
    taken: set[int] = field(default_factory=set)
    overview: Overview | None = None


async def take_in(
    line: Line, source: Source, before: FetchState, fetched: Fetched, ending: Ending
) -> SourceReport | Failed:
    """Read a document and save what it changes.

    The state of the source changes with the last slice: if the program ends before, the
    document is fetched again, and what is stored of it is known. Raises StoreError.
    """
    document = await asyncio.to_thread(sliced, fetched)
    if isinstance(document, Failed):
        return document
    tally = _Tally()
    if len(document) == 1:
        failed = await _parts_taken_in(line, source, before, document, ending, tally)
    else:
        try:
            async with line.workers.large, asyncio.timeout(LONGEST):
                failed = await _parts_taken_in(line, source, before, document, ending, tally)
        except TimeoutError:
            failed = Failed(error=f"Reading the feed took longer than {LONGEST:g} seconds.")
    if failed:
        return replace(failed, books=tally.books)
    note = f"{tally.held} new entries at once are held; `aggregator held {source.id}` shows them."
    problem = tally.overview.problem if tally.overview else ""
    return SourceReport(
        source=source.id,
        outcome=tally.outcome,
        note=note if tally.held else one_line(problem, MAX_SENTENCE),
        books=tally.books,
    )


async def _parts_taken_in(
    line: Line,
    source: Source,
    before: FetchState,
    document: Sliced,
    ending: Ending,
    tally: _Tally,
) -> Failed | None:
    recent = line.store.recent(source.id, RECENT)
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
            is_held = is_flood(count, source, before, recent, line.now)
            after = None
            if is_last and part.is_last:
                after = ending(tally.overview, latest_dates(line, source, new))
            batch = file_changes(line, source, before, after, own, cleaned, is_held=is_held)
            if batch.outcome is Outcome.CHANGED:
                tally.outcome = batch.outcome
            line.store.save(replace(batch, outcome=tally.outcome), line.now)
            tally.books += batch.books
            tally.held += len(new) if is_held else 0
            if not part.is_last:
                tally.taken |= own.claimed | _rows_of(line, source, new)
    return None


async def _parts(line: Line, document: Sliced) -> AsyncIterator[_Part | Failed]:
    """A small document is one part, read once; a large one as many as it needs, in outlines."""
    if len(document) == 1:
        reading = await line.workers.read(document.document)
        yield (
            reading
            if isinstance(reading, Failed)
            else _Part(overview=reading.overview, named=reading.named, slices=[(0, 0)])
        )
        return
    overview: Overview | None = None
    entries: list[ParsedEntry] = []
    slices: list[tuple[int, int]] = []
    begin = 0
    for number in range(len(document)):
        outlines = await line.workers.outline(document[number])
        if isinstance(outlines, Failed):
            yield outlines
            return
        overview = overview + outlines.overview if overview else outlines.overview
        slices.append((number, begin + len(entries)))
        entries += outlines.entries
        is_last = number == len(document) - 1
        if is_last or len(entries) >= TOGETHER:
            named = name(entries, begin)
            yield _Part(overview=overview, named=named, slices=slices, is_last=is_last)
            overview, begin = None, begin + len(entries)
            entries, slices = [], []


def _recognised(
    line: Line, source: Source, before: FetchState, part: _Part, taken: Set[int]
) -> Recognised:
    """Compared with what is stored, under other names too if all have others; `taken` are the
    rows of stored entries that earlier parts hold."""
    keys = {key for item in part.named for key in item.keys}
    found = recognise(part.named, line.store.known(source.id, keys), line.now, taken)
    if before.last_success is None or not is_renamed(found):
        return found
    limit = min(3 * len(part.named) + 100 + len(taken), MOST_RENAMED)
    stored = line.store.latest_known(source.id, limit)
    return rebind(found, [known for known in stored if known.entry not in taken])


def _is_to_come(item: Named) -> bool:
    """True if an entry will hardly be rejected, as far as its outline tells."""
    return bool(item.entry.link) and not item.entry.broken


def _in_slice(found: Recognised, part: _Part, index: int) -> Recognised:
    """What is new or changed in one slice; what is known is counted in the last."""
    is_last = index == len(part.slices) - 1
    start = part.slices[index][1]
    stop = float("inf") if is_last else part.slices[index + 1][1]
    again = tuple(pair for pair in found.again if start <= pair[0].position < stop)
    return replace(
        found,
        new=tuple(item for item in found.new if start <= item.position < stop),
        again=again,
        known=found.known if is_last else 0,
        doubtful=found.doubtful & {known.entry for _, known in again},
    )


async def _cleaned(
    line: Line, source: Source, document: Sliced, number: int, first: int, found: Recognised
) -> tuple[Recognised, list[Entry | Rejected] | Failed]:
    """What is new or changed in a slice, cleaned, and no doubt left about it."""
    items = [*found.new, *(item for item, _ in found.again)]
    if not items:
        return found, []
    if len(document) == 1:
        cleaned = await line.workers.clean(items, source, line.now, line.home)
    else:
        part = document[number]
        cleaned = await line.workers.clean_in(part, first, items, source, line.now, line.home)
    if isinstance(cleaned, Failed):
        return found, cleaned
    told = line.store.told_in(found.doubtful)
    stored = {
        row: next(e for e in story.entries if e.source == source.id) for row, story in told.items()
    }
    return settle(found, cleaned, stored)


def _rows_of(line: Line, source: Source, entries: Sequence[Entry]) -> set[int]:
    """The rows of entries that have just been saved."""
    keys = {entry.keys[0] for entry in entries}
    return {known.entry for known in line.store.known(source.id, keys).values()}


def latest_dates(line: Line, source: Source, new: Sequence[Entry] = ()) -> list[datetime]:
    """Of the source's last articles, with those that have just come."""
    fresh = [entry.published for entry in new]
    return sorted([*line.store.recent(source.id, RECENT), *fresh], reverse=True)[:RECENT]
