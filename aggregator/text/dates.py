"""Parse the dates of feeds and HTTP to aware datetimes in UTC."""

import re
import warnings
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from dateutil import parser as dateutil_parser

__all__ = ["parse_any_date", "parse_http_date", "parse_iso_date"]

MAX_DATE_CHARS = 100


def parse_iso_date(text: str) -> datetime | None:
    """Parse a date in ISO 8601, as in JSON Feed (RFC 3339); UTC if it has no time zone."""
    try:
        return _utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):  # years 1 and 9999 can overflow in another zone
        return None


def parse_http_date(text: str) -> datetime | None:
    """Parse a date in an HTTP header (RFC 9110, section 5.6.7)."""
    try:
        return _utc(parsedate_to_datetime(text))
    except (ValueError, TypeError, OverflowError):
        return None


def parse_any_date(text: str) -> datetime | None:
    """Parse a date in any common format; it must have a four-digit year."""
    if len(text) > MAX_DATE_CHARS or not re.search(r"\d{4}", text):
        return None
    try:
        with warnings.catch_warnings():  # an unknown time zone is read as UTC
            warnings.simplefilter("ignore")
            return _utc(dateutil_parser.parse(text))
    except (ValueError, OverflowError):
        return None


def _utc(date: datetime) -> datetime:
    return date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)
