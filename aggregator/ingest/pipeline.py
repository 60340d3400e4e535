"""The line in.

    for each source:
        fetch | read (parse, name) | drop known | clean (new only) | dedupe | categorize | save

Sources run side by side and fail each for itself: what an outlet does wrong becomes a
`Failed`, is saved as such and reported. A bug of ours in one source is reported as a bug
and does not stop the others either; a store that cannot be written stops the run.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from time import perf_counter

import structlog

from aggregator.errors import StoreError
from aggregator.ingest.fetch_state import (
    after_backoff,
    after_delivery,
    after_failure,
    after_success,
)
from aggregator.ingest.process import MAX_SENTENCE_CHARS, Line, latest_dates, process_document
from aggregator.ingest.schedule import feed_url_to_fetch, is_full_fetch_due
from aggregator.model import (
    CLOCK_SLACK,
    Backoff,
    Batch,
    Delivery,
    Failed,
    FeedMeta,
    Fetched,
    FetchState,
    Outcome,
    RunReport,
    Source,
    SourceReport,
    Unchanged,
    Validators,
)
from aggregator.store import Store
from aggregator.text.html import one_line

__all__ = ["Line", "deliver", "run", "the_time"]

log = structlog.get_logger()


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

    line.fetcher.backoffs.clear()
    line.fetcher.backoffs.update(line.store.holds(line.now))
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
    if is_full_fetch_due(state, line.now):
        known = Validators(body_hash=known.body_hash)
    address = feed_url_to_fetch(source, state, line.now)
    async with line.fetcher.fetch(source, known, address, line.now) as outcome:
        match outcome:
            case Backoff():
                return _waiting(line, source, state, outcome)
            case Failed():
                return _failed(line, source, state, outcome)
            case Unchanged():
                return _unchanged(line, source, state, outcome)
        return await _changed(line, source, state, outcome)


async def _changed(line: Line, source: Source, state: FetchState, fetched: Fetched) -> SourceReport:
    is_pushed = line.store.is_pushed(source.id, line.now)

    def ending(feed: FeedMeta, dates: Sequence[datetime]) -> FetchState:
        return after_success(source, state, fetched, feed, dates, line.now, is_pushed=is_pushed)

    async with line.locks[source.id]:
        report = await process_document(line, source, state, fetched, ending)
    if isinstance(report, Failed):
        return _failed(line, source, state, replace(report, status=fetched.status))
    if is_pushed and report.counts.new:
        line.store.missed(source.id)
    return replace(report, status=fetched.status)


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
    async with line.locks[source.id]:
        state = line.store.state(source.id)

        def ending(_: FeedMeta, dates: Sequence[datetime]) -> FetchState:
            return after_delivery(source, state, dates, line.now)

        report = await process_document(line, source, state, fetched, ending)
    if isinstance(report, Failed):
        return SourceReport(
            source=source.id, outcome=Outcome.UNCHANGED, note=report.error, counts=report.counts
        )
    return report


# ---- fetches without news ----------------------------------------------------------


def _unchanged(line: Line, source: Source, state: FetchState, outcome: Unchanged) -> SourceReport:
    after = after_success(
        source, state, outcome, None, latest_dates(line, source), line.now,
        is_pushed=line.store.is_pushed(source.id, line.now),
    )  # fmt: skip
    line.store.save(Batch(source=source.id, state=after, outcome=Outcome.UNCHANGED), line.now)
    return SourceReport(source=source.id, status=outcome.status, outcome=Outcome.UNCHANGED)


def _failed(line: Line, source: Source, state: FetchState, failed: Failed) -> SourceReport:
    error = one_line(failed.error, MAX_SENTENCE_CHARS)  # it may quote the server, escapes and all
    after = after_failure(source, state, failed, line.now)
    outcome = Outcome.RETIRED if after.retired_at else Outcome.FAILED
    batch = Batch(
        source=source.id, state=after, outcome=outcome, error=error, backoff=failed.backoff
    )
    line.store.save(batch, line.now)
    return SourceReport(
        source=source.id, status=failed.status, outcome=outcome, error=error, counts=failed.counts
    )


def _waiting(line: Line, source: Source, state: FetchState, hold: Backoff) -> SourceReport:
    note = f"{hold.domain} has asked to be left alone until {hold.until:%Y-%m-%d %H:%M} UTC."
    after = after_backoff(source, state, hold, line.now)
    batch = Batch(source=source.id, state=after, outcome=Outcome.WAITING, error=note)
    line.store.save(batch, line.now)
    return SourceReport(source=source.id, outcome=Outcome.WAITING, note=note)
