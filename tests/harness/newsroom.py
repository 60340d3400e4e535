"""A newsroom and its outlets, for tests that read as scenes.

Everything is real: the outlets are on a server on loopback, the newsroom has a feeds.toml, a
database and worker processes, and readers send requests to its Flask application.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import feedparser
from feedparser import FeedParserDict
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from aggregator.app import ingest_context
from aggregator.config import Config, parse_config
from aggregator.demo.press import CannedResponse, Press, Request
from aggregator.demo.sample_feeds import FORMATS, Item
from aggregator.ingest.fetch.client import open_fetcher
from aggregator.ingest.fetch.settings import FetchSettings
from aggregator.ingest.picture_runs import (
    PictureContext,
    apply_permissions,
    fetch_pictures,
    with_own_pictures,
)
from aggregator.ingest.runs import run
from aggregator.ingest.workers import Workers
from aggregator.model import RunReport, Source, shares
from aggregator.site import PublicSite
from aggregator.site_app import create_wsgi_app
from aggregator.startup import rename
from aggregator.store import Store, open_store
from tests.harness.builders import NOW

HEAD = """
[site]
title = "The Commons"
url = "https://commons.example"
[fetch]
allow_private = ["127.0.0.0/8"]
timeout = "3s"
per_host = 20
spacing = "0s"
"""


def article(
    title: str,
    text: str = "Something happened.",
    *,
    link: str = "",
    id_: str = "",
    tags: Sequence[str] = (),
    published: datetime = NOW - timedelta(hours=2),
    image: str = "",
    alt: str = "",
) -> Item:
    """An article as it appears in an outlet's feed."""
    slug = title.lower().replace(" ", "-")
    link = link or f"https://outlet.example/{slug}"
    return Item(
        id=id_ or f"{link}#id",
        link=link,
        title=title,
        paragraphs=(text,),
        tags=tuple(tags),
        published=published,
        image_url=image,
        image_alt=alt,
    )


class Newsroom:
    """An aggregator in a folder, and the server of its outlets."""

    NOW = NOW

    def __init__(self, folder: Path, press: Press, workers: Workers) -> None:
        self.press = press
        self.now = NOW
        self.limits: dict[str, Any] = {
            "timeout": 3,
            "per_host": 20,
            "allow_private": (ip_network("127.0.0.0/8"),),
        }
        self.ingest_options: dict[str, Any] = {}
        """Fields of IngestContext that differ from the configuration."""
        self._folder = folder
        self._workers = workers
        self._toml = HEAD
        self._config: tuple[str, Config] | None = None
        self._reader: tuple[Config, FlaskClient] | None = None
        self._store: Store | None = None

    # ---- setting the scene

    def lists(self, outlet: str, *, feed: str = "", **keys: str) -> None:
        """Add an outlet to feeds.toml; `keys` are written verbatim."""
        self._toml += (
            f'[[source]]\nid = "{outlet}"\nname = "{outlet.title()}"\n'
            f'feed = "{feed or self.feed_of(outlet)}"\nsite = "https://{outlet}.example/"\n'
        ) + "".join(f"{key} = {value}\n" for key, value in keys.items())

    def publishes_at_most(self, limit: int) -> None:
        """Limit the number of stories in our feeds."""
        self._toml += f"[publish]\nlimit = {limit}\n"

    def has_topic(self, topic: str, match: str = "") -> None:
        """Add a topic to feeds.toml."""
        rule = f"match = '{match}'\n" if match else ""
        self._toml += f'[[topic]]\nid = "{topic}"\ntitle = "{topic.title()}"\n{rule}'

    @property
    def written(self) -> str:
        """The text of feeds.toml."""
        return self._toml

    def change(self, old: str, new: str) -> None:
        """Change feeds.toml, as an operator does."""
        assert old in self._toml
        self._toml = self._toml.replace(old, new)

    def feed_of(self, outlet: str) -> str:
        """The URL of an outlet's feed."""
        return f"{self.press.url}/{outlet}/feed"

    def publishes(self, outlet: str, *articles: Item, form: str = "rss20") -> None:
        """Make these articles the outlet's feed."""
        content_type, encoding, render = FORMATS[form]
        text = render(outlet.title(), f"https://{outlet}.example/", articles)
        self.answers(outlet, text.encode(encoding, "xmlcharrefreplace"), content_type)

    def answers(
        self, outlet: str, body: bytes, content_type: str = "application/xml", **keys: int
    ) -> None:
        """Make this the response at the URL of the outlet's feed."""
        headers = {"Content-Type": content_type}
        self.press.put(f"/{outlet}/feed", CannedResponse(body=body, headers=headers, **keys))

    def document_of(self, outlet: str) -> bytes:
        """The outlet's current feed."""
        return self.press.respond(Request(path=f"/{outlet}/feed", headers={})).body

    # ---- events

    @property
    def config(self) -> Config:
        """The configuration that feeds.toml gives."""
        if self._config is None or self._config[0] != self._toml:
            read = parse_config(self._toml, self._folder / "feeds.toml", {})
            self._config = (self._toml, read)
        return self._config[1]

    @property
    def store(self) -> Store:
        """The database."""
        if self._store is None:
            self._store = open_store(self.config.database)
        return self._store

    def ingests(self, *outlets: str, later: timedelta = timedelta()) -> RunReport:
        """Fetch these outlets, or all, `later` than the last time."""
        self.now += later
        (report,) = self.plays([(self.now, lambda: None)], *outlets)
        return report

    def plays(
        self, days: Iterable[tuple[datetime, Callable[[], object]]], *outlets: str
    ) -> list[RunReport]:
        """Run ingest at each of these times, each after its change."""
        rename(self.config, self.store, self.now)
        self.store.sources.sync(self.config.all_sources, self.now)
        due = [s for s in self.config.sources if not outlets or s.id in outlets]
        if asyncio._get_running_loop() is None:
            return asyncio.run(self._play(days, due))
        with ThreadPoolExecutor(1) as thread:  # the browser's event loop runs in this one
            return thread.submit(lambda: asyncio.run(self._play(days, due))).result()

    async def _play(
        self, days: Iterable[tuple[datetime, Callable[[], object]]], due: Sequence[Source]
    ) -> list[RunReport]:
        limits = FetchSettings(user_agent="tests", **self.limits)
        reports = []
        async with open_fetcher(limits, {"OUTLET_LOGIN": "user:secret"}) as fetcher:
            for self.now, changes in days:
                changes()
                context = ingest_context(self.config, self.store, fetcher, self._workers, self.now)
                reports.append(await run(replace(context, **self.ingest_options), due))
        return reports

    def fetches_pictures(self, *, later: timedelta = timedelta()) -> int:
        """Fetch all pictures that are due, `later` than the last time; returns how many."""
        self.now += later
        with ThreadPoolExecutor(1) as thread:  # a browser's event loop may run in this one
            return thread.submit(lambda: asyncio.run(self._fetch_pictures())).result()

    async def _fetch_pictures(self) -> int:
        limits = FetchSettings(user_agent="tests", **self.limits)
        apply_permissions(self.store, self.config.sources, self.now)
        total = 0
        async with open_fetcher(limits, {}) as fetcher:
            context = PictureContext(
                store=self.store,
                fetcher=fetcher,
                workers=self._workers,
                sources=with_own_pictures(self.config.sources),
                max_bytes=self.config.pictures_bytes,
            )
            while count := await fetch_pictures(context, self.now):
                total += count
        return total

    def has_pages_of(self, size: int) -> None:
        """Set the number of stories on a page for people."""
        self.change("[site]", f"[site]\nper_page = {size}")

    def closes_pages(self) -> None:
        """Close the pages of older stories that are full."""
        size = self.config.site.per_page
        self.store.lists.close_older_pages(size, shares(self.config.topics), self.now)

    def archives(self, size: int) -> None:
        """Close the archive documents that are full, of `size` stories each."""
        self.store.lists.archive(size, self.now)

    # ---- what readers see

    @property
    def reader(self) -> FlaskClient:
        """A client of the web server, which is restarted when feeds.toml changes."""
        if self._reader is None or self._reader[0] is not self.config:
            self._reader = (self.config, create_wsgi_app(self.config, self.store).test_client())
        return self._reader[1]

    @property
    def site(self) -> PublicSite:
        """The published site."""
        return PublicSite(self.config, self.store)

    def paths(self) -> list[str]:
        """Every public path that does not depend on a request."""
        return list(self.site.paths())

    def get(self, path: str, **headers: str) -> TestResponse:
        """Send a request; a header like `If_None_Match` becomes If-None-Match."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.reader.get(path, headers=named)

    def read(self, path: str) -> FeedParserDict:
        """Parse a published feed, which must be well-formed."""
        parsed = feedparser.parse(self.get(path).data)
        assert not parsed.bozo, parsed.get("bozo_exception")
        return parsed

    def titles(self, path: str) -> list[str]:
        """The titles of a published feed, in order."""
        return [item.title for item in self.read(path).entries]

    def ids(self, path: str = "/all.atom") -> list[str]:
        """The ids of a published feed, in order."""
        return [item.id for item in self.read(path).entries]

    def restarts(self) -> None:
        """Restart the program: only what is stored remains."""
        self.close()
        self._store = self._reader = None

    def close(self) -> None:
        """Close the database."""
        if self._store is not None:
            self._store.close()
