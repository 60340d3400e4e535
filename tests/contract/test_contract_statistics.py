"""Figures for operators: fetches, runs, entries and stories by day."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator.model import (
    ALL,
    Batch,
    EntryCounts,
    FailureKind,
    FetchRecord,
    FetchState,
    Outcome,
    Pulse,
    RunReport,
    SourceReport,
    topic_scope,
)
from aggregator.overview.pulse import update_pulses
from aggregator.store.base import Store
from tests.harness.builders import NOW, entry
from tests.harness.saving import change_of, publish, save, save_story

DAY = timedelta(days=1)


def _fetch(store: Store, number: int, **fields: object) -> None:
    record = FetchRecord(
        fetched_at=NOW + number * timedelta(minutes=1),
        outcome=Outcome.UNCHANGED,
        **fields,  # type: ignore[arg-type]  # each test gives what it is about
    )
    batch = Batch(source="harbor", state=FetchState(), outcome=Outcome.UNCHANGED, fetch=record)
    store.entries.save(batch, NOW)


def test_the_last_fetches_of_a_source_are_kept(store: Store) -> None:
    """Fifty of them, newest first, each with what came of it."""
    for number in range(60):
        _fetch(store, number)
    counts = EntryCounts(received=3, new=1, updated=1, known=1)
    _fetch(
        store, 99, status=503, seconds=1.25, failure_kind=FailureKind.HTTP_STATUS,
        message="It is down.", counts=counts,
    )  # fmt: skip

    newest, *others = store.statistics.fetches("harbor", 100)
    assert len(others) == 49
    assert newest.fetched_at == NOW + 99 * timedelta(minutes=1)
    assert (newest.status, newest.seconds, newest.message) == (503, 1.25, "It is down.")
    assert newest.failure_kind is FailureKind.HTTP_STATUS
    assert newest.counts == counts
    assert len(store.statistics.fetches("harbor", 5)) == 5
    assert store.statistics.fetches("plains", 5) == []


def test_runs_are_kept(store: Store) -> None:
    """With their duration, their counts, and what failed."""
    good = SourceReport(source="harbor", counts=EntryCounts(received=2, new=2))
    bad = SourceReport(source="plains", outcome=Outcome.FAILED, error="It is down.")
    store.maintenance.record_run(RunReport(started=NOW, sources=(good, bad), seconds=2.5))

    (run,) = store.statistics.runs(9)
    assert (run.started_at, run.seconds, run.sources) == (NOW, 2.5, 2)
    assert run.counts == good.counts
    assert run.failed == {"plains": "It is down."}


def test_new_entries_are_counted_by_day(store: Store) -> None:
    """By the day of their publication; those of the future count as of today."""
    for number, published in enumerate((NOW - DAY, NOW, NOW + DAY, NOW - 90 * DAY)):
        save_story(store, entry(f"E{number}", "harbor", published=published))

    since, expected = NOW.date() - 30 * DAY, {NOW.date() - DAY: 1, NOW.date(): 2}
    assert store.statistics.new_entries_by_source(since) == {"harbor": expected}
    assert store.statistics.new_entries(since) == expected


def test_stories_are_counted_by_day_and_list(store: Store) -> None:
    """By the day on which they were listed."""
    publish(store, "S0", "labor")
    publish(store, "S1", minute=1)

    labor = topic_scope("labor")
    found = store.statistics.stories([ALL, labor], NOW - 30 * DAY)
    assert sum(found[ALL].values()) == 2
    assert sum(found[labor].values()) == 1
    assert store.statistics.stories([ALL], NOW + 30 * DAY) == {ALL: {}}


def test_counts_of_all_sources_add_up(store: Store) -> None:
    """Of every fetch there ever was."""
    before = store.statistics.entry_counts()
    publish(store, "S0")
    publish(store, "S1", minute=1)

    assert store.statistics.entry_counts() == before + EntryCounts(received=2, new=2)


def test_the_pulse_of_a_day(store: Store) -> None:
    """Stories, how many are in several outlets, how many have no topic, and how late they are."""
    early = entry("Early", "harbor", published=NOW - timedelta(minutes=10))
    late = entry("Late", "harbor", published=NOW - timedelta(hours=1))
    twice = change_of(early, "labor", listed_at=NOW)
    copy = entry("Early", "plains", published=NOW)
    twice = replace(twice, story=replace(twice.story, duplicates=(copy,)))
    save(store, twice, change_of(late, listed_at=NOW))

    pulse = store.statistics.pulse(NOW - DAY, NOW + DAY)
    assert (pulse.stories, pulse.shared, pulse.without_topic) == (2, 1, 1)
    assert pulse.median_delay == pytest.approx(3600, abs=1)
    assert store.statistics.pulse(NOW + DAY, NOW + 2 * DAY).median_delay is None


def test_the_pulse_of_each_day_is_kept(store: Store) -> None:
    """What is counted later replaces it."""
    today = NOW.date()
    first = Pulse(stories=3, shared=1, without_topic=0, median_delay=None)
    second = replace(first, stories=4, median_delay=90.5)
    store.statistics.save_pulse(today, first)
    store.statistics.save_pulse(today - DAY, first)
    store.statistics.save_pulse(today, second)

    assert store.statistics.pulses(today) == {today: second}
    assert store.statistics.pulses(today - DAY) == {today - DAY: first, today: second}


def test_the_figures_of_days_are_updated(store: Store) -> None:
    """Once an hour: of the newest days, and of those without any, but not of older ones."""
    old, today = NOW.date() - 10 * DAY, NOW.date()
    update_pulses(store, NOW)
    assert len(store.statistics.pulses(NOW.date() - 99 * DAY)) == 28
    save(store, change_of(entry("New", "harbor", published=NOW), listed_at=NOW))
    save(
        store, change_of(entry("Old", "harbor", published=NOW - 10 * DAY), listed_at=NOW - 10 * DAY)
    )

    update_pulses(store, NOW + timedelta(minutes=59))
    assert store.statistics.pulses(old)[today].stories == 0
    update_pulses(store, NOW + timedelta(minutes=60))
    assert store.statistics.pulses(old)[today].stories == 1
    assert store.statistics.pulses(old)[old].stories == 0
    update_pulses(store, NOW - timedelta(days=1))  # the clock has gone back
    assert store.alerts.last_done("pulses") == NOW - timedelta(days=1)
