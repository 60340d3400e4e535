"""When a digest falls due: at the subscriber's own hour, also across changes of the clock."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from aggregator.model import DigestPreferences

__all__ = ["latest_due", "local_day", "next_due"]

DAYS_AHEAD = 16
"""A weekly digest falls due within so many days, also where a calendar has left out a day."""
HOURS_SKIPPED = 3
"""No change of the clock has left out more hours of a day, except a whole day."""


def next_due(preferences: DigestPreferences, after: datetime) -> datetime:
    """The first time after another one at which a digest falls due, in UTC.

    An hour that does not exist, because the clock goes forward, becomes the next full hour; one
    that exists twice is the first of them. A day that does not exist has no digest.
    """
    zone = ZoneInfo(preferences.timezone)
    yesterday = after.astimezone(zone).date() - timedelta(days=1)
    for days in range(DAYS_AHEAD):
        day = yesterday + timedelta(days=days)
        if preferences.frequency == "weekly" and day.weekday() != preferences.weekday:
            continue
        due = _hour_of_day(day, preferences.hour, zone)
        if due is not None and due > after:
            return due
    raise AssertionError(f"no digest within {DAYS_AHEAD} days of {after}")


def latest_due(preferences: DigestPreferences, since: datetime, now: datetime) -> datetime:
    """The last time, from one at which a digest fell due until now, at which one did."""
    latest = since
    while (due := next_due(preferences, latest)) <= now:
        latest = due
    return latest


def local_day(moment: datetime, timezone: str) -> date:
    """The day that a moment is on in a time zone."""
    return moment.astimezone(ZoneInfo(timezone)).date()


def _hour_of_day(day: date, hour: int, zone: ZoneInfo) -> datetime | None:
    """The moment at which an hour of a day begins, or the next one that exists."""
    wall = datetime.combine(day, time(hour))
    for _ in range(HOURS_SKIPPED + 1):
        moment = wall.replace(tzinfo=zone).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None) == wall:
            return moment
        wall += timedelta(hours=1)
    return None
