"""A database with three stories, as a file and open."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from aggregator.store.sqlite import SqliteStore, open_store
from tests.harness.builders import NOW, source
from tests.harness.saving import publish

STORY_TITLES = (("One", "harbor"), ("Two", "harbor"), ("Three", "plains"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database with three stories of two sources."""
    file = tmp_path / "news.db"
    with closing(open_store(file)) as store:
        store.sources.sync([source("harbor"), source("plains")], NOW)
        for title, outlet in STORY_TITLES:
            publish(store, title, "labor", source=outlet, fingerprints=(1, 2, 3))
    return file


@pytest.fixture
def store(file: Path) -> Iterator[SqliteStore]:
    """The store in this file, open."""
    with closing(open_store(file)) as opened:
        yield opened


@pytest.fixture
def edit(file: Path) -> Callable[..., None]:
    """Run statements on the file, as if somebody had edited it by hand."""

    def run(*statements: str) -> None:
        with closing(sqlite3.connect(file)) as db:
            for statement in statements:
                db.execute(statement)
            db.commit()

    return run


@pytest.fixture
def query(file: Path) -> Callable[[str], list[Any]]:
    """Run a query on the file, as another program would."""

    def run(sql: str) -> list[Any]:
        with closing(sqlite3.connect(file)) as db:
            return db.execute(sql).fetchall()

    return run


@pytest.fixture
def corrupt(file: Path) -> Callable[[], None]:
    """Overwrite two pages of the file, as a broken disk does."""

    def run() -> None:
        with closing(sqlite3.connect(file)) as db:
            db.execute("pragma journal_mode = delete")
        body = bytearray(file.read_bytes())
        body[4096 * 4 : 4096 * 6] = b"\xff" * 8192
        file.write_bytes(bytes(body))

    return run
