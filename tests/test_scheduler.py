"""The ingest loop continues, whatever happens to the database or the clock."""

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from sqlite_utils import Database
from structlog.testing import capture_logs

from aggregator.app import Runtime, ingest_forever, open_runtime
from aggregator.config_watch import ConfigWatch
from aggregator.demo.press import CannedResponse, Request
from aggregator.ingest.context import IngestContext
from aggregator.ingest.learning import is_training_due
from aggregator.ingest.runs import deliver
from aggregator.ingest.workers import Workers
from aggregator.model import (
    ALL,
    Batch,
    Delivery,
    FetchState,
    Outcome,
    Source,
    SourceReport,
)
from aggregator.scheduler import Scheduler, run_forever
from aggregator.store import Store
from aggregator.store.sqlite import SqliteStore
from aggregator.store.sqlite import connection as sqlite_connection
from aggregator.store.sqlite.connection import Connection
from tests.harness.newsroom import Newsroom, article

MAX_SECONDS = 10


async def _nothing(_: datetime) -> None:
    """Alert no one."""


async def _run_forever(runtime: Runtime) -> None:
    """Run the loop with short pauses and without learning."""
    await run_forever(
        Scheduler(
            store=runtime.store,
            fetcher=runtime.fetcher,
            sources=runtime.config.sources,
            topics=runtime.config.topics,
            site_url=runtime.config.site.url,
            context=runtime.ingest_context,
            advance_calendar=lambda _: None,
            housekeeping=runtime.housekeeping,
            fetch_pictures=None,
            learn=None,
            hub_tasks={},
            send_alerts=_nothing,
            max_sleep_seconds=0.1,
        )
    )


def _loop(
    newsroom: Newsroom,
    workers: Workers,
    until: Callable[[], bool] | None,
    store: Store | None = None,
    run: Callable[[Runtime], Awaitable[None]] = _run_forever,
) -> None:
    """Run the loop until something is true, or until it ends by itself, for at most MAX_SECONDS."""

    async def run_until() -> None:
        async with open_runtime(newsroom.config, store or newsroom.store, workers) as runtime:
            task = asyncio.ensure_future(run(runtime))
            deadline = time.monotonic() + MAX_SECONDS
            is_over = until or task.done
            while not is_over() and time.monotonic() < deadline:
                await asyncio.sleep(0.05)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    asyncio.run(run_until())
    assert until is None or until()


@contextlib.contextmanager
def _connected(database: Path) -> Iterator[tuple[SqliteStore, Database]]:
    """Another store on the same file, which does not wait for locks, and its connection in this
    thread."""
    connection = Connection(database, busy_timeout=0.05)
    with contextlib.closing(SqliteStore(connection)) as store, connection.read() as db:
        yield store, db


@pytest.fixture
def harbor(newsroom: Newsroom) -> Newsroom:
    """A newsroom with one outlet that has published an article."""
    newsroom.lists("harbor")
    newsroom.publishes("harbor", article("Fresh"))
    newsroom.store.sources.sync(newsroom.config.all_sources, newsroom.now)
    return newsroom


def _store_errors(logs: Sequence[Mapping[str, Any]]) -> list[str]:
    return [entry["error"] for entry in logs if entry["event"] == "store_unavailable"]


def test_a_locked_database_delays_the_loop(harbor: Newsroom, workers: Workers) -> None:
    """The loop logs the lock, and fetches when it is released."""
    other = sqlite3.connect(harbor.config.database, isolation_level=None)
    with (
        _connected(harbor.config.database) as (store, _),
        contextlib.closing(other),
        capture_logs() as logs,
    ):
        other.execute("begin immediate")

        def until() -> bool:
            if other.in_transaction and _store_errors(logs):
                other.execute("rollback")
            return store.lists.counts().get(ALL) == 1

        _loop(harbor, workers, until, store)

    assert "another program has locked it" in _store_errors(logs)[0]


def test_a_few_deliveries_are_read_at_a_time(
    harbor: Newsroom, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many a hub has queued, fetching has its share of the workers."""
    concurrent, most, total = 0, 0, 0

    async def observed_deliver(
        context: IngestContext, source: Source, delivery: Delivery
    ) -> SourceReport:
        nonlocal concurrent, most, total
        concurrent, total = concurrent + 1, total + 1
        most = max(most, concurrent)
        await asyncio.sleep(0.1)
        report = await deliver(context, source, delivery)
        concurrent -= 1
        return report

    monkeypatch.setattr("aggregator.scheduler.deliver", observed_deliver)
    body = harbor.document_of("harbor")
    for _ in range(10):
        harbor.store.subscriptions.enqueue_delivery("harbor", "text/xml", body, datetime.now(UTC))

    _loop(harbor, workers, lambda: not harbor.store.subscriptions.queued_deliveries(1))

    assert (total, most) == (10, 4)
    assert harbor.store.lists.counts()[ALL] == 1


def test_a_slow_host_does_not_delay_others(harbor: Newsroom, workers: Workers) -> None:
    """Another source is fetched repeatedly during a slow response."""
    slow = harbor.press.put("/slow/feed", CannedResponse(body=b"<rss/>", delay=20))
    harbor.lists("slow", feed=slow)
    harbor.lists("wire", min_interval='"1s"', max_interval='"1s"')
    harbor.publishes("wire", article("Wire"))
    harbor.store.sources.sync(harbor.config.all_sources, harbor.now)

    def requests(path: str) -> int:
        return [request.path for request in harbor.press.requests].count(path)

    _loop(harbor, workers, lambda: requests("/wire/feed") >= 3)

    assert requests("/wire/feed") >= 3
    assert requests("/slow/feed") == 1


def test_a_source_is_fetched_once_at_a_time(harbor: Newsroom, workers: Workers) -> None:
    """The next run does not fetch a source that is still being fetched."""
    concurrent, most, requests = 0, 0, 0

    def wire(_: Request) -> CannedResponse:
        nonlocal concurrent, most, requests
        concurrent, requests = concurrent + 1, requests + 1
        most = max(most, concurrent)
        time.sleep(0.1 if requests == 1 else 2.5)
        concurrent -= 1
        return CannedResponse(body=b"<rss/>")

    harbor.press.put("/wire/feed", wire)
    harbor.press.put("/slow/feed", CannedResponse(body=b"<rss/>", delay=2.5))
    harbor.lists("slow")
    harbor.lists("wire", min_interval='"1s"', max_interval='"1s"')
    harbor.store.sources.sync(harbor.config.all_sources, harbor.now)

    _loop(harbor, workers, lambda: requests >= 3)

    assert most == 1


def test_a_full_disk_delays_the_loop(
    harbor: Newsroom, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop logs the error, and fetches again what could not be saved."""
    harbor.publishes("harbor", *(article(f"Story {n}", "Long. " * 400) for n in range(50)))
    with _connected(harbor.config.database) as (store, db), capture_logs() as logs:
        pages = db.execute("pragma page_count").fetchone()[0]
        limit = f"max_page_count = {pages + 2}"
        monkeypatch.setattr(sqlite_connection, "_PRAGMAS", (*sqlite_connection._PRAGMAS, limit))

        def until() -> bool:
            if _store_errors(logs):
                for each in store._connection._open:
                    each.execute("pragma max_page_count = 1000000")
            return store.lists.counts().get(ALL) == 50

        _loop(harbor, workers, until, store)

    assert "the disk is full" in _store_errors(logs)[0]
    assert harbor.store.maintenance.check(datetime.now(UTC)) == []


def test_a_wrong_clock_is_corrected_and_logged(harbor: Newsroom, workers: Workers) -> None:
    """A source that was due tonight, by a clock that was hours ahead, is due now."""
    future = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=20)
    state = FetchState(next_fetch=future, last_success=future)
    harbor.store.entries.save(
        Batch(source="harbor", state=state, outcome=Outcome.UNCHANGED), future
    )

    with capture_logs() as logs:
        _loop(harbor, workers, lambda: harbor.store.lists.counts().get(ALL) == 1)

    (logged,) = [entry for entry in logs if entry["event"] == "clock_went_back"]
    assert logged["last_fetch"] == str(future)
    assert logged["action"] == "times corrected"


def test_a_clock_that_jumps_back_far_stops_the_loop(harbor: Newsroom, workers: Workers) -> None:
    """Nothing is fetched, and the incident says since when and what to do, until an operator has
    decided which time is right."""
    future = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2000)
    harbor.store.entries.save(
        Batch(source="harbor", state=FetchState(), outcome=Outcome.UNCHANGED), future
    )
    store = harbor.store.maintenance

    with capture_logs() as logs:
        _loop(harbor, workers, lambda: any(each["event"] == "clock_wrong" for each in logs))
    assert not harbor.press.requests
    (incident,) = store.incidents()
    assert incident.kind == "clock"
    assert "run `aggregator doctor --repair`" in incident.sentence
    assert incident.since == future  # the last fetch, since the clock may be the wrong one

    store.repair(datetime.now(UTC))
    _loop(harbor, workers, lambda: harbor.store.lists.counts().get(ALL) == 1)
    assert store.incidents() == []


def test_a_clock_that_is_right_again_is_no_incident(harbor: Newsroom, workers: Workers) -> None:
    """Even if nothing is due for hours. What the outlets' servers say is asked in the next run."""
    store = harbor.store.maintenance
    now = datetime.now(UTC)
    state = FetchState(next_fetch=now + timedelta(hours=5))
    harbor.store.entries.save(Batch(source="harbor", state=state, outcome=Outcome.CHANGED), now)
    for kind in ("clock", "clock_disputed"):
        store.record_incident(kind, "The clock says 1970.", now)

    _loop(harbor, workers, lambda: len(store.incidents()) < 2)

    assert [incident.kind for incident in store.incidents()] == ["clock_disputed"]
    assert not harbor.press.requests


@pytest.mark.parametrize(
    ("days", "kind"),
    [(-400, "clock"), (-2, "clock"), (3, "clock_disputed"), (400, "clock_disputed")],
)
def test_a_clock_that_is_set_while_the_loop_runs(
    harbor: Newsroom, workers: Workers, days: int, kind: str
) -> None:
    """The loop waits while the clock is wrong, says so, and goes on when it is right again."""
    started, moment = datetime.now(UTC), time.monotonic()

    def respond(_: Request) -> CannedResponse:
        date = started + timedelta(seconds=time.monotonic() - moment)
        return CannedResponse(status=500, headers={"Date": format_datetime(date, usegmt=True)})

    harbor.press.put("/harbor/feed", respond)
    store = harbor.store.maintenance
    with capture_logs() as logs, time_machine.travel(started, tick=True) as clock:
        is_wrong = False

        def until() -> bool:
            nonlocal is_wrong
            if not is_wrong and any(each["event"] == "fetched" for each in logs):
                clock.shift(timedelta(days=days))
                is_wrong = True
            return any(each["event"] == "clock_wrong" for each in logs)

        _loop(harbor, workers, until)
        assert [incident.kind for incident in store.incidents()] == [kind]
        assert (store.last_fetch() or started) < started + timedelta(minutes=1)

    harbor.publishes("harbor", article("Fresh"))
    with _connected(harbor.config.database) as (_, db):
        db.execute("update sources set next_fetch = null")
    _loop(harbor, workers, lambda: harbor.store.lists.counts().get(ALL) == 1)
    assert store.incidents() == []


def test_topics_learn_while_the_loop_runs(harbor: Newsroom, workers: Workers) -> None:
    """New stories are scored, training is not due again, and no warning is logged."""
    harbor.has_topic("labor", "strike")
    harbor.change('title = "Labor"', 'title = "Labor"\nlearn = "suggest"')
    strikes = [article(f"A strike at the cranes, day {n}") for n in range(8)]
    rain = [article(f"Rain on the orchards, year {n}") for n in range(8)]
    harbor.publishes("harbor", *strikes, *rain, article("Dockers rest at the cranes"))
    harbor.ingests()
    harbor.config.path.write_text(harbor.written)

    with capture_logs() as logs:
        _loop(
            harbor,
            workers,
            lambda: harbor.store.learning.model_info().scored_up_to > 0,
            run=lambda runtime: ingest_forever(
                ConfigWatch(runtime.config, runtime.store), runtime.store, runtime.workers
            ),
        )

    assert not [entry for entry in logs if entry["log_level"] in ("warning", "error")]
    assert not is_training_due(harbor.store, harbor.config.topics, datetime.now(UTC))


def test_a_bug_ends_the_loop_and_is_counted(harbor: Newsroom, workers: Workers) -> None:
    """A bug in a task is not retried forever: it ends the program, and /healthz counts it."""
    store = harbor.store
    with _connected(harbor.config.database) as (_, db):
        db.execute("alter table deliveries rename column body to misspelt")

    with pytest.raises(sqlite3.OperationalError, match="no such column: body"):
        _loop(harbor, workers, until=None)

    assert store.maintenance.count_bugs(datetime.now(UTC) - timedelta(minutes=1)) == 1
    assert harbor.get("/healthz").get_json()["failures"] == {"bug": 1}
