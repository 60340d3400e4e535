"""The ingest loop goes on, whatever happens to the database or the clock."""

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest
from structlog.testing import capture_logs

from aggregator import app, scheduler
from aggregator.demo.press import CannedResponse, Request
from aggregator.ingest.fetch.client import open_fetcher
from aggregator.ingest.fetch.settings import FetchSettings
from aggregator.ingest.learners import is_training_due
from aggregator.ingest.workers import Workers
from aggregator.model import Batch, FetchState, Outcome
from tests.harness.newsroom import Newsroom, article


def _goes_on(newsroom: Newsroom, workers: Workers, until: Callable[[], bool]) -> None:
    """The loop runs until something is true, for ten seconds at most."""

    async def scene() -> None:
        limits = FetchSettings(user_agent="t", allow_private=(ip_network("127.0.0.0/8"),))
        async with open_fetcher(limits, {}) as fetcher:
            room = app.Runtime(
                config=newsroom.config, store=newsroom.store, fetcher=fetcher, workers=workers
            )
            task = asyncio.create_task(scheduler.run_forever(room, newsroom.config.sources))
            deadline = time.monotonic() + 10
            while not until() and time.monotonic() < deadline:
                await asyncio.sleep(0.05)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    asyncio.run(scene())
    assert until()


@pytest.fixture
def harbor(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> Newsroom:
    """A newsroom whose loop looks often."""
    monkeypatch.setattr(scheduler, "MAX_SLEEP_SECONDS", 0.1)
    newsroom.lists("harbor")
    newsroom.publishes("harbor", article("Fresh"))
    newsroom.store.sync(newsroom.config.all_sources, newsroom.now)
    return newsroom


def test_a_database_that_is_locked_for_a_while(harbor: Newsroom, workers: Workers) -> None:
    """The loop says so, and fetches when the lock is gone."""
    with harbor.store._door() as db:  # type: ignore[attr-defined]
        db.execute("pragma busy_timeout = 50")
    other = sqlite3.connect(harbor.config.database, isolation_level=None)
    with contextlib.closing(other), capture_logs() as logs:
        other.execute("begin immediate")

        def until() -> bool:
            if other.in_transaction and any(entry["event"] == "store" for entry in logs):
                other.execute("rollback")
            return harbor.store.counts().get("all") == 1

        _goes_on(harbor, workers, until)

    (said, *_) = [entry for entry in logs if entry["event"] == "store"]
    assert "another program holds it" in said["error"]


def test_a_slow_host_keeps_only_itself(harbor: Newsroom, workers: Workers) -> None:
    """While one source takes its time, another is fetched again and again."""
    slow = harbor.press.put("/slow/feed", CannedResponse(body=b"<rss/>", delay=20))
    harbor.lists("slow", feed=slow)
    harbor.lists("wire", min_interval='"1s"', max_interval='"1s"')
    harbor.publishes("wire", article("Wire"))
    harbor.store.sync(harbor.config.all_sources, harbor.now)

    def asked() -> int:
        return [request.path for request in harbor.press.requests].count("/wire/feed")

    _goes_on(harbor, workers, lambda: asked() >= 3)

    assert asked() >= 3
    assert [r.path for r in harbor.press.requests].count("/slow/feed") == 1


def test_a_source_is_fetched_once_at_a_time(harbor: Newsroom, workers: Workers) -> None:
    """The end of one run does not let a source go that the next one has under way."""
    at_once, most, asked = 0, 0, 0

    def wire(_: Request) -> CannedResponse:
        nonlocal at_once, most, asked
        at_once, asked = at_once + 1, asked + 1
        most = max(most, at_once)
        time.sleep(0.1 if asked == 1 else 2.5)
        at_once -= 1
        return CannedResponse(body=b"<rss/>")

    harbor.press.put("/wire/feed", wire)
    harbor.press.put("/slow/feed", CannedResponse(body=b"<rss/>", delay=2.5))
    harbor.lists("slow")
    harbor.lists("wire", min_interval='"1s"', max_interval='"1s"')
    harbor.store.sync(harbor.config.all_sources, harbor.now)

    _goes_on(harbor, workers, lambda: asked >= 3)

    assert most == 1


def test_a_disk_that_is_full_for_a_while(harbor: Newsroom, workers: Workers) -> None:
    """The loop says so, and what could not be saved is fetched again."""
    harbor.publishes("harbor", *(article(f"Story {n}", "Long. " * 400) for n in range(50)))
    with harbor.store._door() as db:  # type: ignore[attr-defined]
        pages = db.execute("pragma page_count").fetchone()[0]
        db.execute(f"pragma max_page_count = {pages + 2}")
        with capture_logs() as logs:

            def until() -> bool:
                if any(entry["event"] == "store" for entry in logs):
                    db.execute("pragma max_page_count = 1000000")
                return harbor.store.counts().get("all") == 50

            _goes_on(harbor, workers, until)

    (said, *_) = [entry for entry in logs if entry["event"] == "store"]
    assert "the disk is full" in said["error"]
    assert harbor.store.examine(datetime.now(UTC)) == []


def test_a_clock_that_was_wrong(harbor: Newsroom, workers: Workers) -> None:
    """A source that was due in years is due now, and the log says why."""
    future = datetime.now(UTC) + timedelta(days=2000)
    state = FetchState(next_fetch=future, last_success=future)
    harbor.store.save(Batch(source="harbor", state=state, outcome=Outcome.UNCHANGED), future)

    with capture_logs() as logs:
        _goes_on(harbor, workers, lambda: harbor.store.counts().get("all") == 1)

    (said,) = [entry for entry in logs if entry["event"] == "clock"]
    assert "The clock has gone back" in said["text"]


def test_topics_learn_beside_the_loop(harbor: Newsroom, workers: Workers) -> None:
    """And judge what has come; it is not due again then, and nothing is complained of."""
    harbor.has_topic("labor", "strike")
    harbor.change('title = "Labor"', 'title = "Labor"\nlearn = "suggest"')
    strikes = [article(f"A strike at the cranes, day {n}") for n in range(8)]
    rain = [article(f"Rain on the orchards, year {n}") for n in range(8)]
    harbor.publishes("harbor", *strikes, *rain, article("Dockers rest at the cranes"))
    harbor.ingests()
    harbor.config.path.write_text(harbor.written)

    with capture_logs() as logs:
        _goes_on(harbor, workers, lambda: harbor.store.learned().scored_up_to > 0)

    assert not [entry for entry in logs if entry["log_level"] in ("warning", "error")]
    assert not is_training_due(harbor.store, harbor.config.topics, datetime.now(UTC))
