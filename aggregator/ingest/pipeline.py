"""The line in.

    for each source:
        fetch | read (parse, name) | drop known | clean (new only) | dedupe | categorize | save

Sources run side by side and fail each for itself: what an outlet does wrong becomes a
`Failed`, is saved as such and reported. A bug of ours in one source is reported as a bug
and does not stop the others either; a store that cannot be written stops the run.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from time import perf_counter

import structlog

from aggregator.errors import StoreError
from aggregator.ingest.categorize import categorize
from aggregator.ingest.dedupe import dedupe
from aggregator.ingest.fetch import Fetcher
from aggregator.ingest.identity import Recognised, recognise
from aggregator.ingest.schedule import next_fetch, rhythm
from aggregator.ingest.text import one_line
from aggregator.ingest.workers import Reading, Workers
from aggregator.model import (
    Batch,
    Books,
    Entry,
    Failed,
    Fetched,
    FetchState,
    Filed,
    Known,
    Outcome,
    ParsedFeed,
    Rejected,
    RunReport,
    Source,
    SourceReport,
    Story,
    Topic,
    Validators,
)
from aggregator.store import Store

__all__ = ["Line", "run"]

MAX_SENTENCE = 400
"""Characters of an error or note."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What the line works with. `authority` is the host name under which ids are minted."""

    sources: Mapping[str, Source]
    topics: Sequence[Topic]
    store: Store
    fetcher: Fetcher
    workers: Workers
    now: datetime
    authority: str


async def run(
    line: Line, due: Sequence[Source], tell: Callable[[SourceReport], None] = lambda _: None
) -> RunReport:
    """Run once over the sources that are due; `tell` hears of each as it is done.

    Raises StoreError.
    """
    at_once = asyncio.Semaphore(line.fetcher.limits.concurrency)

    async def one(source: Source) -> SourceReport:
        async with at_once:
            started = perf_counter()
            report = replace(await _guarded(line, source), seconds=perf_counter() - started)
            tell(report)
            return report

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


async def _guarded(line: Line, source: Source) -> SourceReport:
    try:
        return await _one(line, source)
    except StoreError:
        raise
    except Exception as error:  # a bug must cost one source, not the newsroom's whole day
        log.exception("bug", source=source.id)
        text = f"This is a bug in aggregator, please report it ({type(error).__name__}: {error})."
        state = line.store.state(source.id)
        return _failed(line, source, state, Failed(error=text))


async def _one(line: Line, source: Source) -> SourceReport:
    state = line.store.state(source.id)
    outcome = await line.fetcher.fetch(source, state.validators)
    status = outcome.status
    if not isinstance(outcome, Fetched):
        if isinstance(outcome, Failed):
            return _failed(line, source, state, outcome)
        return _unchanged(line, source, state, outcome.validators, status)

    reading = await line.workers.read(outcome)
    if isinstance(reading, Failed):
        return _failed(line, source, state, replace(reading, status=status))

    keys = {key for item in reading.named for key in item.keys}
    found = recognise(reading.named, line.store.known(source.id, keys), line.now)
    items = [*found.new, *(item for item, _ in found.again)]
    cleaned = await line.workers.clean(items, source, line.now)
    if isinstance(cleaned, Failed):
        return _failed(line, source, state, replace(cleaned, status=status))

    after = _succeeded(line, source, reading, outcome.validators)
    batch, books = _file(line, source, state, after, found, cleaned)
    line.store.save(batch, line.now)
    return SourceReport(
        source=source.id,
        status=status,
        outcome=batch.outcome,
        note=one_line(reading.feed.problem, MAX_SENTENCE),
        books=books,
    )


# ---- filing what was cleaned -------------------------------------------------------


def _file(
    line: Line,
    source: Source,
    before: FetchState,
    after: FetchState,
    found: Recognised,
    cleaned: Sequence[Entry | Rejected],
) -> tuple[Batch, Books]:
    """Everything that this fetch changes, and its books. No other source saves meanwhile."""
    count = len(found.new)
    new = [entry for entry in cleaned[:count] if isinstance(entry, Entry)]
    again = [
        (known, entry)
        for (_, known), entry in zip(found.again, cleaned[count:], strict=True)
        if isinstance(entry, Entry)
    ]
    revised = [(known, entry) for known, entry in again if known.face != entry.face]
    rejected = tuple(entry for entry in cleaned if isinstance(entry, Rejected))
    batch = Batch(
        source=source.id,
        state=after,
        outcome=Outcome.CHANGED if new or revised else Outcome.UNCHANGED,
        new=_filed_new(line, new, is_first_import=before.last_success is None),
        revised=_filed_revised(line, revised),
        alike=tuple((k.entry, entry.digest) for k, entry in again if k.face == entry.face),
        keys=tuple((known.entry, entry.keys) for known, entry in again),
        rejected=rejected,
    )
    books = Books(
        received=len(found.new) + len(found.again) + found.known,
        new=len(new),
        updated=len(revised),
        known=found.known + len(again) - len(revised),
        rejected=len(rejected),
    )
    return batch, books


def _filed_new(line: Line, entries: Sequence[Entry], *, is_first_import: bool) -> tuple[Filed, ...]:
    standing = line.store.standing({entry.address for entry in entries if entry.address})
    stories = dedupe(
        entries,
        standing,
        sources=line.sources,
        taken=line.store.taken({entry.id for entry in entries if entry.id}),
        authority=line.authority,
        now=line.now,
        is_first_import=is_first_import,
    )
    stored = {story.id for story in standing.values()}
    return tuple(
        _filed(
            line,
            story,
            arrived=min(story.published, line.now) if is_first_import else line.now,
            joins=story.id in stored,
        )
        for story in stories
    )


def _filed_revised(line: Line, revised: Sequence[tuple[Known, Entry]]) -> tuple[Filed, ...]:
    told = line.store.told_in({known.entry for known, _ in revised})
    return tuple(
        _filed(line, _retold(told[known.entry], entry, line.now), arrived=line.now, row=known.entry)
        for known, entry in revised
    )


def _filed(
    line: Line, story: Story, *, arrived: datetime, joins: bool = False, row: int = 0
) -> Filed:
    placements = categorize(story, line.topics, line.sources)
    return Filed(story=story, arrived=arrived, placements=tuple(placements), joins=joins, row=row)


def _retold(story: Story, entry: Entry, now: datetime) -> Story:
    """The story with one outlet's telling replaced; a revised entry keeps its place."""
    lead, *others = (entry if told.source == entry.source else told for told in story.entries)
    return replace(story, lead=lead, others=tuple(others), updated=now)


# ---- the state after a fetch -------------------------------------------------------


def _succeeded(line: Line, source: Source, reading: Reading, validators: Validators) -> FetchState:
    entries = [item.entry for item in reading.named]
    return _good(line, source, _kept(validators, reading.feed), rhythm(entries, source))


def _kept(validators: Validators, feed: ParsedFeed) -> Validators:
    """A feed that came broken is asked for in full again (robot.villas#132)."""
    return Validators() if any(entry.broken for entry in feed.entries) else validators


def _good(line: Line, source: Source, validators: Validators, interval: int) -> FetchState:
    after = FetchState(validators=validators, interval=interval, last_success=line.now)
    return replace(after, next_fetch=next_fetch(source, after, None, line.now))


def _unchanged(
    line: Line, source: Source, state: FetchState, validators: Validators, status: int
) -> SourceReport:
    after = _good(line, source, validators, state.interval)
    batch = Batch(source=source.id, state=after, outcome=Outcome.UNCHANGED)
    line.store.save(batch, line.now)
    return SourceReport(source=source.id, status=status, outcome=Outcome.UNCHANGED)


def _failed(line: Line, source: Source, state: FetchState, failed: Failed) -> SourceReport:
    error = one_line(failed.error, MAX_SENTENCE)  # it may quote the server, escapes and all
    after = replace(
        state,
        failures=state.failures + 1,
        failing_since=state.failing_since or line.now,
    )
    after = replace(after, next_fetch=next_fetch(source, after, failed, line.now))
    batch = Batch(source=source.id, state=after, outcome=Outcome.FAILED, error=error)
    line.store.save(batch, line.now)
    return SourceReport(source=source.id, status=failed.status, outcome=Outcome.FAILED, error=error)
