"""Runs over the sources that are due, and what hubs deliver.

    for each source, side by side:  fetch | pipeline | state of the source

A failing source does not affect the others: what an outlet does wrong becomes a `Failed`, is saved
as such and reported. A bug of ours in one source is reported as a bug and does not stop the others
either; a store that cannot be written stops the run.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from http import HTTPStatus
from time import perf_counter

import structlog

from aggregator.errors import ClockError, StoreError
from aggregator.ingest.context import IngestContext, Job
from aggregator.ingest.fetch.response import FetchResult
from aggregator.ingest.fetch_state import after_backoff, after_failure, after_unchanged
from aggregator.ingest.pipeline import ingest_document, recent_dates
from aggregator.ingest.schedule import feed_url_to_fetch, is_full_fetch_due
from aggregator.ingest.spool import spool
from aggregator.model import (
    MAX_SENTENCE_CHARS,
    Backoff,
    Batch,
    Delivery,
    Failed,
    FailureKind,
    Fetched,
    FetchRecord,
    FetchState,
    Outcome,
    RunReport,
    Source,
    SourceReport,
    Unchanged,
    Validators,
)
from aggregator.text.html import one_line

__all__ = ["deliver", "run"]

log = structlog.get_logger()

_NEVER_READ = " It has never been read; check its address in feeds.toml."


async def run(
    context: IngestContext,
    due: Sequence[Source],
    on_done: Callable[[SourceReport], None] = lambda _: None,
) -> RunReport:
    """Run once over the sources that are due; `on_done` is called for each as it is done.

    Raises StoreError, and ClockError if the outlets say that the clock of the run is wrong.
    """
    if context.clock_check is not None:
        context.clock_check.expected = len(due)

    async def one(source: Source) -> SourceReport:
        started = perf_counter()
        report = await _isolated(context, source, _fetch_source(context, source))
        report = replace(report, seconds=perf_counter() - started)
        on_done(report)
        return report

    started = perf_counter()
    context.fetcher.backoffs.clear()
    context.fetcher.backoffs.update(context.store.sources.backoffs(context.now))
    ordered = sorted(
        due, key=lambda source: -source.precedence
    )  # ties for the lead go to the source fetched first
    tasks = [asyncio.create_task(one(source)) for source in ordered]
    try:
        reports = await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
    seconds = perf_counter() - started
    report = RunReport(started=context.now, sources=tuple(reports), seconds=seconds)
    context.store.maintenance.record_run(report)
    return report


async def deliver(context: IngestContext, source: Source, delivery: Delivery) -> SourceReport:
    """Ingest what a source's hub has delivered. Raises StoreError."""
    return await _isolated(context, source, _ingest_delivery(context, source, delivery))


async def _isolated(
    context: IngestContext, source: Source, work: Awaitable[SourceReport]
) -> SourceReport:
    """Report an unexpected exception as a failure of its source, so that it affects no other."""
    try:
        return await work
    except (ClockError, StoreError):
        raise
    except Exception as error:
        log.exception("bug", source=source.id)
        text = f"This is a bug in aggregator; please report it ({type(error).__name__}: {error})."
        failed = Failed(kind=FailureKind.BUG, error=text)
        return await context.in_store(_save_bug, context, source, failed)


async def _fetch_source(context: IngestContext, source: Source) -> SourceReport:
    store, now = context.store, context.now
    state = store.sources.fetch_state(source.id)
    validators = state.validators
    if is_full_fetch_due(state, now):
        validators = Validators(body_hash=validators.body_hash)
    url = feed_url_to_fetch(source, state, now)
    started = perf_counter()
    async with AsyncExitStack() as stack:
        async with context.fetcher.fetch(source, validators, url, now) as result:
            if context.clock_check is not None:
                await context.clock_check.confirm()
                if isinstance(result, Failed) and not context.clock_check.has_witness:
                    return _unsaved(source, result)
            large = spool(result) if isinstance(result, Fetched) else None
            if large is None and isinstance(result, Fetched):
                # the next request begins while this document is processed
                await stack.enter_async_context(context.workers.body)
        if large is not None:
            del result
            await stack.enter_async_context(context.workers.large_body.admit(large.size))
            result = large.load()
        return await _save_result(context, source, state, result, started)


def _unsaved(source: Source, failed: Failed) -> SourceReport:
    """The report of a failure that is not saved, since the clock may be wrong."""
    error = one_line(failed.error, MAX_SENTENCE_CHARS)
    return SourceReport(
        source=source.id, outcome=Outcome.FAILED, failure_kind=failed.kind, error=error
    )


async def _save_result(
    context: IngestContext, source: Source, state: FetchState, result: FetchResult, started: float
) -> SourceReport:
    """Save what a fetch has brought; `started` is its start, by `perf_counter`."""
    match result:
        case Backoff():
            return await context.in_store(_save_waiting, context, source, state, result)
        case Failed():
            return await context.in_store(_save_failure, context, source, state, result, started)
        case Unchanged():
            return await context.in_store(_save_unchanged, context, source, state, result, started)
    subscriptions = context.store.subscriptions
    is_pushed = subscriptions.has_active_lease(source.id, context.now)
    job = Job(source, state, result, is_pushed=is_pushed, started=started)
    async with context.source_locks[source.id]:
        report = await ingest_document(context, job)
    if isinstance(report, Failed):
        failed = replace(report, status=result.status)
        return await context.in_store(_save_failure, context, source, state, failed, started)
    if is_pushed and report.counts.new:
        await context.in_store(subscriptions.count_missed_push, source.id)
    return replace(report, status=result.status)


async def _ingest_delivery(
    context: IngestContext, source: Source, delivery: Delivery
) -> SourceReport:
    """Ingest a delivery. An unreadable one is the hub's fault, and no failure of the source."""
    document = Fetched(
        url=source.feed,
        status=200,
        content_type=delivery.content_type,
        body=delivery.body,
        validators=Validators(),
    )
    async with context.source_locks[source.id]:
        state = context.store.sources.fetch_state(source.id)
        job = Job(source, state, document, is_delivery=True)
        report = await ingest_document(context, job)
    if isinstance(report, Failed):
        return SourceReport(
            source=source.id, outcome=Outcome.UNCHANGED, note=report.error, counts=report.counts
        )
    return report


# ---- fetches without a document


def _save_unchanged(
    context: IngestContext, source: Source, before: FetchState, result: Unchanged, started: float
) -> SourceReport:
    is_pushed = context.store.subscriptions.has_active_lease(source.id, context.now)
    dates = recent_dates(context, source)
    state = after_unchanged(source, before, result, dates, context.now, is_pushed=is_pushed)
    record = FetchRecord(
        fetched_at=context.now,
        status=result.status,
        outcome=Outcome.UNCHANGED,
        seconds=perf_counter() - started,
    )
    batch = Batch(source=source.id, state=state, outcome=Outcome.UNCHANGED, fetch=record)
    context.store.entries.save(batch, context.now)
    return SourceReport(source=source.id, status=result.status, outcome=Outcome.UNCHANGED)


def _save_failure(
    context: IngestContext,
    source: Source,
    before: FetchState,
    failed: Failed,
    started: float | None = None,
) -> SourceReport:
    error = f"{failed.error}{_advice(source, before, failed)}"
    error = one_line(error, MAX_SENTENCE_CHARS)  # it may quote the server
    state = after_failure(source, before, failed, context.now)
    outcome = Outcome.RETIRED if state.retired_at else Outcome.FAILED
    batch = Batch(
        source=source.id,
        state=state,
        outcome=outcome,
        failure_kind=failed.kind,
        error=error,
        backoff=failed.backoff,
        fetch=FetchRecord(
            fetched_at=context.now,
            status=failed.status,
            outcome=outcome,
            failure_kind=failed.kind,
            message=error,
            seconds=0.0 if started is None else perf_counter() - started,
            counts=failed.counts,
        ),
    )
    context.store.entries.save(batch, context.now)
    return SourceReport(
        source=source.id,
        status=failed.status,
        outcome=outcome,
        failure_kind=failed.kind,
        error=error,
        counts=failed.counts,
    )


def _advice(source: Source, before: FetchState, failed: Failed) -> str:
    """What an operator can do about a failure: a sentence after a blank, or empty."""
    if failed.announced:
        feed = failed.announced[0]
        title = f" ({feed.title})" if feed.title else ""
        count = len(failed.announced) - 1
        more = f", and {count} more" if count else ""
        return (
            f" The page announces {feed.url}{title}{more}; to take it, run "
            f"`aggregator set {source.id} feed {feed.url}`."
        )
    may_be_typo = failed.kind is FailureKind.DNS or failed.status == HTTPStatus.NOT_FOUND
    return _NEVER_READ if may_be_typo and before.last_success is None else ""


def _save_bug(context: IngestContext, source: Source, failed: Failed) -> SourceReport:
    """Save a failure, or if that fails too, as with a bug in its SQL, record the bug alone."""
    store = context.store
    try:
        return _save_failure(context, source, store.sources.fetch_state(source.id), failed)
    except StoreError:
        raise
    except Exception:
        log.exception("bug", source=source.id)
        store.maintenance.record_bug(f"fetch {source.id}", failed.error, context.now)
        return SourceReport(
            source=source.id, outcome=Outcome.FAILED, failure_kind=failed.kind, error=failed.error
        )


def _save_waiting(
    context: IngestContext, source: Source, before: FetchState, backoff: Backoff
) -> SourceReport:
    until = f"{backoff.until:%Y-%m-%d %H:%M} UTC"
    note = f"{backoff.domain} has asked not to be fetched until {until}."
    state = after_backoff(source, before, backoff, context.now)
    record = FetchRecord(fetched_at=context.now, outcome=Outcome.WAITING, message=note)
    batch = Batch(source=source.id, state=state, outcome=Outcome.WAITING, error=note, fetch=record)
    context.store.entries.save(batch, context.now)
    return SourceReport(source=source.id, outcome=Outcome.WAITING, note=note)
