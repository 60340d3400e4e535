"""Real feed readers subscribe over loopback, and poll through a replayed week."""

import functools
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import listparser
import pytest
from reader import make_reader

from aggregator.model import topic_scope
from tests.harness.newsroom import Newsroom
from tests.harness.servers import Served, serving

SERIES = ("headlines-rnz", "headlines-bbc")
WEEK = timedelta(days=7)
TOPIC = "/topics/world.atom"


class Client(Protocol):
    """A feed reader."""

    def polls(self) -> None:
        """Fetch the feed."""

    def ids(self) -> list[str]:
        """The ids of the entries that it shows."""


class Newsboat:
    """newsboat, as used in a terminal."""

    def __init__(self, folder: Path, address: str) -> None:
        self._cache, self._urls = folder / "cache.db", folder / "urls"
        self._urls.write_text(f"{address}\n")
        (folder / "config").write_text("max-items 0\n")
        self._config = folder / "config"

    def polls(self) -> None:
        files = ["-u", str(self._urls), "-c", str(self._cache), "-C", str(self._config)]
        subprocess.run(
            ["newsboat", "-q", *files, "-x", "reload"],
            check=True, timeout=60, capture_output=True,
        )  # fmt: skip

    def ids(self) -> list[str]:
        with closing(sqlite3.connect(self._cache)) as db:
            return [guid for (guid,) in db.execute("select guid from rss_item where not deleted")]


class ReaderLibrary:
    """The library `reader`."""

    def __init__(self, folder: Path, address: str) -> None:
        self._reader = make_reader(str(folder / "reader.db"))
        self._reader.add_feed(address)

    def polls(self) -> None:
        (feed,) = self._reader.get_feeds()
        self._reader.update_feed(feed)
        (feed,) = self._reader.get_feeds()
        assert feed.last_exception is None, feed.last_exception

    def ids(self) -> list[str]:
        return [entry.id for entry in self._reader.get_entries()]


@pytest.fixture
def world(newsroom: Newsroom) -> Iterator[tuple[Newsroom, Served]]:
    """A newsroom with a topic that takes every story, served on loopback."""
    newsroom.has_topic("world", "NOT xyzzy")
    for series in SERIES:
        newsroom.lists(series)
    with serving(newsroom.reader.application) as served:
        yield newsroom, served


@pytest.mark.slow
@pytest.mark.parametrize("client", [Newsboat, ReaderLibrary])
def test_a_reader_sees_every_story_once(
    world: tuple[Newsroom, Served],
    shared: Path,
    tmp_path: Path,
    client: type[Newsboat | ReaderLibrary],
) -> None:
    """Polls of an unchanged feed get 304."""
    if client is Newsboat and not shutil.which("newsboat"):
        pytest.skip("newsboat is not installed (apt-get install newsboat)")
    newsroom, served = world
    folder = tmp_path / "reader"
    folder.mkdir()
    subscriber: Client = client(folder, served.url + TOPIC)
    listed: set[str] = set()
    snapshots = sorted(
        (path for series in SERIES for path in (shared / "replay" / series).glob("*.xml")),
        key=lambda path: path.name,
    )
    began = _time_of(snapshots[0])
    week = [path for path in snapshots if _time_of(path) < began + WEEK]
    for path in week:
        change = functools.partial(newsroom.answers, path.parent.name, path.read_bytes())
        newsroom.plays([(_time_of(path), change)], path.parent.name)
        listed.update(
            story.public_id
            for story in newsroom.store.lists.latest(
                topic_scope("world"), 50, arrived_within=timedelta(days=1)
            )
        )
        subscriber.polls()

    seen = subscriber.ids()
    assert len(seen) == len(set(seen))
    assert set(seen) == listed
    assert len(listed) > 200
    statuses = [status for path, status in served.answers if path == TOPIC]
    assert set(statuses) == {200, 304}
    served.answers.clear()
    subscriber.polls()
    assert served.answers == [(TOPIC, 304)]
    print(
        f"{client.__name__}: {len(week)} polls, {len(listed)} stories, {statuses.count(304)} × 304"
    )


def _time_of(path: Path) -> datetime:
    return datetime.strptime(path.stem, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def test_a_list_parser_reads_opml(world: tuple[Newsroom, Served]) -> None:
    """The lists contain every feed."""
    newsroom, _ = world
    topics = listparser.parse(newsroom.get("/topics.opml").data)
    outlets = listparser.parse(newsroom.get("/sources.opml").data)

    assert not topics.bozo
    assert not outlets.bozo
    assert [(feed.title, feed.url) for feed in topics.feeds] == [
        ("World", "https://commons.example/topics/world.atom")
    ]
    assert [feed.url for feed in outlets.feeds] == [newsroom.feed_of(s) for s in SERIES]
