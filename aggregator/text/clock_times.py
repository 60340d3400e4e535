"""Find the time of day and the time zone in a date as outlets write it."""

import re
from typing import NamedTuple

from aggregator.text.time_zones import is_zone_name, offset_minutes

__all__ = ["ClockTime", "clock_time", "zone_of"]

MAX_ZONE_CHARS = 60
"""Characters after a time in which its zone is searched for."""
_TIME = re.compile(
    r"(?<![\d.:,/-])(\d{1,2})\s?"
    r"(?:[:.](\d{2})(?:[:.](\d{1,2})(?:[.,:]\d{1,9})?)?|(?:h|[時时点點]|시)\s?(?:(\d{2})[分분]?)?)"
    r"(?!\d)",
    re.IGNORECASE,
)
_HALF = re.compile(r"\s?([ap])\.?\s?m\b", re.IGNORECASE)
_AFTERNOON = re.compile(r"오후|下午|午後|午后|晚上|μ\.?\s?μ|(?<!\w)م(?!\w)")
_OFFSET = re.compile(r"(?:gmt|utc)?\s?[+-]\s?\d{1,2}:?(?:\d{2})?(?!\d)", re.IGNORECASE)
_ZONE_NAME = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z_]+(?:/[A-Za-z_]+)?|[A-Z]{3}\d[A-Z]{3}")
_WORD = re.compile(r"[^\W\d_]{1,5}(?![^\W\d_])")


class ClockTime(NamedTuple):
    """A time of day; `zone` as it is written, empty if there is none."""

    hour: int = 0
    minute: int = 0
    second: int = 0
    zone: str = ""


def clock_time(text: str) -> ClockTime:
    """The time in a date of which the day has been taken out; midnight in UTC if there is none."""
    found = _TIME.search(text)
    if not found:
        return ClockTime()
    rest = text[found.end() :]
    half = _HALF.match(rest)
    hour = 0 if half and found[1] == "12" else int(found[1])
    is_afternoon = half[1].lower() == "p" if half else bool(_AFTERNOON.search(text))
    hour += 12 * (is_afternoon and hour < 12)
    minute, second = int(found[2] or found[4] or 0), int(found[3] or 0)
    return ClockTime(hour, minute, second, _zone_in(rest[half.end() if half else 0 :]))


def zone_of(text: str) -> str:
    """The time zone after the time in a date, as it is written; empty if there is none."""
    found = _TIME.search(text)
    return _zone_in(text[found.end() :]) if found else ""


def _zone_in(text: str) -> str:
    """An offset, the name of a zone, or an abbreviation, in this order."""
    text = text[:MAX_ZONE_CHARS]
    for each in _OFFSET.findall(text):
        if offset_minutes(each) is not None:
            return str(each)
    if (named := _ZONE_NAME.search(text)) and is_zone_name(named[0]):
        return named[0]
    words: list[str] = [word for word in _WORD.findall(text) if word.lower() not in ("am", "pm")]
    known = (word for word in words if offset_minutes(word) is not None)
    unknown = (word for word in words if word.isupper() and word.isascii() and len(word) > 1)
    return next(known, next(unknown, ""))
