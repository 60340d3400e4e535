"""A newsroom that is a hub; the scheduler's tasks run when a test says so."""

import asyncio
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlencode

from structlog.testing import capture_logs

from aggregator.ingest.fetch.client import open_fetcher
from aggregator.ingest.fetch.settings import FetchSettings
from aggregator.text.ip_addresses import IpNetwork
from aggregator.websub.hub import HubNotifier, hub_tasks, notify_once
from aggregator.websub.topic_urls import FeedTopics
from tests.harness.newsroom import Newsroom, article

__all__ = ["DAY", "HOUR", "TOPIC", "OwnHub"]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TOPIC = "https://commons.example/topics/labor.atom"
LOOPBACK = (ip_network("127.0.0.0/8"),)
MAX_ROUNDS = 20
"""Rounds of the tasks after which nothing may be left to do."""


@dataclass
class OwnHub:
    """A newsroom that is a hub, at `url`.

    `log` contains the hub's log events; `topics` makes the feeds that can be subscribed to.
    """

    newsroom: Newsroom
    url: str
    log: list[dict[str, Any]] = field(default_factory=list)
    signature_method: str = "sha256"
    allowed: tuple[IpNetwork, ...] = LOOPBACK
    topics: type[FeedTopics] = FeedTopics

    def request(self, callback: str, **keys: str) -> tuple[int, str]:
        """Send the hub a form, with `keys` without "hub."; returns status and text."""
        form = {"mode": "subscribe", "topic": TOPIC, "callback": callback, **keys}
        data = urlencode({f"hub.{key}": value for key, value in form.items()}).encode()
        try:
            with urllib.request.urlopen(f"{self.url}/hub", data, timeout=5) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def work(self, later: timedelta = timedelta()) -> None:
        """Do everything that is due, `later` than the last time."""
        self.newsroom.now += later
        with capture_logs() as logs:
            asyncio.run(self._work(self.newsroom.now))
        self.log += [dict(entry) for entry in logs if entry["event"].startswith("hub_")]

    def notify_once(self) -> None:
        """Do what is due, as `aggregator ingest` does at its end."""

        async def work() -> None:
            async with self._open_notifier() as notifier:
                await notify_once(notifier)

        asyncio.run(work())

    @asynccontextmanager
    async def _open_notifier(self) -> AsyncIterator[HubNotifier]:
        settings = FetchSettings(user_agent="tests", timeout=3, call_private=self.allowed)
        async with open_fetcher(settings, {}) as fetcher:
            yield HubNotifier(
                store=self.newsroom.store,
                fetcher=fetcher,
                topics=self.topics(self.newsroom.site),
                hub_url="https://commons.example/hub",
                signature_method=self.signature_method,
                other_hubs=self.newsroom.config.publish.hubs,
            )

    async def _work(self, now: datetime) -> None:
        async with self._open_notifier() as notifier:
            for _ in range(MAX_ROUNDS):
                if not any(
                    [await task(notifier, lambda: now) for task in hub_tasks(notifier).values()]
                ):
                    return

    def publish(self, *titles: str) -> None:
        """Publish and ingest articles, and notify subscribers."""
        self.ingest(*titles)
        self.work()

    def ingest(self, *titles: str) -> None:
        """Publish and ingest articles, before the hub has noticed."""
        self.newsroom.publishes("harbor", *map(article, titles))
        self.newsroom.ingests(later=HOUR)
