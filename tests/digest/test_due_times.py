"""When a digest falls due: at the subscriber's hour, through every change of the clock."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.digest.due_times import latest_due, local_day, next_due
from aggregator.model import DigestPreferences


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("timezone", "hour", "after", "expected"),
    [
        ("UTC", 7, "2026-11-30 06:59", "2026-11-30 07:00"),
        ("UTC", 7, "2026-11-30 07:00", "2026-12-01 07:00"),
        ("Asia/Tokyo", 7, "2026-11-30 00:00", "2026-11-30 22:00"),
        ("Pacific/Auckland", 0, "2026-06-30 13:00", "2026-07-01 12:00"),
        # the clock goes forward: the hour does not exist, so it is the next full one
        ("Europe/Berlin", 2, "2026-03-28 12:00", "2026-03-29 01:00"),  # 03:00 in summer time
        ("Europe/Berlin", 3, "2026-03-28 12:00", "2026-03-29 01:00"),
        ("America/New_York", 2, "2026-03-07 12:00", "2026-03-08 07:00"),
        ("Australia/Lord_Howe", 2, "2026-10-03 12:00", "2026-10-03 16:00"),  # by half an hour
        ("Africa/Cairo", 0, "2026-04-23 12:00", "2026-04-23 22:00"),  # midnight does not exist
        # the clock goes back: the hour exists twice, so it is the first
        ("Europe/Berlin", 2, "2026-10-24 12:00", "2026-10-25 00:00"),
        ("America/New_York", 1, "2026-10-31 12:00", "2026-11-01 05:00"),
        # after the first of the two, the next one is that of the next day
        ("Europe/Berlin", 2, "2026-10-25 00:00", "2026-10-26 01:00"),
        ("Europe/Berlin", 2, "2026-10-25 00:30", "2026-10-26 01:00"),
        # a day that Samoa left out has no digest
        ("Pacific/Apia", 7, "2011-12-29 18:00", "2011-12-30 17:00"),
    ],
)
def test_the_next_time(timezone: str, hour: int, after: str, expected: str) -> None:
    """At the hour that the clock on the wall shows."""
    preferences = DigestPreferences(hour=hour, timezone=timezone)
    assert next_due(preferences, _utc(after)) == _utc(expected)


def test_a_weekly_digest_has_a_day() -> None:
    """In the subscriber's time zone, where it may be another day than in UTC."""
    weekly = DigestPreferences(frequency="weekly", weekday=0, hour=6, timezone="Asia/Tokyo")
    monday = next_due(weekly, _utc("2026-11-25 00:00"))
    assert monday == _utc("2026-11-29 21:00")
    assert local_day(monday, "Asia/Tokyo") == date(2026, 11, 30)
    assert next_due(weekly, monday) - monday == timedelta(days=7)


def test_the_latest_of_several_that_were_missed() -> None:
    """After three days without the program, the morning of today counts."""
    daily = DigestPreferences(hour=7)
    since = _utc("2026-11-27 07:00")
    assert latest_due(daily, since, _utc("2026-11-30 09:00")) == _utc("2026-11-30 07:00")
    assert latest_due(daily, since, _utc("2026-11-27 09:00")) == since


START = datetime(2000, 1, 1, tzinfo=UTC)
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Sydney",
         "America/Santiago", "Australia/Lord_Howe", "Africa/Casablanca",
         "Asia/Tehran", "Pacific/Chatham")  # fmt: skip


@given(
    timezone=st.sampled_from(ZONES),
    hour=st.integers(0, 23),
    weekday=st.none() | st.integers(0, 6),
    start=st.integers(0, 35 * 365 * 24).map(lambda hours: START + timedelta(hours=hours)),
)
def test_every_day_has_one(timezone: str, hour: int, weekday: int | None, start: datetime) -> None:
    """For a year from any day: one on each day, or on each weekday that was chosen, at that hour
    unless the clock skips it, never two."""
    preferences = DigestPreferences(
        hour=hour,
        timezone=timezone,
        frequency="daily" if weekday is None else "weekly",
        weekday=weekday or 0,
    )
    due = start
    first = due.astimezone(ZoneInfo(timezone)).date()
    days: Counter[date] = Counter()
    for _ in range(380 if weekday is None else 54):
        later = next_due(preferences, due)
        assert later > due
        due = later
        local = due.astimezone(ZoneInfo(timezone))
        assert local.minute == 0
        assert local.hour in (hour, (hour + 1) % 24)
        days[local.date()] += 1
    assert max(days.values()) == 1
    found = sorted(days)
    step = timedelta(days=1 if weekday is None else 7)
    assert all(b - a == step for a, b in pairwise(found))
    assert found[0] - first <= step
