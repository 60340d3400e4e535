"""From a document to the store, slice by slice if it is large.

    Fetched --sliced--> foresee all | for each slice: read, recognise, clean, file, save

What only the whole document can tell is found out before anything is saved: whether it can be
read, which names its entries share, whether everything in it has another name, and how much of
it is new.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

from aggregator.ingest.fetch import Fetcher
from aggregator.ingest.filing import Desk, file_changes, is_flood
from aggregator.ingest.identity import Recognised, recognise
from aggregator.ingest.naming import Shared, shared_in
from aggregator.ingest.renames import is_renamed, rebind, settle
from aggregator.ingest.slices import Sliced, sliced
from aggregator.ingest.text import one_line
from aggregator.ingest.workers import Reading, Workers
from aggregator.model import (
    RECENT,
    Books,
    Entry,
    Failed,
    Fetched,
    FetchState,
    Outcome,
    Overview,
    Rejected,
    Source,
    SourceReport,
)

__all__ = ["MAX_SENTENCE", "Ending", "Line", "latest_dates", "take_in"]

MAX_SENTENCE = 400
"""Characters of an error or note."""
MOST_RENAMED = 20_000
"""Stored entries of a source that are looked at for their old names."""
LONGEST = 900.0
"""Seconds for a document in slices; 100,000 entries take one or two minutes."""

Ending: TypeAlias = Callable[[Overview, Sequence[datetime]], FetchState]
"""The state of a source after a whole document, with the dates of its last articles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line(Desk):
    """What the line works with. `home` is the address of our own site.

    `locks` keep two tellings of one source apart, fetched and delivered at the same time;
    `large` lets one feed at a time be read in slices.
    """

    fetcher: Fetcher
    workers: Workers
    home: str
    locks: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    large: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Foresight:
    """What all slices say together; of a single one, which says it itself, nothing is foreseen.

    `is_renamed` is true if everything may have another name; `new` is how many entries are new,
    as far as is known, `listed` is how many there are.
    """

    overview: Overview | None = None
    shared: Shared | None = None
    is_renamed: bool | None = None
    new: int = 0
    listed: int = 0


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
    if len(document) == 1:
        return await _all_slices(line, source, before, document, ending)
    try:
        async with line.large, asyncio.timeout(LONGEST):
            return await _all_slices(line, source, before, document, ending)
    except TimeoutError:
        return Failed(error=f"Reading the feed took longer than {LONGEST:g} seconds.")


async def _all_slices(
    line: Line, source: Source, before: FetchState, document: Sliced, ending: Ending
) -> SourceReport | Failed:
    foreseen = await _foresee(line, source, before, document)
    if isinstance(foreseen, Failed):
        return foreseen
    overview = foreseen.overview
    recent = line.store.recent(source.id, RECENT)
    books, outcome, held, taken = Books(), Outcome.UNCHANGED, 0, set[int]()
    for number, part in enumerate(document, start=1):
        reading = await line.workers.read(part, foreseen.shared)
        if isinstance(reading, Failed):
            return reading
        found, cleaned = await _news(line, source, reading, taken, foreseen)
        if isinstance(cleaned, Failed):
            return cleaned
        new = [entry for entry in cleaned[: len(found.new)] if isinstance(entry, Entry)]
        count = max(books.new + len(new), foreseen.new)
        is_held = is_flood(count, source, before, recent, line.now)
        overview = overview or reading.overview
        is_last = number == len(document)
        after = ending(overview, latest_dates(line, source, new)) if is_last else before
        batch = file_changes(line, source, before, after, found, cleaned, is_held=is_held)
        outcome = Outcome.CHANGED if Outcome.CHANGED in (outcome, batch.outcome) else outcome
        line.store.save(replace(batch, outcome=outcome), line.now)
        books += batch.books
        held += len(new) if is_held else 0
        taken |= found.claimed | _rows_of(line, source, new)
    note = f"{held} new entries at once are held; `aggregator held {source.id}` shows them."
    return SourceReport(
        source=source.id,
        outcome=outcome,
        note=note if held else one_line(overview.problem if overview else "", MAX_SENTENCE),
        books=books,
    )


async def _foresee(
    line: Line, source: Source, before: FetchState, document: Sliced
) -> _Foresight | Failed:
    """If a slice cannot be read, nothing of the document is."""
    is_known = before.last_success is not None
    if len(document) == 1:
        return _Foresight(is_renamed=None if is_known else False)
    overview, names = Overview(), []
    for number, part in enumerate(document):
        survey = await line.workers.survey(part)
        if isinstance(survey, Failed):
            return survey
        overview = overview + survey.overview if number else survey.overview
        names.append(survey.names)
    foreseen = _Foresight(
        overview=overview, shared=shared_in(names), is_renamed=False, listed=sum(document.counts)
    )
    if not is_known:
        return foreseen
    counted = await _counted(line, source, document, foreseen)
    if not isinstance(counted, Failed) and is_renamed(*counted):
        foreseen = replace(foreseen, is_renamed=True)
        counted = await _counted(line, source, document, foreseen)
    return counted if isinstance(counted, Failed) else replace(foreseen, new=counted[0])


async def _counted(
    line: Line, source: Source, document: Sliced, foreseen: _Foresight
) -> tuple[int, int, int] | Failed:
    """How many entries of all slices are new, known by another id, and known."""
    new, renamed, taken = 0, 0, set[int]()
    for part in document:
        reading = await line.workers.read(part, foreseen.shared)
        if isinstance(reading, Failed):
            return reading
        found = _recognised(line, source, reading, taken, foreseen)
        new, renamed, taken = new + len(found.new), renamed + found.renamed, taken | found.claimed
    return new, renamed, len(taken)


async def _news(
    line: Line, source: Source, reading: Reading, taken: Set[int], foreseen: _Foresight
) -> tuple[Recognised, list[Entry | Rejected] | Failed]:
    """What a slice holds, and what is new or changed in it, cleaned; `taken` are the rows of
    stored entries that earlier slices hold."""
    found = _recognised(line, source, reading, taken, foreseen)
    items = [*found.new, *(item for item, _ in found.again)]
    cleaned = await line.workers.clean(items, source, line.now, line.home)
    if isinstance(cleaned, Failed):
        return found, cleaned
    told = line.store.told_in(found.doubtful)
    stored = {
        row: next(e for e in story.entries if e.source == source.id) for row, story in told.items()
    }
    return settle(found, cleaned, stored)


def _recognised(
    line: Line, source: Source, reading: Reading, taken: Set[int], foreseen: _Foresight
) -> Recognised:
    """Compared with what is stored, under other names too if all are renamed."""
    keys = {key for item in reading.named for key in item.keys}
    found = recognise(reading.named, line.store.known(source.id, keys), line.now, taken)
    is_all_renamed = foreseen.is_renamed
    if is_all_renamed is None:
        is_all_renamed = is_renamed(len(found.new), found.renamed, len(found.claimed))
    if not is_all_renamed:
        return found
    listed = max(foreseen.listed, len(reading.named))
    stored = line.store.latest_known(source.id, min(3 * listed + 100, MOST_RENAMED))
    return rebind(found, [known for known in stored if known.entry not in taken])


def _rows_of(line: Line, source: Source, entries: Sequence[Entry]) -> set[int]:
    """The rows of entries that have just been saved."""
    keys = {entry.keys[0] for entry in entries}
    return {known.entry for known in line.store.known(source.id, keys).values()}


def latest_dates(line: Line, source: Source, new: Sequence[Entry] = ()) -> list[datetime]:
    """Of the source's last articles, with those that have just come."""
    fresh = [entry.published for entry in new]
    return sorted([*line.store.recent(source.id, RECENT), *fresh], reverse=True)[:RECENT]
