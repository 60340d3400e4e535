"""The composition root: a Config becomes a Runtime, which fetches and notifies.

    Config --open_runtime--> store, fetcher, workers, topic rules, notifiers

The command line, the demo, the tests and library users start from here; startup.py loads the
configuration, site_app.py composes the site.
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from time import monotonic

import structlog

from aggregator.alerts.notifier import AlertNotifier
from aggregator.config import Config
from aggregator.config_watch import CONFIG_POLL_SECONDS, ConfigWatch
from aggregator.digest.sender import open_digest_sender
from aggregator.errors import StoreBusy, StoreError, UnknownName
from aggregator.fetching import callback_settings, fetch_settings, webhook_settings
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
from aggregator.overview.pulse import update_pulses
from aggregator.scheduler import Scheduler, run_forever
from aggregator.site import PublicSite
from aggregator.site.calendar import advance
from aggregator.startup import sync_config
from aggregator.store.base import Store
from aggregator.websub.hub import HubNotifier, notify_once
from aggregator.websub.topic_urls import FeedTopics

__all__ = [
    "Runtime", "fetch_pictures_once", "ingest_context", "ingest_forever", "ingest_once",
    "notify_subscribers", "open_alert_notifier", "open_runtime", "run_once", "send_alerts_once",
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
    """Everything that is open while feeds are fetched. `notifier` is None if there are no
    subscribers or hubs to notify."""

    config: Config
    store: Store
    fetcher: Fetcher
    workers: Workers
    topic_rules: TopicRules
    notifier: HubNotifier | None
    alert_notifier: AlertNotifier
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
        async with (
            open_fetcher(fetch_settings(config), os.environ) as fetcher,
            open_notifier(config, store) as notifier,
            open_alert_notifier(config, store) as alert_notifier,
        ):
            yield Runtime(
                config=config,
                store=store,
                fetcher=fetcher,
                workers=workers,
                topic_rules=TopicRules(config.topics),
                notifier=notifier,
                alert_notifier=alert_notifier,
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

    sender = open_digest_sender(config, runtime.store, os.environ)
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
            notifier=runtime.notifier,
            send_alerts=partial(_send_alerts, runtime.alert_notifier),
            send_digest=partial(sender.run, lambda: datetime.now(UTC)) if sender else None,
        ),
        stop,
    )


# ---- operators


@asynccontextmanager
async def open_alert_notifier(config: Config, store: Store) -> AsyncIterator[AlertNotifier]:
    """A notifier of operators with connections of its own."""
    names = (config.alerts.webhook or "", config.alerts.ping or "")
    settings = webhook_settings(config, [os.environ.get(name, "") for name in names])
    async with open_fetcher(settings, os.environ) as fetcher:
        yield AlertNotifier(config=config, store=store, fetcher=fetcher, environment=os.environ)


async def send_alerts_once(config: Config, store: Store) -> None:
    """Tell operators once what needs them, unless another process is doing it."""
    async with open_alert_notifier(config, store) as notifier:
        with suppress(StoreBusy), store.maintenance.lock("alerts"):
            await _send_alerts(notifier, datetime.now(UTC))


async def _send_alerts(notifier: AlertNotifier, now: datetime) -> None:
    await asyncio.to_thread(notifier.find_silent_rules, now)
    await asyncio.to_thread(notifier.check, now)
    await notifier.deliver(now)
    await notifier.ping(now)
    await asyncio.to_thread(update_pulses, notifier.store, now)


# ---- subscribers


@asynccontextmanager
async def open_notifier(config: Config, store: Store) -> AsyncIterator[HubNotifier | None]:
    """A notifier with connections of its own; None if feeds.toml configures no hub."""
    if not (config.publish.hub or config.publish.hubs):
        yield None
        return
    hub_url = f"{config.site.url}/hub" if config.publish.hub else ""
    async with open_fetcher(callback_settings(config), os.environ) as fetcher:
        yield HubNotifier(
            store=store,
            fetcher=fetcher,
            topics=FeedTopics(PublicSite(config, store)),
            hub_url=hub_url,
            signature_method=config.publish.signature,
            other_hubs=[url for url in config.site.hubs if url != hub_url],
        )


async def notify_subscribers(config: Config, store: Store) -> None:
    """Notify subscribers and hubs once of everything that is due."""
    async with open_notifier(config, store) as notifier:
        if notifier is not None:
            await notify_once(notifier)
