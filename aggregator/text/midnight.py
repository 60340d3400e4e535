"""Days as a site counts them."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

__all__ = ["midnight"]


def midnight(day: date, timezone: str) -> datetime:
    """The moment at which a day begins in a time zone (an IANA name), in UTC."""
    local = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(timezone))
    return local.astimezone(UTC)
