"""What `ingest` works with, once or in a loop: the configuration as the line's values."""

import asyncio
import os
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from ipaddress import ip_network
from time import monotonic
from urllib.parse import urlsplit

import structlog

from aggregator import __version__
from aggregator.config import Config
from aggregator.config.schema import seconds
from aggregator.errors import StoreBusy
from aggregator.ingest.categorize.rules import TopicRules
from aggregator.ingest.fetch.client import Fetcher, open_fetcher
from aggregator.ingest.fetch.settings import FetchSettings
from aggregator.ingest.pipeline import Line
from aggregator.ingest.retelling import Desk
from aggregator.ingest.workers import Workers
from aggregator.model import Source, SourceReport
from aggregator.store import Store

__all__ = [
    "Runtime",
    "acquire_ingest_lock",
    "archive_size",
    "cluster_context",
    "fetch_settings",
    "listed_sources",
    "log_source",
    "open_runtime",
]  # fmt: skip

MAX_ARCHIVE_STORIES = 50
"""Stories in an archive document, unless a feed holds fewer."""
FORGET_BATCH_ENTRIES = 500
"""Entries in one transaction."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """Everything that is open while there is fetching."""

    config: Config
    store: Store
    fetcher: Fetcher
    workers: Workers

    @property
    def site_url(self) -> str:
        """The address of our own site."""
        return self.config.site.url

    def line(self, now: datetime, locks: defaultdict[str, asyncio.Lock] | None = None) -> Line:
        """The line at a time."""
        filing = cluster_context(self.config, self.store, now)
        return Line(
            sources=filing.sources,
            rulebook=filing.rulebook,
            store=self.store,
            fetcher=self.fetcher,
            workers=self.workers,
            now=now,
            authority=filing.authority,
            window=filing.window,
            home=self.site_url,
            locks=defaultdict(asyncio.Lock) if locks is None else locks,
        )

    def housekeeping(self, now: datetime) -> None:
        """Take out what is older than [storage] keep, forget by what it was found that is older
        than the window, and close the archives that are full."""
        if self.config.keep:
            self.store.purge(timedelta(seconds=self.config.keep), now)
        before = now - timedelta(seconds=self.config.window)
        while self.store.forget_prints(before, FORGET_BATCH_ENTRIES) == FORGET_BATCH_ENTRIES:
            pass
        self.store.archive(archive_size(self.config.publish.limit), now)


def archive_size(limit: int) -> int:
    """Stories in an archive document: what no archive has yet must stand in the feed."""
    return min(limit, MAX_ARCHIVE_STORIES)


def cluster_context(config: Config, store: Store, now: datetime) -> Desk:
    """What is needed to file stories."""
    return Desk(
        sources=listed_sources(config, store),
        rulebook=TopicRules(config.topics),
        store=store,
        now=now,
        authority=urlsplit(config.site.url).hostname or "localhost",
        window=timedelta(seconds=config.window),
    )


def listed_sources(config: Config, store: Store) -> dict[str, Source]:
    """All sources; what an outlet that has left feeds.toml wrote is still its own."""
    return {**store.sources(), **{source.id: source for source in config.all_sources}}


@asynccontextmanager
async def open_runtime(config: Config, store: Store, workers: Workers) -> AsyncIterator[Runtime]:
    """A newsroom with connections of its own."""
    async with open_fetcher(fetch_settings(config), os.environ) as fetcher:
        yield Runtime(config=config, store=store, fetcher=fetcher, workers=workers)


async def acquire_ingest_lock(store: Store, patience: float) -> ExitStack:
    """Wait until no other ingest is at work; raises StoreBusy after `patience` seconds."""
    deadline = monotonic() + patience
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(store.ingesting())
            except StoreBusy:
                if monotonic() > deadline:
                    raise
                await asyncio.sleep(0.2)
            else:
                return held.pop_all()


def log_source(report: SourceReport) -> None:
    """One line of log for a source."""
    level = log.warning if report.error else log.info
    about = {"error": report.error} if report.error else asdict(report.counts)
    note = {"note": report.note} if report.note else {}
    level(
        "fetched",
        source=report.source,
        status=report.status,
        outcome=report.outcome.value,
        ms=round(report.seconds * 1000),
        **about,
        **note,
    )


def fetch_settings(config: Config) -> FetchSettings:
    """How far servers may go, by feeds.toml, and what we are called."""
    contact = config.site.contact or config.site.url
    return FetchSettings(
        user_agent=f"aggregator/{__version__} (+{config.site.url}; {contact})",
        concurrency=config.fetch.concurrency,
        per_host=config.fetch.per_host,
        spacing=seconds(config.fetch.spacing),
        timeout=seconds(config.fetch.timeout),
        connect_timeout=seconds(config.fetch.connect_timeout),
        read_timeout=seconds(config.fetch.read_timeout),
        max_bytes=config.fetch.max_bytes,
        max_redirects=config.fetch.max_redirects,
        ports=tuple(config.fetch.ports),
        allow_private=tuple(ip_network(network) for network in config.fetch.allow_private),
    )
