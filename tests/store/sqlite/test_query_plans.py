"""No statement of an ordinary day reads a whole table that grows with the archive."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from aggregator.model import ALL
from aggregator.store.sqlite import SqliteStore
from tests.harness.newsroom import Newsroom, article

GROWING = {
    "contents", "entries", "entry_fingerprints", "entry_keys", "event_words", "fingerprints",
    "listings", "matches", "related_stories", "stories",
}  # fmt: skip
"""Tables with rows for each entry or story."""
SHORT_INDEXES = ("listings_unarchived", "listings_unpaged")
"""Indexes of the stories that are on no full page yet, of which a list has few."""
SURFER = "A shark killed a surfer in Santa Cruz."


@contextmanager
def _recorded(store: SqliteStore) -> Iterator[set[str]]:
    """The statements that this thread runs, with their values."""
    statements: set[str] = set()
    with store._connection.read() as db:
        connection = db.conn
    connection.set_trace_callback(statements.add)
    try:
        yield statements
    finally:
        connection.set_trace_callback(None)


def _scans(store: SqliteStore, statement: str) -> list[str]:
    """The steps of a statement that read a whole growing table, or a whole index of it."""
    if not re.match(r"\s*(select|insert|update|delete|with)\b", statement, re.IGNORECASE):
        return []
    aliases = {alias: table for table, alias in re.findall(r"\b(\w+)\s+as\s+(\w+)", statement)}
    with store._connection.read() as db:
        plan = [row[3] for row in db.execute(f"explain query plan {statement}").fetchall()]
    return [
        step
        for step in plan
        if (found := re.match(r"SCAN (\w+)", step))
        and aliases.get(found[1], found[1]) in GROWING
        and not step.endswith(SHORT_INDEXES)
    ]


@pytest.fixture
def harbor(newsroom: Newsroom) -> Newsroom:
    """A newsroom that has fetched once."""
    newsroom.lists("harbor")
    newsroom.lists("plains")
    newsroom.has_topic("labor", "strike")
    newsroom.publishes("harbor", article("Strike", SURFER), article("Rain"))
    newsroom.publishes("plains", article("Snow"))
    newsroom.ingests()
    return newsroom


def test_a_scan_is_noticed(harbor: Newsroom) -> None:
    """Under whatever name the table has in the statement."""
    assert isinstance(harbor.store, SqliteStore)
    assert _scans(harbor.store, "select 1 from entries where title = 'Rain'") == ["SCAN entries"]
    assert _scans(harbor.store, "select 1 from stories as own where own_headline = 'x'") == [
        "SCAN own"
    ]
    assert _scans(harbor.store, "select 1 from sources") == []


def test_ingest_scans_nothing(harbor: Newsroom) -> None:
    """New stories, copies, revised and unchanged entries."""
    store = harbor.store
    assert isinstance(store, SqliteStore)
    with _recorded(store) as statements:
        harbor.publishes("plains", article("Strike", SURFER), article("A strike of sharks", SURFER))
        harbor.publishes("harbor", article("Strike", "Other words."), article("Rain"))
        harbor.ingests(later=timedelta(hours=1))
        harbor.archives(2)
        harbor.closes_pages()
        store.stories.purge(timedelta(days=30), harbor.now)
        store.maintenance.forget_fingerprints(harbor.now, 10)
        store.sources.due(harbor.config.sources, harbor.now)

    assert len(statements) > 50
    assert {each: scans for each in statements if (scans := _scans(store, each))} == {}


def test_pages_scan_nothing(harbor: Newsroom) -> None:
    """Pages, feeds, archives, search and the files for programs."""
    store = harbor.store
    assert isinstance(store, SqliteStore)
    story = store.lists.latest(ALL, 1)[0].id
    paths = (
        "/", "/all", "/all.atom", "/topics/labor", "/topics/labor.rss", "/sources/harbor.json",
        "/sources", "/about", f"/stories/{story}", f"/stories/{story}.png", "/topics/labor/older/1",
        "/topics/labor/archive/1.atom", "/search?q=strike", "/search.atom?q=NOT+rain",
        "/all.json?limit=1", "/sitemap-pages.xml", "/sitemap-news.xml", "/removed.json",
    )  # fmt: skip
    with _recorded(store) as statements:
        for path in paths:
            harbor.get(path)

    assert len(statements) > 50
    assert {each: scans for each in statements if (scans := _scans(store, each))} == {}
