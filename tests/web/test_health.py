"""/healthz counts failures by kind, including bugs in the program."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine

from aggregator.errors import StoreUnavailable
from aggregator.model import FailureKind
from aggregator.overview.health_reasons import health_reasons
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


# ---- what is wrong, since when and why


def _health(newsroom: Newsroom, later: timedelta = timedelta()) -> tuple[int, dict[str, Any]]:
    """Status and body of /healthz, `later` than the last fetch."""
    with time_machine.travel(newsroom.now + later, tick=False):
        answer = newsroom.get("/healthz")
    body: dict[str, Any] = answer.get_json()
    return answer.status_code, body


def _kinds(newsroom: Newsroom, later: timedelta = timedelta()) -> tuple[int, str, list[str]]:
    status, body = _health(newsroom, later)
    return status, body["status"], [reason["kind"] for reason in body["reasons"]]


def test_all_is_well(newsroom: Newsroom) -> None:
    """There is no reason."""
    newsroom.lists("harbor")
    newsroom.publishes("harbor", article("Rain"))
    newsroom.ingests()

    assert _kinds(newsroom) == (200, "ok", [])
    assert _kinds(newsroom, timedelta(hours=35)) == (200, "ok", [])


def test_nothing_was_fetched_for_long(newsroom: Newsroom) -> None:
    """It is down, since the last success of any source; failures do not count as fetching."""
    newsroom.lists("harbor")
    newsroom.publishes("harbor", article("Rain"))
    newsroom.ingests()
    fetched = newsroom.now
    newsroom.answers("harbor", b"", status=500)
    newsroom.ingests(later=timedelta(hours=40))

    status, body = _health(newsroom)

    assert (status, body["status"]) == (503, "down")
    stale, failing = body["reasons"]
    assert (stale["kind"], stale["since"]) == ("stale", fetched.isoformat())
    assert stale["sentence"].startswith("No source has been fetched successfully for 36h; check")
    assert (failing["kind"], failing["source"]) == ("http_status", "harbor")


def test_nothing_was_ever_fetched(newsroom: Newsroom) -> None:
    """A program that has never worked is not well; one without sources is."""
    assert _kinds(newsroom) == (200, "ok", [])
    newsroom.lists("harbor")

    assert _kinds(newsroom) == (503, "down", ["stale"])


def test_an_edit_of_feeds_toml_does_not_hide_that_nothing_was_ever_fetched(
    newsroom: Newsroom,
) -> None:
    """What counts is since when the sources have failed."""
    newsroom.lists("harbor")
    newsroom.answers("harbor", b"", status=500)
    newsroom.ingests()
    began = newsroom.now
    newsroom.ingests(later=timedelta(hours=40))
    config = replace(newsroom.config, changed_at=newsroom.now)
    health = newsroom.store.sources.health()

    stale, _ = health_reasons(config, newsroom.store, health, newsroom.now)

    assert (stale.kind, stale.since) == ("stale", began)


def test_a_full_disk(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said before the first save fails, even if nothing was ever fetched."""
    full = SimpleNamespace(f_bavail=100, f_frsize=4096)
    monkeypatch.setattr("aggregator.overview.health_reasons.os.statvfs", lambda _: full)

    status, body = _health(newsroom)

    assert (status, body["status"]) == (200, "degraded")
    assert body["reasons"][0]["sentence"].startswith(
        "The disk with the database has only 0 MB left;"
    )


def test_a_wrong_clock_comes_before_what_it_causes(newsroom: Newsroom) -> None:
    """With a clock that is a year ahead, the last fetch seems to be a year ago."""
    newsroom.lists("harbor")
    newsroom.publishes("harbor", article("Rain"))
    newsroom.ingests()
    newsroom.store.maintenance.record_incident("clock", "The clock says 2099.", newsroom.now)

    assert _kinds(newsroom, timedelta(days=365))[2] == ["clock", "stale"]


def test_a_wrong_clock(newsroom: Newsroom) -> None:
    """The sentence is that of the run that was stopped, with its time."""
    newsroom.store.maintenance.record_incident("clock", "The clock says 1970.", newsroom.now)

    _, body = _health(newsroom)

    assert body["reasons"] == [
        {"kind": "clock", "source": None, "since": newsroom.now.isoformat(),
         "sentence": "The clock says 1970."}
    ]  # fmt: skip


def test_a_deleted_database(newsroom: Newsroom) -> None:
    """Nothing is written to a file without a name; it is down, and says what to do."""
    newsroom.lists("harbor")
    newsroom.publishes("harbor", article("Rain"))
    newsroom.ingests()
    assert _kinds(newsroom) == (200, "ok", [])
    newsroom.config.database.rename(newsroom.config.database.with_name("gone"))

    with pytest.raises(StoreUnavailable, match="was deleted while the program was running"):
        newsroom.ingests()
    status, body = _health(newsroom)

    assert (status, body["status"]) == (503, "down")
    (reason,) = body["reasons"]
    assert reason["kind"] == "database"
    assert "start the program again" in reason["sentence"]
    newsroom.config.database.with_name("gone").rename(newsroom.config.database)
    assert _kinds(newsroom) == (200, "ok", [])


def test_a_replaced_database(newsroom: Newsroom, tmp_path: Path) -> None:
    """Another file in its place is not the one that is open."""
    assert _kinds(newsroom) == (200, "ok", [])
    newsroom.store.maintenance.backup(tmp_path / "copy")
    (tmp_path / "copy").replace(newsroom.config.database)

    assert "was replaced while" in _health(newsroom)[1]["reasons"][0]["sentence"]


def test_an_emptied_database(newsroom: Newsroom) -> None:
    """A file without content is said to be one, and is no bug."""
    assert _kinds(newsroom) == (200, "ok", [])
    newsroom.config.database.write_bytes(b"")

    status, body = _health(newsroom)

    assert (status, body["reasons"][0]["kind"]) == (503, "database")
    assert "was emptied while the program was running" in body["reasons"][0]["sentence"]
    assert newsroom.get("/all.atom").status_code == 503


def test_live_and_ready(newsroom: Newsroom) -> None:
    """A source that fails is no reason to restart the program; without a database it serves no
    one, and restarting would not help either."""
    newsroom.lists("harbor")
    newsroom.answers("harbor", b"Down.", status=503)
    newsroom.ingests()
    for path in ("/healthz/live", "/healthz/ready"):
        response = newsroom.get(path)
        assert (response.status_code, response.json) == (200, {"status": "ok"})
        assert response.headers["Cache-Control"] == "no-store"
    newsroom.config.database.unlink()
    assert newsroom.get("/healthz/live").status_code == 200
    assert newsroom.get("/healthz/ready").status_code == 503
