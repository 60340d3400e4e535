"""Maintenance: locks, runs, the clock, backups, checks."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest

from aggregator.errors import StoreBusy, WriteError
from aggregator.ingest.runs import monotonic_now
from aggregator.model import (
    ALL,
    Backoff,
    EntryCounts,
    FetchState,
    Outcome,
    RunReport,
    SourceReport,
)
from aggregator.store.base import LockName, Store
from tests.harness.builders import NOW, entry, source
from tests.harness.saving import change_of, publish, save, titles

HOUR = timedelta(hours=1)
YEARS = timedelta(days=4 * 365)
LOCKS: tuple[LockName, ...] = get_args(LockName)


def test_what_is_saved_is_there_for_others(store: Store, open_again: Callable[[], Store]) -> None:
    """Beside the one that saved it, and after that one is closed."""
    publish(store, "A")
    assert titles(open_again().lists.latest(ALL, 9)) == ["A"]

    store.close()

    assert titles(open_again().lists.latest(ALL, 9)) == ["A"]


# ---- locks


@pytest.mark.parametrize("name", LOCKS)
def test_one_at_a_time(store: Store, open_again: Callable[[], Store], name: LockName) -> None:
    """A second process learns at once that another is at work, until that one ends."""
    with (
        open_again().maintenance.lock(name),
        pytest.raises(StoreBusy, match=r"[Aa]nother .* wait"),
        store.maintenance.lock(name),
    ):
        pass

    with store.maintenance.lock(name):
        assert store.lists.counts() == {}


def test_locks_are_independent(store: Store, open_again: Callable[[], Store]) -> None:
    """Whoever learns does not keep others from fetching; nor does anybody wait to write."""
    other = open_again()
    with other.maintenance.lock("learn"), store.maintenance.lock("ingest"):
        publish(store, "A")
        publish(other, "B")

    assert store.lists.counts()[ALL] == 2


# ---- runs and the clock


def test_runs_are_recorded(store: Store) -> None:
    """With what failed in them; nothing else changes."""
    failed = SourceReport(source="harbor", outcome=Outcome.FAILED, error="On fire.")
    for minutes in range(3):
        store.maintenance.record_run(
            RunReport(started=NOW + minutes * HOUR / 60, sources=(failed,))
        )

    assert store.maintenance.check(NOW) == []


def test_the_last_fetch(store: Store) -> None:
    """Of whatever source; none before the first."""
    assert store.maintenance.last_fetch() is None
    save(store, now=NOW)
    save(store, source="plains", now=NOW + HOUR)
    save(store, outcome=Outcome.WAITING, now=NOW + 2 * HOUR)  # that was none

    assert store.maintenance.last_fetch() == NOW + HOUR


def test_a_clock_that_goes_back_a_little(store: Store) -> None:
    """Time stands still until it has caught up."""
    save(store, now=NOW + HOUR / 2)

    assert monotonic_now(store, NOW) == NOW + HOUR / 2
    assert monotonic_now(store, NOW + HOUR) == NOW + HOUR


def test_a_clock_that_was_wrong_for_years(store: Store) -> None:
    """What it stamped is corrected: sources are due, and new stories come first."""
    future = NOW + YEARS
    late = change_of(entry("From the future", "harbor", published=future), listed_at=future)
    state = FetchState(next_fetch=future + HOUR, last_full_fetch=future, failing_since=future)
    backoff = Backoff(domain="harbor.example", until=future)
    save(store, late, now=future, state=state, backoff=backoff)

    assert monotonic_now(store, NOW + HOUR) == NOW + HOUR

    assert [s.id for s in store.sources.due([source("harbor")], NOW + HOUR)] == ["harbor"]
    assert store.sources.backoffs(NOW + HOUR) == {}
    assert store.maintenance.check(NOW + HOUR) == []
    later = NOW + 2 * HOUR
    fresh = change_of(entry("Fresh", "plains", published=later), listed_at=later)
    save(store, fresh, source="plains", now=later)
    assert titles(store.lists.latest(ALL, 1)) == ["Fresh"]


def test_times_that_are_right_stay(store: Store) -> None:
    """Only what is in the future is corrected."""
    stored = publish(store, "A")
    state = FetchState(last_success=NOW - HOUR, next_fetch=NOW + HOUR)
    save(store, state=state)

    store.maintenance.correct_future_times(NOW)

    assert store.stories.get(stored.id) == stored
    assert store.sources.fetch_state("harbor") == state


# ---- checks and backups


def test_a_healthy_database(store: Store) -> None:
    """Nothing is found, and repairing changes nothing but the revisions."""
    for title, outlet in (("One", "harbor"), ("Two", "harbor"), ("Three", "plains")):
        publish(store, title, "labor", source=outlet, fingerprints=(1, 2, 3))
    before = store.lists.latest(ALL, 9)
    revision = store.lists.revision(ALL).number
    assert store.maintenance.check(NOW) == []

    store.maintenance.repair(NOW)

    assert store.lists.latest(ALL, 9) == before
    assert store.lists.revision(ALL).number == revision + 1
    assert store.maintenance.check(NOW) == []


def test_counts_that_do_not_balance(store: Store) -> None:
    """They are found, and put right."""
    save(store, counts=EntryCounts(received=9, known=2))
    (issue,) = store.maintenance.check(NOW)
    assert (issue.check, issue.can_repair) == ("counts", True)

    store.maintenance.repair(NOW)

    assert store.maintenance.check(NOW) == []


def test_a_time_in_the_future(store: Store) -> None:
    """It is found, unless the clock may just have been set; and put right."""
    publish(store, "A", minute=30)
    assert store.maintenance.check(NOW) == []
    publish(store, "B", minute=3 * 60)
    assert {(issue.check, issue.can_repair) for issue in store.maintenance.check(NOW)} == {
        ("clock", True)
    }

    store.maintenance.repair(NOW)

    assert store.maintenance.check(NOW) == []


def test_a_backup(store: Store, tmp_path: Path) -> None:
    """It is a file, which takes the place of yesterday's; the database goes on."""
    file = tmp_path / "copy.backup"
    store.maintenance.backup(file)
    first = file.read_bytes()
    publish(store, "A")
    store.maintenance.backup(file)

    assert first
    assert file.read_bytes() != first
    assert store.lists.counts()[ALL] == 1


def test_backups_that_cannot_be_written(store: Store, tmp_path: Path) -> None:
    """Into nowhere, or onto a file that is none: a sentence, and nothing is touched."""
    other = tmp_path / "feeds.toml"
    other.write_text("[site]")

    with pytest.raises(WriteError, match="cannot be written"):
        store.maintenance.backup(tmp_path / "no" / "copy.backup")
    with pytest.raises(WriteError, match="is not a backup"):
        store.maintenance.backup(other)

    assert other.read_text() == "[site]"
