"""The composition root: a Config becomes a Runtime, which fetches.

    Config --open_runtime--> store, fetcher, workers, topic rules

The command line, the demo, the tests and library users start from here; startup.py loads the
configuration, site_app.py composes the site, notifiers.py what tells subscribers and operators.
What the first request does not need is imported when it is used.
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from time import monotonic

import structlog

from aggregator.config import Config
from aggregator.config_watch import CONFIG_POLL_SECONDS, ConfigWatch
from aggregator.errors import StoreError, UnknownName
from aggregator.fetching import fetch_settings
from aggregator.ingest.categorize.rules import TopicRules
from aggregator.ingest.clock import (
    ClockCheck,
    clear_clock_errors,
    monotonic_now,
    recorded_clock_error,
)
from aggregator.ingest.context import IngestContext
from aggregator.ingest.fetch.client import Fetcher, open_fetcher
from aggregator.ingest.ingest_lock import acquire_ingest_lock
from aggregator.ingest.learning import has_learning_libraries
from aggregator.ingest.picture_runs import (
    PictureContext,
    apply_permissions,
    fetch_pictures,
    with_own_pictures,
)
from aggregator.ingest.runs import run
from aggregator.ingest.store_thread import StoreThread, open_store_thread
from aggregator.ingest.workers import Workers, open_workers
from aggregator.ingest_settings import cluster_settings
from aggregator.model import RunReport, Source, SourceReport, shares
from aggregator.scheduler import Scheduler, run_forever
from aggregator.startup import sync_config
from aggregator.store.base import Store

__all__ = [
    "Runtime", "fetch_pictures_once", "ingest_context", "ingest_forever", "ingest_once",
    "open_runtime", "run_once",
]  # fmt: skip

MAX_ARCHIVE_STORIES = 50
"""Stories in an archive document, unless a feed has fewer: what no archive has yet must be in the
feed."""
PICTURE_SECONDS = 60.0
"""How long a single run fetches pictures; the next run continues."""
STORE_RETRY_SECONDS = 5.0
FORGET_BATCH_ENTRIES = 500
"""Entries whose fingerprints are dropped in one transaction."""


log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """Everything that is open while feeds are fetched."""

    config: Config
    store: Store
    fetcher: Fetcher
    workers: Workers
    topic_rules: TopicRules
    store_thread: StoreThread

    def ingest_context(
        self, now: datetime, source_locks: defaultdict[str, asyncio.Lock] | None = None
    ) -> IngestContext:
        """The context of a run at this time."""
        return ingest_context(
            self.config,
            self.store,
            self.fetcher,
            self.workers,
            now,
            topic_rules=self.topic_rules,
            source_locks=source_locks,
            store_thread=self.store_thread,
        )

    def picture_context(self, sources: Iterable[Source]) -> PictureContext:
        """The context for fetching the pictures of these sources."""
        return PictureContext(
            store=self.store,
            fetcher=self.fetcher,
            workers=self.workers,
            sources=with_own_pictures(sources),
            max_bytes=self.config.pictures_bytes,
        )

    def housekeeping(self, now: datetime) -> None:
        """Purge stories older than [storage] keep, drop fingerprints older than the comparison
        window, close archive documents and pages that are full, and apply what begins or ends at
        this time."""
        if self.config.keep:
            self.store.stories.purge(timedelta(seconds=self.config.keep), now)
        before, limit = now - timedelta(seconds=self.config.window), FORGET_BATCH_ENTRIES
        while self.store.maintenance.forget_fingerprints(before, limit) == limit:
            pass
        lists = self.store.lists
        lists.archive(min(self.config.publish.limit, MAX_ARCHIVE_STORIES), now)
        lists.close_older_pages(self.config.site.per_page, shares(self.config.topics), now)
        from aggregator.calendar import advance

        advance(self.config, self.store, now)


def ingest_context(
    config: Config,
    store: Store,
    fetcher: Fetcher,
    workers: Workers,
    now: datetime,
    *,
    topic_rules: TopicRules | None = None,
    source_locks: defaultdict[str, asyncio.Lock] | None = None,
    store_thread: StoreThread | None = None,
) -> IngestContext:
    """The context of a run, from the configuration."""
    return IngestContext(
        store=store,
        fetcher=fetcher,
        workers=workers,
        settings=cluster_settings(config, store, now),
        topic_rules=topic_rules or TopicRules(config.topics),
        own_sites=tuple(filter(None, {config.site.url, store.lists.first_site()})),
        source_locks=defaultdict(asyncio.Lock) if source_locks is None else source_locks,
        store_thread=store_thread,
    )


@asynccontextmanager
async def open_runtime(config: Config, store: Store, workers: Workers) -> AsyncIterator[Runtime]:
    """A Runtime with connections of its own."""
    apply_permissions(store, config.sources, datetime.now(UTC))
    with open_store_thread(store) as store_thread:
        async with open_fetcher(fetch_settings(config), os.environ) as fetcher:
            yield Runtime(
                config=config,
                store=store,
                fetcher=fetcher,
                workers=workers,
                topic_rules=TopicRules(config.topics),
                store_thread=store_thread,
            )


def ingest_once(config: Config, store: Store, source_ids: Sequence[str] = ()) -> RunReport:
    """Fetch these sources, or all that are due, once; subscribers are notified afterwards.

    It blocks until all are done, and must not be called from a running event loop. The work is done
    in worker processes, so a script that calls it needs an `if __name__ == "__main__":` guard.
    Raises UnknownName, StoreError, and StoreBusy if another process ingests for more than a minute.
    """
    known = {source.id: source for source in config.all_sources}
    for id_ in source_ids:
        if id_ not in known:
            raise UnknownName("source", id_, known)
    sync_config(config, store, datetime.now(UTC))

    def choose(now: datetime) -> Sequence[Source]:
        named = [known[id_] for id_ in dict.fromkeys(source_ids)]
        return named or store.sources.due(config.sources, now)

    async def once() -> RunReport:
        async with open_runtime(config, store, workers) as runtime:
            report = await run_once(runtime, choose)
        from aggregator.notifiers import notify_subscribers

        await notify_subscribers(config, store)
        await fetch_pictures_once(config, store, workers)
        return report

    with open_workers(os.cpu_count() or 1) as workers:
        return asyncio.run(once())


async def run_once(
    runtime: Runtime,
    choose: Callable[[datetime], Sequence[Source]],
    on_done: Callable[[SourceReport], None] = lambda _: None,
    lock_timeout: float = 60.0,
    *,
    trust_clock: bool = False,
) -> RunReport:
    """One run over the sources that `choose` returns once the ingest lock is held, since the run
    before may have fetched some. Raises StoreBusy after `lock_timeout` seconds, and ClockError if
    the clock is probably wrong; with `trust_clock`, what the outlets' servers say about it is
    ignored."""
    store = runtime.store
    with await acquire_ingest_lock(store, lock_timeout):
        clock = datetime.now(UTC)
        with recorded_clock_error(store, clock):
            now = monotonic_now(store, clock)
            servers = runtime.fetcher.server_clocks
            check = ClockCheck.begin(store, servers, now, is_trusted=trust_clock)
            context = replace(runtime.ingest_context(now), clock_check=check)
            report = await run(context, choose(now), on_done)
        clear_clock_errors(store)
        if check.has_witness:
            runtime.housekeeping(now)
    return report


async def fetch_pictures_once(config: Config, store: Store, workers: Workers) -> None:
    """Fetch due pictures, and begin no more after PICTURE_SECONDS; when the stories have been
    announced."""
    if not with_own_pictures(config.sources):
        return
    async with open_runtime(config, store, workers) as runtime:
        await _fetch_pictures(runtime)


async def _fetch_pictures(runtime: Runtime) -> None:
    context = runtime.picture_context(runtime.config.sources)
    deadline = monotonic() + PICTURE_SECONDS
    while context.sources and monotonic() < deadline:
        if not await fetch_pictures(context, monotonic_now(runtime.store, datetime.now(UTC))):
            return


async def ingest_forever(watch: ConfigWatch, store: Store, workers: Workers) -> None:
    """Fetch what falls due, take deliveries and notify subscribers, until cancelled, by the
    configuration that is in force."""
    while True:
        stop = asyncio.Event()
        async with open_runtime(watch.config, store, workers) as runtime:
            watching = asyncio.create_task(_stop_on_change(watch, stop))
            try:
                await _ingest_until(runtime, stop)
            finally:
                watching.cancel()
        await _sync(watch.config, store)


async def _stop_on_change(watch: ConfigWatch, stop: asyncio.Event) -> None:
    while watch.poll(datetime.now(UTC)) is None:
        await asyncio.sleep(CONFIG_POLL_SECONDS)
    stop.set()


async def _sync(config: Config, store: Store) -> None:
    """Store the sources and topics of a new configuration, as soon as the store can be written."""
    while True:
        try:
            sync_config(config, store, datetime.now(UTC))
        except StoreError as error:
            log.error("store_unavailable", error=str(error))
            await asyncio.sleep(STORE_RETRY_SECONDS)
        else:
            return


async def _ingest_until(runtime: Runtime, stop: asyncio.Event) -> None:
    config = runtime.config

    async def learn() -> tuple[int, str]:
        command = (sys.executable, "-m", "aggregator", "--config", str(config.path))
        environment = {**os.environ, "AGGREGATOR_DATABASE": str(config.database)}
        process = await asyncio.create_subprocess_exec(
            *command, "topic", "learn", stdout=PIPE, stderr=STDOUT, env=environment
        )
        try:
            output, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return process.returncode or 0, output.decode()

    from aggregator.calendar import advance
    from aggregator.digest.sender import open_digest_sender
    from aggregator.notifiers import open_alert_notifier, open_hub_tasks, send_alerts

    sender = open_digest_sender(config, runtime.store, os.environ)
    async with (
        open_alert_notifier(config, runtime.store) as alert_notifier,
        open_hub_tasks(config, runtime.store) as tasks_of_hub,
    ):
        await run_forever(
            Scheduler(
                store=runtime.store,
                fetcher=runtime.fetcher,
                sources=config.sources,
                topics=config.topics,
                site_url=config.site.url,
                context=runtime.ingest_context,
                housekeeping=runtime.housekeeping,
                advance_calendar=partial(advance, config, runtime.store),
                fetch_pictures=partial(fetch_pictures, runtime.picture_context(config.sources))
                if with_own_pictures(config.sources)
                else None,
                learn=learn if has_learning_libraries() else None,
                hub_tasks=tasks_of_hub,
                send_alerts=partial(send_alerts, alert_notifier),
                send_digest=partial(sender.run, lambda: datetime.now(UTC)) if sender else None,
            ),
            stop,
        )
