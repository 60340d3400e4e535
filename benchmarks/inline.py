"""The ingest pipeline in one process, on given entries instead of fetched documents.

entries --assign keys--> match | clean | dedupe | categorize | save, as in production
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from concurrent.futures import Future
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeAlias

from aggregator.ingest.categorize.rules import TopicRules
from aggregator.ingest.changeset import Changeset
from aggregator.ingest.context import IngestContext, Job
from aggregator.ingest.dedupe import ClusterSettings
from aggregator.ingest.fetch.client import open_fetcher
from aggregator.ingest.fetch.settings import FetchSettings
from aggregator.ingest.match.keys import assign_keys
from aggregator.ingest.pipeline import ingest_document
from aggregator.ingest.worker_results import ReadDocument
from aggregator.ingest.worker_tasks import clean_entries, clean_unknown
from aggregator.ingest.workers import WorkerLimits, Workers
from aggregator.model import (
    Entry,
    EntryCounts,
    Failed,
    FeedMeta,
    Fetched,
    FetchState,
    KeyedEntry,
    ParsedEntry,
    Source,
    Topic,
    Validators,
)
from aggregator.store import Store

__all__ = ["AUTHORITY", "Ingest", "new_entries", "open_ingest"]

AUTHORITY = "x.example"
MAX_NEW_ENTRIES = 10**9
"""More than any source has at once, so that nothing is held."""

Ingest: TypeAlias = Callable[[Source, Sequence[ParsedEntry], datetime], list[KeyedEntry]]
"""Ingests entries of a source as if its feed had them at that time; returns them with keys."""


class _InlinePool:
    """Runs each step at once, in this process."""

    active = True

    def schedule(
        self, step: Callable[..., Any], args: Sequence[Any], timeout: float
    ) -> "Future[Any]":
        del timeout
        future: Future[Any] = Future()
        future.set_result(step(*args))
        return future


class _InlineWorkers(Workers):
    """Workers in this process; every document parses into `entries`."""

    def __init__(self) -> None:
        super().__init__(_InlinePool, WorkerLimits())  # type: ignore[arg-type]  # the rest is not used
        self.entries: Sequence[ParsedEntry] = ()

    async def read_and_clean(
        self,
        document: Fetched,
        known: Set[int],
        chunk_entries: int,
        source: Source,
        now: datetime,
        own_sites: Sequence[str],
    ) -> ReadDocument:
        del document, chunk_entries
        return clean_unknown(FeedMeta(), self.entries, known, clean_entries, source, now, own_sites)


@contextmanager
def open_ingest(
    store: Store, sources: Mapping[str, Source], topics: Sequence[Topic] = ()
) -> Iterator[Ingest]:
    """Open the pipeline on a store; sources may be added to `sources` while it is open."""
    workers, rules, stack = _InlineWorkers(), TopicRules(topics), AsyncExitStack()
    with asyncio.Runner() as runner:
        fetching = open_fetcher(FetchSettings(user_agent="benchmarks"), {})
        fetcher = runner.run(stack.enter_async_context(fetching))

        def ingest(
            source: Source, entries: Sequence[ParsedEntry], now: datetime
        ) -> list[KeyedEntry]:
            workers.entries = entries
            context = IngestContext(
                store=store,
                fetcher=fetcher,
                workers=workers,
                settings=ClusterSettings(sources=sources, authority=AUTHORITY, now=now),
                topic_rules=rules,
                own_sites=(f"https://{AUTHORITY}",),
            )
            job = Job(
                source=replace(source, max_new=MAX_NEW_ENTRIES),
                before=FetchState(last_success=now),
                document=_document(source),
            )
            report = runner.run(ingest_document(context, job))
            if isinstance(report, Failed):
                raise SystemExit(f"{source.id} could not be ingested: {report.error}")
            return assign_keys(entries)

        try:
            yield ingest
        finally:
            runner.run(stack.aclose())


def _document(source: Source) -> Fetched:
    return Fetched(
        url=source.feed,
        status=200,
        content_type="application/xml",
        body=b"<rss/>",
        validators=Validators(),
    )


def new_entries(entries: Sequence[Entry]) -> Changeset:
    """Return the changes of a document whose entries are all new; they have their entry ids."""
    return Changeset(
        new=tuple(entries), revised=(), changed=(), keys=(), indexes={}, rejected=(),
        counts=EntryCounts(received=len(entries), new=len(entries)),
    )  # fmt: skip
