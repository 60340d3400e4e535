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
from aggregator.config.tables import seconds
from aggregator.errors import StoreBusy
from aggregator.ingest.categorize import Rulebook
from aggregator.ingest.fetch import Fetcher, Limits, open_fetcher
from aggregator.ingest.pipeline import Line
from aggregator.ingest.retelling import Desk
from aggregator.ingest.workers import Workers
from aggregator.model import Source, SourceReport
from aggregator.store import Store

__all__ = [
    "Newsroom", "archive_size", "desk", "limits", "listed_sources", "log_source", "newsroom",
    "turn",
]  # fmt: skip

FULL = 50
"""Stories in an archive document, unless a feed holds fewer."""
AT_ONCE = 500
"""Entries in one transaction."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Newsroom:
    """Everything that is open while there is fetching."""

    config: Config
    store: Store
    fetcher: Fetcher
    workers: Workers

    @property
    def home(self) -> str:
        """The address of our own site."""
        return self.config.site.url

    def line(self, now: datetime, locks: defaultdict[str, asyncio.Lock] | None = None) -> Line:
        """The line at a time."""
        filing = desk(self.config, self.store, now)
        return Line(
            sources=filing.sources,
            rulebook=filing.rulebook,
            store=self.store,
            fetcher=self.fetcher,
            workers=self.workers,
            now=now,
            authority=filing.authority,
            window=filing.window,
            home=self.home,
            locks=defaultdict(asyncio.Lock) if locks is None else locks,
        )

    def tidy(self, now: datetime) -> None:
        """Take out what is older than [storage] keep, forget by what it was found that is older
        than the window, and close the archives that are full."""
        if self.config.keep:
            self.store.purge(timedelta(seconds=self.config.keep), now)
        before = now - timedelta(seconds=self.config.window)
        while self.store.forget_prints(before, AT_ONCE) == AT_ONCE:
            pass
        self.store.archive(archive_size(self.config.publish.limit), now)


def archive_size(limit: int) -> int:
    """Stories in an archive document: what no archive has yet must stand in the feed."""
    return min(limit, FULL)


def desk(config: Config, store: Store, now: datetime) -> Desk:
    """What is needed to file stories."""
    return Desk(
        sources=listed_sources(config, store),
        rulebook=Rulebook(config.topics),
        store=store,
        now=now,
        authority=urlsplit(config.site.url).hostname or "localhost",
        window=timedelta(seconds=config.window),
    )


def listed_sources(config: Config, store: Store) -> dict[str, Source]:
    """All sources; what an outlet that has left feeds.toml wrote is still its own."""
    return {**store.sources(), **{source.id: source for source in config.all_sources}}


@asynccontextmanager
async def newsroom(config: Config, store: Store, workers: Workers) -> AsyncIterator[Newsroom]:
    """A newsroom with connections of its own."""
    async with open_fetcher(limits(config), os.environ) as fetcher:
        yield Newsroom(config=config, store=store, fetcher=fetcher, workers=workers)


async def turn(store: Store, patience: float) -> ExitStack:
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
    about = {"error": report.error} if report.error else asdict(report.books)
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


def limits(config: Config) -> Limits:
    """How far servers may go, by feeds.toml, and what we are called."""
    contact = config.site.contact or config.site.url
    return Limits(
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
