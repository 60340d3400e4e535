"""/healthz counts failures by kind, including bugs in the program."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

from aggregator.model import FailureKind
from tests.harness.newsroom import Newsroom, article


def test_failures_are_counted_by_kind(newsroom: Newsroom) -> None:
    """A monitor can tell a failing outlet from a failing network."""
    for outlet in ("harbor", "plains", "valley"):
        newsroom.lists(outlet)
    newsroom.lists("nowhere", feed="http://nowhere.invalid/feed")
    newsroom.answers("harbor", b"", status=500)
    newsroom.answers("plains", b"", status=404)
    newsroom.publishes("valley", article("Rain"))

    newsroom.ingests()

    health = newsroom.get("/healthz").get_json()
    assert health["failing"] == ["harbor", "nowhere", "plains"]
    assert health["failures"] == {"dns": 1, "http_status": 2}


def test_a_recovered_source_is_not_counted(newsroom: Newsroom) -> None:
    """Only current failures are counted."""
    newsroom.lists("harbor")
    newsroom.answers("harbor", b"", status=500)
    newsroom.ingests()
    newsroom.publishes("harbor", article("Rain"))

    newsroom.ingests("harbor")

    assert newsroom.get("/healthz").get_json()["failures"] == {}


def test_a_wrong_sql_statement_is_reported_as_a_bug(newsroom: Newsroom) -> None:
    """The source fails and /healthz counts the bug; it is not retried like a full disk."""
    newsroom.lists("harbor")
    newsroom.publishes("harbor", article("Rain"))
    assert newsroom.store.sources.health() == []
    with closing(sqlite3.connect(newsroom.config.database)) as database:
        database.execute("alter table fingerprints rename column fingerprint to misspelt")
        database.commit()

    report = newsroom.ingests()

    (failed,) = report.failed
    assert failed.failure_kind is FailureKind.BUG
    assert "bug in aggregator" in failed.error
    assert "no such column" in failed.error
    assert newsroom.get("/healthz").get_json()["failures"] == {"bug": 1}


def test_a_bug_that_cannot_be_saved_is_counted(newsroom: Newsroom) -> None:
    """A bug in the very statement that saves a source costs neither the run nor other sources, and
    is counted all the same."""
    newsroom.lists("harbor")
    newsroom.publishes("harbor", article("Rain"))
    newsroom.store.sources.sync(newsroom.config.all_sources, newsroom.now)
    with closing(sqlite3.connect(newsroom.config.database)) as database:
        database.execute(
            "create trigger misspelt before update of received_count on sources "
            "begin select nothing_like_it; end"
        )
        database.commit()

    report = newsroom.ingests()

    (failed,) = report.failed
    assert failed.failure_kind is FailureKind.BUG
    assert newsroom.store.maintenance.count_bugs(newsroom.now) == 1
    assert newsroom.store.maintenance.count_bugs(newsroom.now + timedelta(seconds=1)) == 0


def test_a_recorded_bug_is_counted_for_a_day(newsroom: Newsroom) -> None:
    """The bug of a task is counted for a day after it happened last."""
    now = datetime.now(UTC)
    newsroom.store.maintenance.record_bug("run", "KeyError('x')", now - timedelta(hours=25))
    assert newsroom.get("/healthz").get_json()["failures"] == {}

    newsroom.store.maintenance.record_bug("run", "KeyError('x')", now)
    newsroom.store.maintenance.record_bug("verify", "KeyError('y')", now)

    assert newsroom.get("/healthz").get_json()["failures"] == {"bug": 2}
