"""A newsroom and its partner outlets, for tests that read as scenes.

Real everything: the press is a server on loopback, the newsroom has a feeds.toml, a
database and worker processes, and its readers ask its Flask application.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import feedparser
from feedparser import FeedParserDict
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from aggregator import config
from aggregator.config import Config
from aggregator.demo.formats import FORMATS, Item
from aggregator.demo.press import Answer, Press
from aggregator.edition import Edition
from aggregator.ingest.fetch import Limits, open_fetcher
from aggregator.ingest.pipeline import Line, run
from aggregator.ingest.workers import Workers
from aggregator.model import RunReport, Source
from aggregator.store import Store, open_store
from aggregator.web import create_app
from tests.builders import NOW

HEAD = """
[site]
title = "The Commons"
url = "https://commons.example"
[fetch]
allow_private = ["127.0.0.0/8"]
timeout = "3s"
per_host = 20
"""


def article(
    title: str,
    text: str = "Something happened.",
    *,
    link: str = "",
    id_: str = "",
    tags: Sequence[str] = (),
    published: datetime = NOW - timedelta(hours=2),
) -> Item:
    """An article as an outlet's feed shows it."""
    slug = title.lower().replace(" ", "-")
    link = link or f"https://outlet.example/{slug}"
    return Item(
        id=id_ or f"{link}#id",
        link=link,
        title=title,
        paragraphs=(text,),
        tags=tuple(tags),
        published=published,
    )


class Newsroom:
    """An aggregator in a folder, and the press that it reads."""

    def __init__(self, folder: Path, press: Press, workers: Workers) -> None:
        self.press = press
        self.now = NOW
        self._folder = folder
        self._workers = workers
        self._toml = HEAD
        self._store: Store | None = None

    # ---- setting the scene

    def lists(self, outlet: str, *, feed: str = "", **keys: str) -> None:
        """List an outlet in feeds.toml; `keys` are written as they are."""
        self._toml += (
            f'[[source]]\nid = "{outlet}"\nname = "{outlet.title()}"\n'
            f'feed = "{feed or self.feed_of(outlet)}"\nsite = "https://{outlet}.example/"\n'
        ) + "".join(f"{key} = {value}\n" for key, value in keys.items())

    def has_topic(self, topic: str, match: str = "") -> None:
        """List a topic."""
        rule = f"match = '{match}'\n" if match else ""
        self._toml += f'[[topic]]\nid = "{topic}"\ntitle = "{topic.title()}"\n{rule}'

    def feed_of(self, outlet: str) -> str:
        """The address of an outlet's feed."""
        return f"{self.press.url}/{outlet}/feed"

    def publishes(self, outlet: str, *articles: Item, form: str = "rss20") -> None:
        """The outlet's feed holds these articles now."""
        content_type, encoding, render = FORMATS[form]
        text = render(outlet.title(), f"https://{outlet}.example/", articles)
        self.answers(outlet, text.encode(encoding, "xmlcharrefreplace"), content_type)

    def answers(
        self, outlet: str, body: bytes, content_type: str = "application/xml", **keys: int
    ) -> None:
        """The outlet's feed address answers this now."""
        headers = {"Content-Type": content_type}
        self.press.put(f"/{outlet}/feed", Answer(body=body, headers=headers, **keys))

    # ---- what happens

    @property
    def config(self) -> Config:
        """feeds.toml as it stands."""
        return config.parse(self._toml, self._folder / "feeds.toml", {})

    @property
    def store(self) -> Store:
        """The database."""
        if self._store is None:
            self._store = open_store(self.config.database)
        return self._store

    def ingests(self, *outlets: str, later: timedelta = timedelta()) -> RunReport:
        """Fetch these outlets, or all, `later` than the last time."""
        self.now += later
        config_ = self.config
        self.store.sync(config_.all_sources)
        due = [s for s in config_.sources if not outlets or s.id in outlets]
        return asyncio.run(self._run(config_, due))

    async def _run(self, config_: Config, due: Sequence[Source]) -> RunReport:
        limits = Limits(
            user_agent="tests",
            timeout=3,
            per_host=20,
            allow_private=(ip_network("127.0.0.0/8"),),
        )
        async with open_fetcher(limits, {"OUTLET_LOGIN": "user:secret"}) as fetcher:
            line = Line(
                sources={source.id: source for source in config_.all_sources},
                topics=config_.topics,
                store=self.store,
                fetcher=fetcher,
                workers=self._workers,
                now=self.now,
                authority="commons.example",
            )
            return await run(line, due)

    # ---- what readers see

    @property
    def reader(self) -> FlaskClient:
        """Someone who asks the web server."""
        return create_app(self.config, self.store).test_client()

    @property
    def edition(self) -> Edition:
        """What is published."""
        return Edition(self.config, self.store)

    def get(self, path: str, **headers: str) -> TestResponse:
        """One request; `If_None_Match` becomes If-None-Match."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.reader.get(path, headers=named)

    def read(self, path: str) -> FeedParserDict:
        """A published feed, parsed again; it must be well-formed."""
        parsed = feedparser.parse(self.get(path).data)
        assert not parsed.bozo, parsed.get("bozo_exception")
        return parsed

    def titles(self, path: str) -> list[str]:
        """The titles of a published feed, in its order."""
        return [item.title for item in self.read(path).entries]

    def ids(self, path: str = "/all.atom") -> list[str]:
        """The ids of a published feed, in its order."""
        return [item.id for item in self.read(path).entries]

    def close(self) -> None:
        """Let go of the database."""
        if self._store is not None:
            self._store.close()
