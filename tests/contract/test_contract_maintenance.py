"""Maintenance: locks, runs, the clock, backups, checks."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest

from aggregator.errors import ClockError, StoreBusy, WriteError
from aggregator.ingest.clock import monotonic_now
from aggregator.model import (
    ALL,
    Backoff,
    EntryCounts,
    FetchState,
    Incident,
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


def test_saved_stories_are_visible_to_other_processes(
    store: Store, open_again: Callable[[], Store]
) -> None:
    """Another process sees a story at once, and after the first has closed the database."""
    publish(store, "A")
    assert titles(open_again().lists.latest(ALL, 9)) == ["A"]

    store.close()

    assert titles(open_again().lists.latest(ALL, 9)) == ["A"]


# ---- locks


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_is_held_by_one_process_at_a_time(
    store: Store, open_again: Callable[[], Store], name: LockName
) -> None:
    """A second process fails at once while the first holds the lock."""
    with (
        open_again().maintenance.lock(name),
        pytest.raises(StoreBusy, match=r"[Aa]nother .* wait"),
        store.maintenance.lock(name),
    ):
        pass

    with store.maintenance.lock(name):
        assert store.lists.counts() == {}


def test_locks_are_independent(store: Store, open_again: Callable[[], Store]) -> None:
    """Learning does not block ingest, and no lock blocks writing."""
    other = open_again()
    with other.maintenance.lock("learn"), store.maintenance.lock("ingest"):
        publish(store, "A")
        publish(other, "B")

    assert store.lists.counts()[ALL] == 2


# ---- runs and the clock


def test_runs_are_recorded(store: Store) -> None:
    """A run with failures is recorded and passes the check."""
    failed = SourceReport(source="harbor", outcome=Outcome.FAILED, error="On fire.")
    for minutes in range(3):
        store.maintenance.record_run(
            RunReport(started=NOW + minutes * HOUR / 60, sources=(failed,))
        )

    assert store.maintenance.check(NOW) == []


def test_last_fetch_is_the_latest_of_any_source(store: Store) -> None:
    """An empty store has no last fetch, and waiting is not fetching."""
    assert store.maintenance.last_fetch() is None
    save(store, now=NOW)
    save(store, source="plains", now=NOW + HOUR)
    save(store, outcome=Outcome.WAITING, now=NOW + 2 * HOUR)  # not a fetch

    assert store.maintenance.last_fetch() == NOW + HOUR


def test_a_clock_set_back_a_little_stands_still(store: Store) -> None:
    """Time stands still until the clock has caught up."""
    save(store, now=NOW + HOUR / 2)

    assert monotonic_now(store, NOW) == NOW + HOUR / 2
    assert monotonic_now(store, NOW + HOUR) == NOW + HOUR


def test_a_clock_hours_ahead_is_corrected(store: Store) -> None:
    """What was stamped within a day is corrected without asking."""
    save(store, now=NOW + 20 * HOUR)

    assert monotonic_now(store, NOW) == NOW
    assert store.maintenance.last_fetch() == NOW


def test_a_clock_one_day_ahead_is_corrected_and_not_more(store: Store) -> None:
    """The limit is 24 hours."""
    save(store, now=NOW + 24 * HOUR)
    assert monotonic_now(store, NOW) == NOW
    save(store, now=NOW + 25 * HOUR)

    with pytest.raises(ClockError):
        monotonic_now(store, NOW)


def test_a_jump_of_the_clock_over_a_day_stops(store: Store) -> None:
    """Nobody but the operator knows which time is wrong: nothing changes until then."""
    save(store, now=NOW + YEARS)

    with pytest.raises(ClockError, match="the last fetch was at 2030"):
        monotonic_now(store, NOW)

    assert store.maintenance.last_fetch() == NOW + YEARS
    assert [issue.check for issue in store.maintenance.check(NOW)] == ["clock"]


def test_a_clock_years_ahead_is_corrected(store: Store) -> None:
    """Sources are due again, and new stories come first."""
    future = NOW + YEARS
    late = change_of(entry("From the future", "harbor", published=future), listed_at=future)
    state = FetchState(next_fetch=future + HOUR, last_full_fetch=future, failing_since=future)
    backoff = Backoff(domain="harbor.example", until=future)
    save(store, late, now=future, state=state, backoff=backoff)

    store.maintenance.repair(NOW + HOUR)

    assert monotonic_now(store, NOW + HOUR) == NOW + HOUR
    assert [s.id for s in store.sources.due([source("harbor")], NOW + HOUR)] == ["harbor"]
    assert store.sources.backoffs(NOW + HOUR) == {}
    assert store.maintenance.check(NOW + HOUR) == []
    later = NOW + 2 * HOUR
    fresh = change_of(entry("Fresh", "plains", published=later), listed_at=later)
    save(store, fresh, source="plains", now=later)
    assert titles(store.lists.latest(ALL, 1)) == ["Fresh"]


def test_correct_times_are_kept(store: Store) -> None:
    """Only times in the future are corrected."""
    stored = publish(store, "A")
    state = FetchState(last_success=NOW - HOUR, next_fetch=NOW + HOUR)
    save(store, state=state)

    store.maintenance.correct_future_times(NOW)

    assert store.stories.get(stored.id) == stored
    assert store.sources.fetch_state("harbor") == state


def test_the_dates_of_outlets_survive_a_clock_that_is_behind(store: Store) -> None:
    """A repair by a clock that is years behind moves our own times only, and is undone."""
    stored = publish(store, "A")
    undated = entry("Undated", "harbor", published=NOW, is_dated=False)
    save(store, change_of(undated, listed_at=NOW), now=NOW)
    state = FetchState(last_success=NOW, next_fetch=NOW + HOUR)
    backoff = Backoff(domain="harbor.example", until=NOW + HOUR)
    save(store, now=NOW, state=state, backoff=backoff)
    before = store.lists.latest(ALL, 9)
    past = NOW - YEARS

    store.maintenance.repair(past)

    dates = {story.lead.title: story.published for story in store.lists.latest(ALL, 9)}
    assert dates == {"A": stored.published, "Undated": past}
    assert store.maintenance.last_fetch() == past
    assert store.maintenance.check(past) == []
    assert store.sources.backoffs(past) == {}
    assert store.maintenance.undo_correction(NOW) > 4
    assert store.lists.latest(ALL, 9) == before
    assert store.sources.fetch_state("harbor").next_fetch == NOW + HOUR
    assert store.sources.backoffs(NOW) == {"harbor.example": backoff}
    assert store.maintenance.undo_correction(NOW) == 0


def test_an_undone_correction_keeps_what_came_since(store: Store) -> None:
    """What a later fetch has stamped stays."""
    save(store, now=NOW + YEARS)
    store.maintenance.correct_future_times(NOW)
    save(store, now=NOW + HOUR)

    store.maintenance.undo_correction(NOW + HOUR)

    assert store.maintenance.last_fetch() == NOW + HOUR


def test_an_incident_keeps_its_beginning(store: Store) -> None:
    """It has the newest sentence and the time since when, and is gone once it is cleared."""
    store.maintenance.record_incident("clock", "It is Monday.", NOW)
    store.maintenance.record_incident("clock", "It is Tuesday.", NOW + HOUR)

    (incident,) = store.maintenance.incidents()
    store.maintenance.clear_incident("clock")

    assert incident == Incident(kind="clock", sentence="It is Tuesday.", since=NOW)
    assert store.maintenance.incidents() == []


def test_a_run_that_was_stopped_is_an_issue(store: Store) -> None:
    """A repair says that the clock is right; it says nothing of what the outlets' servers say."""
    store.maintenance.record_incident("clock", "The clock says 1970.", NOW + HOUR)
    store.maintenance.record_incident("clock_disputed", "The clock says 2099.", NOW)

    first, second = store.maintenance.check(NOW)
    store.maintenance.repair(NOW)

    assert first.description == "the clock stopped the last run: The clock says 1970."
    assert (first.check, first.can_repair, second.can_repair) == ("clock", True, False)
    assert store.maintenance.check(NOW) == [second]


# ---- checks and backups


def test_a_healthy_database_has_no_issues(store: Store) -> None:
    """Repairing a healthy database changes nothing but revisions."""
    for title, outlet in (("One", "harbor"), ("Two", "harbor"), ("Three", "plains")):
        publish(store, title, "labor", source=outlet, fingerprints=(1, 2, 3))
    before = store.lists.latest(ALL, 9)
    revision = store.lists.revision(ALL).number
    assert store.maintenance.check(NOW) == []

    store.maintenance.repair(NOW)

    assert store.lists.latest(ALL, 9) == before
    assert store.lists.revision(ALL).number == revision + 1
    assert store.maintenance.check(NOW) == []


def test_unbalanced_counts_are_found_and_repaired(store: Store) -> None:
    """Counts that do not add up are an issue that can be repaired."""
    save(store, counts=EntryCounts(received=9, known=2))
    (issue,) = store.maintenance.check(NOW)
    assert (issue.check, issue.can_repair) == ("counts", True)

    store.maintenance.repair(NOW)

    assert store.maintenance.check(NOW) == []


def test_times_in_the_future_are_found_and_repaired(store: Store) -> None:
    """A time slightly ahead is not an issue."""
    publish(store, "A", minute=30)
    assert store.maintenance.check(NOW) == []
    publish(store, "B", minute=3 * 60)
    assert {(issue.check, issue.can_repair) for issue in store.maintenance.check(NOW)} == {
        ("clock", True)
    }

    store.maintenance.repair(NOW)

    assert store.maintenance.check(NOW) == []


def test_a_backup_replaces_the_previous_one(store: Store, tmp_path: Path) -> None:
    """A backup is a single file; the database stays usable."""
    file = tmp_path / "copy.backup"
    store.maintenance.backup(file)
    first = file.read_bytes()
    publish(store, "A")
    store.maintenance.backup(file)

    assert first
    assert file.read_bytes() != first
    assert store.lists.counts()[ALL] == 1


def test_a_backup_overwrites_no_other_file(store: Store, tmp_path: Path) -> None:
    """A missing folder, or a file that is not a backup, is an error."""
    other = tmp_path / "feeds.toml"
    other.write_text("[site]")

    with pytest.raises(WriteError, match="cannot be written"):
        store.maintenance.backup(tmp_path / "no" / "copy.backup")
    with pytest.raises(WriteError, match="is not a backup"):
        store.maintenance.backup(other)

    assert other.read_text() == "[site]"


def test_bugs_are_counted_by_task(store: Store) -> None:
    """The last bug of each task is kept, and counted from its time on."""
    store.maintenance.record_bug("run", "KeyError('x')", NOW)
    store.maintenance.record_bug("run", "KeyError('y')", NOW + timedelta(hours=2))
    store.maintenance.record_bug("verify", "KeyError('z')", NOW)

    assert store.maintenance.count_bugs(NOW) == 2
    assert store.maintenance.count_bugs(NOW + timedelta(hours=1)) == 1
    assert store.maintenance.count_bugs(NOW + timedelta(hours=3)) == 0
