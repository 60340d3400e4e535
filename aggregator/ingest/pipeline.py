"""The ingest pipeline: from a document to stories in the store.

    parse | match known entries | clean (new and changed only) | dedupe | categorize | save

This file uses the store; the steps, each in its own package, take values and return values.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence, Set
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from time import perf_counter

from aggregator.ingest.changeset import (
    Changeset,
    build_batch,
    compare,
    exceeds_burst_limit,
    number_new,
    place,
    regrouped_stories,
    revised_stories,
)
from aggregator.ingest.context import IngestContext, Job, Step
from aggregator.ingest.dedupe import (
    ClusterResult,
    ClusterSettings,
    LookupResult,
    build_lookup,
    choose_candidates,
    cluster,
    count_shared,
    drop_common_fingerprints,
    including,
    takedown_copies,
)
from aggregator.ingest.fetch_state import after_document
from aggregator.ingest.match.matcher import MatchResult, match_entries
from aggregator.ingest.match.rebind import (
    confirm_rebound,
    looks_migrated,
    rebind_by_path_and_title,
)
from aggregator.ingest.parse.chunks import ChunkedDocument, split_into_chunks
from aggregator.ingest.parts import (
    LARGE_DOCUMENT_SECONDS,
    Part,
    Progress,
    clean_changes,
    read_parts,
    result_in_chunk,
)
from aggregator.ingest.worker_results import ReadDocument
from aggregator.model import (
    RECENT_ENTRIES,
    Batch,
    Entry,
    Failed,
    FailureKind,
    FetchRecord,
    FetchState,
    Rejected,
    Source,
    SourceReport,
    StoryNeighbourhood,
)
from aggregator.store.base import Store
from aggregator.text.secrets import private_parts, without_private_parts

__all__ = [
    "find_duplicates", "ingest_document", "private_parts_of", "process_document", "recent_dates",
]  # fmt: skip

MAX_KNOWN_ENTRIES = 4_000
"""Stored entries of a source, the newest, that are recognised without being cleaned again."""
MAX_MIGRATED_ENTRIES = 20_000
"""Stored entries of a source that are searched for their old names."""


async def ingest_document(context: IngestContext, job: Job) -> SourceReport | Failed:
    """Save what a document changes.

    The fetch state changes with the last batch: if the program ends before, the document is fetched
    again, and what is stored of it is recognised. Raises StoreError.
    """
    progress = Progress(
        private_parts=private_parts_of(job.source), needs_approval=job.source.approve
    )
    save = partial(_save, context, job, progress)
    async with aclosing(process_document(context, job, progress, save)) as steps:
        async for step in steps:
            if isinstance(step, Failed):
                return replace(step, counts=progress.counts)
    return progress.report(job.source.id)


def _save(context: IngestContext, job: Job, progress: Progress, step: Step) -> None:
    store = context.store
    for each in step.cleaned:
        if isinstance(each, Rejected) and each.is_bug:
            task = f"clean {job.source.id}"
            store.maintenance.record_bug(task, each.reason, context.now)
    progress.add_batch(step.batch, is_held=step.is_held)
    batch = replace(step.batch, outcome=progress.outcome)
    if batch.state is not None:
        batch = replace(batch, fetch=_record(context, job, progress))
    store.entries.save(batch, context.now)  # save


def _record(context: IngestContext, job: Job, progress: Progress) -> FetchRecord:
    """What is kept for operators of a fetch, or a delivery."""
    report = progress.report(job.source.id)
    return FetchRecord(
        fetched_at=context.now,
        status=job.document.status,
        outcome=report.outcome,
        message="delivered by its hub" if job.is_delivery else report.note,
        seconds=0.0 if job.started is None else perf_counter() - job.started,
        counts=report.counts,
    )


def private_parts_of(source: Source) -> tuple[str, ...]:
    """What must not be shown of the address of a source's feed."""
    return private_parts(source.private_feed) if source.private_feed else ()


async def process_document(
    context: IngestContext,
    job: Job,
    progress: Progress,
    save: Callable[[Step], None] = lambda _: None,
) -> AsyncGenerator[Step | Failed, None]:
    """The steps of the pipeline but the last: what is to be saved of each chunk of a document.

    A chunk is compared with what is stored, so `save` is called with each before another source
    can save anything.
    """
    private, source = progress.private_parts, job.source
    document = replace(job.document, url=source.published_feed) if private else job.document
    stored = context.store.entries.short_hashes(source.id, MAX_KNOWN_ENTRIES)
    found = await context.workers.read_and_clean(
        document, frozenset(stored), context.chunk_entries, source, context.now, context.own_sites
    )  # parse, clean
    if isinstance(found, ReadDocument):
        part = Part.of(found)
        ids = frozenset(stored[number] for number in part.known)
        yield await context.in_store(_process_part, context, job, part, ids, progress, save)
        return
    if isinstance(found, Failed) and found.kind is not FailureKind.RESOURCES:
        yield _without_private_parts(found, private)
        return
    # too large for one task, or one of its entries exceeds a worker's limits
    chunked = await asyncio.to_thread(split_into_chunks, document, context.chunk_entries)
    if isinstance(chunked, Failed):
        yield _without_private_parts(chunked, private)
        return
    try:
        async with _limits(context, chunked):
            async for step in _steps(context, job, chunked, progress, save):
                yield _without_private_parts(step, private) if isinstance(step, Failed) else step
    except TimeoutError:
        error = f"Reading the feed took longer than {LARGE_DOCUMENT_SECONDS:g} seconds."
        yield Failed(kind=FailureKind.RESOURCES, error=error)


def _without_private_parts(failed: Failed, private: Sequence[str]) -> Failed:
    """The failure as it may be shown. A page may announce a private feed."""
    error = without_private_parts(failed.error, private)
    return replace(failed, error=error, announced=() if private else failed.announced)


@asynccontextmanager
async def _limits(context: IngestContext, chunked: ChunkedDocument) -> AsyncIterator[None]:
    """Limit the total size of large documents in progress, and the time for each."""
    if len(chunked) == 1:
        yield
        return
    size = len(chunked.document.body)
    async with context.workers.large_document.admit(size), asyncio.timeout(LARGE_DOCUMENT_SECONDS):
        yield


def _process_part(
    context: IngestContext,
    job: Job,
    part: Part,
    unchanged_ids: Set[int],
    progress: Progress,
    save: Callable[[Step], None],
) -> Step:
    """The whole of a document that was cleaned as it was parsed."""
    newest_dates = context.store.sources.recent_dates(job.source.id, RECENT_ENTRIES)
    progress.add_part(part)
    result = _match(context, job, part, progress, unchanged_ids)  # match
    cleaned = part.cleaned_for(result)
    return _process_chunk(
        context, job, result, cleaned, newest_dates, progress, save, expected=0, is_last=True
    )


async def _steps(
    context: IngestContext,
    job: Job,
    chunked: ChunkedDocument,
    progress: Progress,
    save: Callable[[Step], None],
) -> AsyncGenerator[Step | Failed, None]:
    """A document in chunks: recognised by headers first, then parsed again and cleaned."""
    workers, source, now = context.workers, job.source, context.now
    newest_dates = context.store.sources.recent_dates(source.id, RECENT_ENTRIES)
    async for part in read_parts(workers, chunked, context.max_matched_entries):  # parse
        if isinstance(part, Failed):
            yield part
            return
        progress.add_part(part)
        result = await context.in_store(_match, context, job, part, progress)  # match
        expected = 0 if len(chunked) == 1 else progress.counts.new + part.count_expected(result.new)
        for index, chunk in enumerate(part.chunks):
            own = result_in_chunk(result, part, index)
            cleaned = await clean_changes(
                workers, chunked, chunk, own, source, now, context.own_sites
            )  # clean
            if isinstance(cleaned, Failed):
                yield cleaned
                return
            is_last = part.is_last and index == len(part.chunks) - 1
            yield await context.in_store(
                partial(_process_chunk, expected=expected, is_last=is_last),
                context, job, own, cleaned, newest_dates, progress, save,
            )  # fmt: skip
        progress.matched_ids |= result.matched_ids


def _process_chunk(
    context: IngestContext,
    job: Job,
    result: MatchResult,
    cleaned: list[Entry | Rejected],
    newest_dates: Sequence[datetime],
    progress: Progress,
    save: Callable[[Step], None],
    *,
    expected: int,
    is_last: bool,
) -> Step:
    """What is to be saved of a chunk, which is saved at once. `newest_dates` are those of entries
    stored before this document, `expected` is how many new entries its headers show."""
    store, source, now = context.store, job.source, context.now
    changes = _compare(context, result, cleaned)
    count = max(progress.counts.new + len(changes.new), expected)
    is_held = source.approve or exceeds_burst_limit(count, source, job.before, newest_dates, now)
    state = None
    if is_last and not job.is_posted:
        assert progress.feed_meta is not None  # a chunk comes after its part
        state = after_document(
            source, job.before, job.document, progress.feed_meta,
            recent_dates(context, source, changes.new), now,
            is_pushed=job.is_pushed, is_delivery=job.is_delivery,
        )  # fmt: skip
    clusters = find_duplicates(
        store, context.settings, changes, is_first_import=job.is_first_import
    )  # dedupe
    batch = _categorize(context, job, state, changes, clusters, is_held=is_held)  # categorize
    step = Step(
        match=result, cleaned=cleaned, changes=changes, clusters=clusters, batch=batch,
        is_held=is_held,
    )  # fmt: skip
    save(step)
    return step


def _match(
    context: IngestContext,
    job: Job,
    part: Part,
    progress: Progress,
    unchanged_ids: Set[int] = frozenset(),
) -> MatchResult:
    """Match a part with stored entries, by path and title too if all ids have changed;
    `unchanged_ids` are stored entries that the document contains unchanged."""
    entries, source = context.store.entries, job.source.id
    stored = entries.by_keys(source, {key for item in part.keyed for key in item.keys})
    before = progress.matched_ids
    result = match_entries(part.keyed, stored, context.now, before, unchanged_ids=unchanged_ids)
    result = replace(
        result,
        unchanged_count=result.unchanged_count + part.known_count,
        matched_ids=result.matched_ids | unchanged_ids,
    )
    if job.before.last_success is None or not looks_migrated(result):
        return result
    count = len(part.keyed) + part.known_count
    limit = min(3 * count + 100 + len(before), MAX_MIGRATED_ENTRIES)
    latest = [entry for entry in entries.latest(source, limit) if entry.entry_id not in before]
    return rebind_by_path_and_title(result, latest)


def _compare(
    context: IngestContext, result: MatchResult, cleaned: list[Entry | Rejected]
) -> Changeset:
    """The new and the revised entries, with numbers for the new ones."""
    entries = context.store.entries
    ids = {entry.entry_id for _, entry in result.changed}
    stored = {
        id_: next(e for e in story.entries if e.entry_id == id_)
        for id_, story in (entries.stories(ids) if ids else {}).items()
    }
    result, cleaned = confirm_rebound(result, cleaned, stored)
    changes = compare(result, cleaned, stored)
    return number_new(changes, entries.next_ids(len(changes.new))) if changes.new else changes


def _categorize(
    context: IngestContext,
    job: Job,
    state: FetchState | None,
    changes: Changeset,
    clusters: ClusterResult,
    *,
    is_held: bool,
) -> Batch:
    """Place new and changed stories in topics; returns everything that the document changes."""
    regrouped = regrouped_stories(
        clusters, context.now, at_own_date=job.is_first_import or is_held, is_held=is_held
    )
    revised = revised_stories(clusters, changes, context.now)
    stored = {e.entry_id for change in (*regrouped, *revised) for e in change.story.entries}
    stored -= {entry.entry_id for entry in changes.new}  # nobody has decided on those
    overrides = context.store.topics.overrides(stored) if stored else []
    rules, sources = context.topic_rules, context.settings.sources
    return build_batch(
        job.source,
        state,
        changes,
        clusters,
        place(regrouped, rules, sources, overrides),
        place(revised, rules, sources, overrides),
    )


def find_duplicates(
    store: Store, settings: ClusterSettings, changes: Changeset, *, is_first_import: bool
) -> ClusterResult:
    """Find duplicates of new and revised entries, and the stories that they make or join."""
    entries = [*changes.new, *(entry for _, entry in changes.revised)]
    lookup = build_lookup(entries)
    found = LookupResult(
        ids_by_url=store.entries.ids_by_url(lookup.urls),
        ids_by_fingerprint=store.entries.ids_by_fingerprint(lookup.fingerprints),
    )
    shared = count_shared(entries, lookup, including(entries, lookup, found))
    near_ids = {id_ for ids in shared.values() for id_ in ids}
    source_ids = {entry.entry_id: entry.source for entry in entries}
    if near_ids := near_ids - source_ids.keys():
        source_ids |= store.entries.source_ids(near_ids)
    candidates = choose_candidates(entries, shared, source_ids)
    ids = {id_ for some in candidates.values() for id_ in some}
    ids |= {entry.entry_id for _, entry in changes.revised}
    neighbourhood = store.entries.neighbourhood(ids) if ids else StoryNeighbourhood()
    known = (entry for story in neighbourhood.stories for entry in story.entries)
    given_ids = {entry.id for entry in (*entries, *known) if entry.id}
    clusters = cluster(
        drop_common_fingerprints(entries, found),
        neighbourhood,
        settings,
        candidates=candidates,
        existing_public_ids=store.stories.existing_public_ids(given_ids),
        is_first_import=is_first_import,
    )
    down = store.stories.taken_down_entries(near_ids) if near_ids else set()
    if not down:
        return clusters
    stories = store.entries.stories(down)
    return replace(
        clusters, takedown_copies=takedown_copies(changes.new, shared, stories, settings)
    )


def recent_dates(
    context: IngestContext, source: Source, new: Sequence[Entry] = ()
) -> list[datetime]:
    """Publication dates of the newest entries, including this batch."""
    stored = context.store.sources.recent_dates(source.id, RECENT_ENTRIES)
    dates = sorted([*stored, *(entry.published for entry in new)], reverse=True)
    return dates[:RECENT_ENTRIES]
