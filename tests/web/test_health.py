"""/healthz counts failures by their kind, and a bug of ours is one of them."""

import sqlite3
from contextlib import closing

from aggregator.model import FailureKind
from tests.harness.newsroom import Newsroom, article


def test_kinds_are_counted(newsroom: Newsroom) -> None:
    """So that a monitor sees whether it is one outlet or our own network."""
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


def test_a_source_that_recovers_is_counted_no_more(newsroom: Newsroom) -> None:
    """The counts are of what fails now."""
    newsroom.lists("harbor")
    newsroom.answers("harbor", b"", status=500)
    newsroom.ingests()
    newsroom.publishes("harbor", article("Rain"))

    newsroom.ingests("harbor")

    assert newsroom.get("/healthz").get_json()["failures"] == {}


def test_a_bug_in_sql_is_a_bug(newsroom: Newsroom) -> None:
    """It is neither retried as if the disk were full nor hidden: the source fails, the report says
    so, and health counts it."""
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
