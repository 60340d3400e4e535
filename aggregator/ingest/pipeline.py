"""The line in.

    for each source:
        fetch | read (parse, name) | drop known | clean (new only) | dedupe | categorize | save

Sources run side by side and fail each for itself: what an outlet does wrong becomes a
`Failed`, is saved as such and reported. A bug of ours in one source is reported as a bug
and does not stop the others either; a store that cannot be written stops the run.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from time import perf_counter

import structlog

from aggregator.errors import StoreError
from aggregator.ingest.fetch import Fetcher
from aggregator.ingest.filing import Desk, file_changes, is_flood
from aggregator.ingest.identity import Recognised, recognise
from aggregator.ingest.renames import is_renamed, rebind, settle
from aggregator.ingest.schedule import address_to_ask, is_full_due
from aggregator.ingest.states import after_delivery, after_failure, after_good, after_hold
from aggregator.ingest.text import one_line
from aggregator.ingest.workers import Reading, Workers
from aggregator.model import (
    CLOCK_SLACK,
    RECENT,
    Batch,
    Delivery,
    Entry,
    Failed,
    Fetched,
    FetchState,
    Hold,
    Outcome,
    Rejected,
    RunReport,
    Source,
    SourceReport,
    Unchanged,
    Validators,
)
from aggregator.store import Store

__all__ = ["Line", "deliver", "run", "the_time"]

MAX_SENTENCE = 400
"""Characters of an error or note."""
LARGE = 2_000_000
"""Bytes of a feed; those of newsrooms have a tenth of it."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line(Desk):
    """What the line works with. `home` is the address of our own site.

    `locks` keep two tellings of one source apart, fetched and delivered at the same time;
    `large` lets one large feed at a time be read, since each takes ten times its size.
    """

    fetcher: Fetcher
    workers: Workers
    home: str
    locks: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    large: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))


def the_time(store: Store, clock: datetime) -> datetime:
    """The time that a run goes by, never earlier than that of the run before.

    If the clock has gone back a little, time stands still until it has caught up. If it has
    gone back by more, it was wrong before, and what was stamped with it is put right.
    """
    last = store.last_stamp()
    if last is None or last <= clock:
        return clock
    if last - clock <= CLOCK_SLACK:
        return last
    log.error("clock", text=f"The clock has gone back from {last} to {clock}; times are put right.")
    store.rewind(clock)
    return clock


async def run(
    line: Line, due: Sequence[Source], tell: Callable[[SourceReport], None] = lambda _: None
) -> RunReport:
    """Run once over the sources that are due; `tell` hears of each as it is done.

    Raises StoreError.
    """

    async def one(source: Source) -> SourceReport:
        started = perf_counter()
        report = replace(await _guarded(line, source, _one), seconds=perf_counter() - started)
        tell(report)
        return report

    line.fetcher.holds.clear()
    line.fetcher.holds.update(line.store.holds(line.now))
    first = sorted(due, key=lambda source: -source.precedence)  # who comes first, leads
    tasks = [asyncio.create_task(one(source)) for source in first]
    try:
        reports = await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
    report = RunReport(started=line.now, sources=tuple(reports))
    line.store.record(report)
    return report


async def _guarded(
    line: Line, source: Source, step: Callable[[Line, Source], Awaitable[SourceReport]]
) -> SourceReport:
    try:
        return await step(line, source)
    except StoreError:
        raise
    except Exception as error:  # a bug must cost one source, not the newsroom's whole day
        log.exception("bug", source=source.id)
        text = f"This is a bug in aggregator, please report it ({type(error).__name__}: {error})."
        return _failed(line, source, line.store.state(source.id), Failed(error=text))


async def _one(line: Line, source: Source) -> SourceReport:
    state = line.store.state(source.id)
    known = state.validators
    if is_full_due(state, line.now):
        known = Validators(body_hash=known.body_hash)
    address = address_to_ask(source, state, line.now)
    async with line.fetcher.fetch(source, known, address, line.now) as outcome:
        match outcome:
            case Hold():
                return _waiting(line, source, state, outcome)
            case Failed():
                return _failed(line, source, state, outcome)
            case Unchanged():
                return _unchanged(line, source, state, outcome)
        return await _changed(line, source, state, outcome)


async def _changed(line: Line, source: Source, state: FetchState, fetched: Fetched) -> SourceReport:
    reading = await _read(line, fetched)
    if isinstance(reading, Failed):
        return _failed(line, source, state, replace(reading, status=fetched.status))
    async with line.locks[source.id]:
        found, cleaned = await _news(line, source, state, reading)
        if isinstance(cleaned, Failed):
            return _failed(line, source, state, replace(cleaned, status=fetched.status))
        dates = _dates(line, source, cleaned[: len(found.new)])
        is_pushed = line.store.is_pushed(source.id, line.now)
        after = after_good(
            source, state, fetched, reading.feed, dates, line.now, is_pushed=is_pushed
        )
        if is_pushed and found.new:
            line.store.missed(source.id)
        note = reading.feed.problem
        return _saved(line, source, state, after, found, cleaned, note, fetched.status)


async def deliver(line: Line, source: Source, delivery: Delivery) -> SourceReport:
    """Take in what a source's hub has brought, through the same line. Raises StoreError."""
    return await _guarded(line, source, partial(_delivered, delivery=delivery))


async def _delivered(line: Line, source: Source, delivery: Delivery) -> SourceReport:
    """What cannot be read is the hub's mistake, and not counted against the outlet."""
    fetched = Fetched(
        url=source.feed,
        status=200,
        content_type=delivery.content_type,
        body=delivery.body,
        validators=Validators(),
    )
    reading = await _read(line, fetched)
    if isinstance(reading, Failed):
        return SourceReport(source=source.id, outcome=Outcome.UNCHANGED, note=reading.error)
    async with line.locks[source.id]:
        state = line.store.state(source.id)
        found, cleaned = await _news(line, source, state, reading)
        if isinstance(cleaned, Failed):
            return SourceReport(source=source.id, outcome=Outcome.UNCHANGED, note=cleaned.error)
        after = after_delivery(
            source, state, _dates(line, source, cleaned[: len(found.new)]), line.now
        )
        return _saved(line, source, state, after, found, cleaned, reading.feed.problem, 0)


# ---- between reading and saving ----------------------------------------------------


async def _read(line: Line, fetched: Fetched) -> Reading | Failed:
    async with line.large if len(fetched.body) > LARGE else nullcontext():
        return await line.workers.read(fetched)


def _recognised(line: Line, source: Source, state: FetchState, reading: Reading) -> Recognised:
    keys = {key for item in reading.named for key in item.keys}
    found = recognise(reading.named, line.store.known(source.id, keys), line.now)
    if state.last_success is not None and is_renamed(found):
        return rebind(found, line.store.latest_known(source.id, 3 * len(reading.named) + 100))
    return found


async def _news(
    line: Line, source: Source, state: FetchState, reading: Reading
) -> tuple[Recognised, list[Entry | Rejected] | Failed]:
    """What a file holds, and what is new or changed in it, cleaned."""
    found = _recognised(line, source, state, reading)
    items = [*found.new, *(item for item, _ in found.again)]
    cleaned = await line.workers.clean(items, source, line.now, line.home)
    if isinstance(cleaned, Failed):
        return found, cleaned
    told = line.store.told_in(found.doubtful)
    stored = {
        row: next(e for e in story.entries if e.source == source.id) for row, story in told.items()
    }
    return settle(found, cleaned, stored)


def _dates(line: Line, source: Source, cleaned: Sequence[Entry | Rejected] = ()) -> list[datetime]:
    """Of the source's last articles, with those that have just come."""
    fresh = [entry.published for entry in cleaned if isinstance(entry, Entry)]
    return sorted([*line.store.recent(source.id, RECENT), *fresh], reverse=True)[:RECENT]


def _saved(
    line: Line,
    source: Source,
    before: FetchState,
    after: FetchState,
    found: Recognised,
    cleaned: Sequence[Entry | Rejected],
    note: str,
    status: int,
) -> SourceReport:
    new = sum(isinstance(entry, Entry) for entry in cleaned[: len(found.new)])
    is_held = is_flood(new, source, before, line.store.recent(source.id, RECENT), line.now)
    batch = file_changes(line, source, before, after, found, cleaned, is_held=is_held)
    line.store.save(batch, line.now)
    if is_held:
        note = f"{new} new entries at once are held; `aggregator held {source.id}` shows them."
    return SourceReport(
        source=source.id,
        status=status,
        outcome=batch.outcome,
        note=one_line(note, MAX_SENTENCE),
        books=batch.books,
    )


# ---- fetches without news ----------------------------------------------------------


def _unchanged(line: Line, source: Source, state: FetchState, outcome: Unchanged) -> SourceReport:
    after = after_good(
        source, state, outcome, None, _dates(line, source), line.now,
        is_pushed=line.store.is_pushed(source.id, line.now),
    )  # fmt: skip
    line.store.save(Batch(source=source.id, state=after, outcome=Outcome.UNCHANGED), line.now)
    return SourceReport(source=source.id, status=outcome.status, outcome=Outcome.UNCHANGED)


def _failed(line: Line, source: Source, state: FetchState, failed: Failed) -> SourceReport:
    error = one_line(failed.error, MAX_SENTENCE)  # it may quote the server, escapes and all
    after = after_failure(source, state, failed, line.now)
    outcome = Outcome.RETIRED if after.retired else Outcome.FAILED
    batch = Batch(source=source.id, state=after, outcome=outcome, error=error, hold=failed.hold)
    line.store.save(batch, line.now)
    return SourceReport(source=source.id, status=failed.status, outcome=outcome, error=error)


def _waiting(line: Line, source: Source, state: FetchState, hold: Hold) -> SourceReport:
    note = f"{hold.domain} has asked to be left alone until {hold.until:%Y-%m-%d %H:%M} UTC."
    after = after_hold(source, state, hold, line.now)
    batch = Batch(source=source.id, state=after, outcome=Outcome.WAITING, error=note)
    line.store.save(batch, line.now)
    return SourceReport(source=source.id, outcome=Outcome.WAITING, note=note)
