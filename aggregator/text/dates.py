"""Parse the dates of feeds and HTTP to aware datetimes in UTC.

RFC 822 and ISO 8601, as the formats demand | what outlets write instead: names of months in
their language, the day or the month first, time zones by abbreviation, seconds since 1970
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from dateutil import parser as dateutil_parser

from aggregator.text.clock_times import clock_time, zone_of
from aggregator.text.month_names import MONTHS_OF_TWO_WORDS, month_of
from aggregator.text.time_zones import (
    MAX_OFFSET_MINUTES,
    is_ambiguous_zone,
    offset_minutes,
    to_utc,
)

__all__ = [
    "DateHints", "date_in_url", "numeric_dates", "parse_any_date", "parse_http_date",
    "parse_iso_date", "parse_standard_date",
]  # fmt: skip

MAX_DATE_CHARS = 100
_ZONE = r"(?:z|(?:gmt|utc)?\s?[+-]\s?\d{1,2}:?(?:\d{2})?|[a-z]{1,5})"
_TIME = r"(\d{1,2}):(\d{2})(?::(\d{1,2})(?:[.,:]\d{1,9})?)?"
_ISO = re.compile(
    rf"(\d{{4}})(?:-?(\d\d)(?:-?(\d\d))?)?(?:[t ]\s*{_TIME}\s*({_ZONE})?"
    r"|(?<=-\d\d-\d\d)(z|[+-]\d\d:\d\d))?",
    re.IGNORECASE,
)
_RFC822 = re.compile(
    rf"(?:[a-z]{{3,9}}\.?,?\s+)?(\d{{1,2}})[\s-]+([a-z]{{3,9}})\.?,?[\s-]+(\d{{4}}|\d{{2}})"
    rf"(?:,?\s+{_TIME})?(?:\s*({_ZONE})(?:\s*\([^()]{{0,40}}\))?)?",
    re.IGNORECASE,
)
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_COMMON_RFC822 = re.compile(
    rf"[A-Z][a-z]{{2}}, (\d\d?) ({'|'.join(_MONTHS).title()}) ((?:19|20)\d\d) (\d\d):(\d\d):(\d\d)"
    r" (?:GMT|UTC|Z|([+-])(\d\d)(\d\d))",
    re.ASCII,
)
_COMMON_ISO = re.compile(
    r"(?:19|20)\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)", re.ASCII
)
"""What nearly all feeds have; the general patterns say the same and take five times as long."""
_SECONDS = re.compile(r"(\d{10})(?:\d{3})?(?:\.\d{1,6})?")
_YEAR_FIRST = re.compile(
    r"(?<!\d)(\d{4})\s*(?:[年년./-])\s*(\d{1,2})\s*(?:[月월./-])\s*(\d{1,2})(?!\d)"
)
_NUMERIC = re.compile(r"(?<![\d.:/-])(\d{1,2})([./-])\s?(\d{1,2})\2\s?(\d{4})(?![\d/])")
_SHORT_NUMERIC = re.compile(r"(?<![\d.:/-])(\d{1,2})([./-])\s?(\d{1,2})\2\s?(\d{2})(?![\d/])")
_VIETNAMESE = re.compile(r"(\d{1,2})\s+(?:thg|tháng)\s+(\d{1,2}),?\s+(?:năm\s+)?(\d{4})")
_WORD = re.compile(r"[^\W\d_][\w.'’\u0300-\u036f\u0900-\u0e7f]*|\d+")
_SMALL_WORDS = frozenset(
    ("de", "del", "di", "of", "the", "a", "st", "nd", "rd", "th", "er", "ro", "d", "º", "ª")
)
_URL_DATE = re.compile(
    r"/((?:19|20)\d\d)[/-](0?[1-9]|1[0-2])(?:[/-](0?[1-9]|[12]\d|3[01]))?(?=[/-])"
)
_BUDDHIST_YEARS = 543


@dataclass(frozen=True, slots=True, kw_only=True)
class DateHints:
    """What is known of an outlet, to read dates that have several meanings.

    `language` is a language tag, `country` has two letters in lower case; `is_day_first` is None
    if that is not known.
    """

    language: str = ""
    country: str = ""
    is_day_first: bool | None = None


_NO_HINTS = DateHints()


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


def parse_standard_date(text: str) -> datetime | None:
    """Parse a date as RSS (RFC 822) and Atom (ISO 8601) demand it, in English and with a time zone
    that has one meaning; nothing is guessed."""
    text = text.strip()
    if (common := _parse_common_date(text)) is not None:
        return common
    if len(text) > MAX_DATE_CHARS:
        return None
    if found := _ISO.fullmatch(text):
        year, month, day, hour, minute, second, zone, day_zone = found.groups()
        if hour and not day:
            return None
        zone = zone or day_zone
        month, day = month or "1", day or "1"
    elif found := _RFC822.fullmatch(text):
        day, name, year, hour, minute, second, zone = found.groups()
        month = str(_MONTHS.get(name[:3].lower(), 0) if month_of(name, "en") else 0)
        year = str(_full_year(year))
    else:
        return None
    has_one_meaning = not zone or (offset_minutes(zone) is not None and not is_ambiguous_zone(zone))
    return _date(year, month, day, hour, minute, second, zone) if has_one_meaning else None


def _parse_common_date(text: str) -> datetime | None:
    """A date in the form that nearly all feeds have; None if it has another, or is none."""
    try:
        if _COMMON_ISO.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(UTC)
        if not (found := _COMMON_RFC822.fullmatch(text)):
            return None
        day, month, year, hour, minute, second, sign, hours, minutes = found.groups()
        number = _MONTHS[month.lower()]
        local = datetime(
            int(year), number, int(day), int(hour), int(minute), int(second), tzinfo=UTC
        )
    except ValueError:  # a leap second, or the 24th hour
        return None
    if not sign or (hours == "00" and minutes == "00"):
        return local
    offset = 60 * int(hours) + int(minutes)
    if int(minutes) > 59 or offset > MAX_OFFSET_MINUTES:
        return None
    return local - timedelta(minutes=offset if sign == "+" else -offset)


def parse_any_date(text: str, hints: DateHints = _NO_HINTS) -> datetime | None:
    """Parse a date in any common format; it must have a year."""
    text = " ".join(text.split())
    if len(text) > MAX_DATE_CHARS:
        return None
    if (standard := parse_standard_date(text)) is not None:
        return standard
    if found := _SECONDS.fullmatch(text):
        return datetime.fromtimestamp(int(found[1]), UTC)
    found_day = _day_of(text, hints)
    if found_day is None:
        return _guess(text, hints)
    year, month, day, rest = found_day
    return _date(year, month, day, *clock_time(rest), hints.country)


def numeric_dates(text: str) -> tuple[int, int] | None:
    """The first two numbers of a date such as 03/11/2026, of which one is the day."""
    text = text[:MAX_DATE_CHARS]
    if _YEAR_FIRST.search(text):
        return None
    found = _NUMERIC.search(text) or _SHORT_NUMERIC.search(text)
    return (int(found[1]), int(found[3])) if found else None


def date_in_url(url: str) -> datetime | None:
    """The day, or the first day of the month, in a path such as `/2017/01/07/title`."""
    found = _URL_DATE.search(url)
    return _date(found[1], found[2], found[3] or 1) if found else None


# ---- parts of a date


def _day_of(text: str, hints: DateHints) -> tuple[int, int, int, str] | None:
    """Year, month and day, and the rest of the text."""
    if found := _YEAR_FIRST.search(text):
        return int(found[1]), int(found[2]), int(found[3]), _cut_out(text, *found.span())
    if found := _VIETNAMESE.search(text.casefold()):
        return int(found[3]), int(found[2]), int(found[1]), _cut_out(text, *found.span())
    if found := _NUMERIC.search(text):
        return _numeric_day(text, found, hints)
    if in_words := _day_in_words(text, hints.language.partition("-")[0]):
        return in_words
    found = _SHORT_NUMERIC.search(text)
    return _numeric_day(text, found, hints) if found else None


def _numeric_day(
    text: str, found: re.Match[str], hints: DateHints
) -> tuple[int, int, int, str] | None:
    one, two = int(found[1]), int(found[3])
    is_day_first = hints.is_day_first or found[2] == "."
    day, month = (one, two) if (is_day_first and two <= 12) or one > 12 else (two, one)
    return _full_year(found[4]), month, day, _cut_out(text, *found.span())


def _day_in_words(text: str, language: str) -> tuple[int, int, int, str] | None:
    """Year, month and day of a date with the name of a month, next to the day."""
    for name, short in MONTHS_OF_TWO_WORDS.items():
        text = text.replace(name, short)
    words = [
        word for word in _WORD.finditer(text) if word[0].casefold().strip(".") not in _SMALL_WORDS
    ]
    years = [index for index, word in enumerate(words) if re.fullmatch(r"\d{4}", word[0])]
    days = [index for index, word in enumerate(words) if re.fullmatch(r"\d\d?", word[0])]
    for index in days:
        for place in (index + 1, index - 1):
            name = words[place][0] if 0 <= place < len(words) else ""
            month = month_of(name, language) if name and not name.isdigit() else 0
            year = years[0] if years else _year_after(words, index, place)
            if month and year is not None:
                rest = text
                for each in sorted((index, place, year), reverse=True):
                    rest = _cut_out(rest, *words[each].span())
                return _full_year(words[year][0]), month, int(words[index][0]), rest
    return None


def _year_after(words: Sequence[re.Match[str]], day: int, month: int) -> int | None:
    """The place of a year of two digits, which follows day and month."""
    place = max(day, month) + 1
    return place if place < len(words) and re.fullmatch(r"\d\d", words[place][0]) else None


def _cut_out(text: str, start: int, end: int) -> str:
    return f"{text[:start]} {text[end:]}"


def _full_year(text: str) -> int:
    """The year; one of two digits is between 1970 and 2069."""
    year = int(text)
    return year if len(text) > 2 else year + (2000 if year < 70 else 1900)


def _date(
    year: str | int,
    month: str | int,
    day: str | int,
    hour: str | int | None = 0,
    minute: str | int | None = 0,
    second: str | int | None = 0,
    zone: str | None = "",
    country: str = "",
) -> datetime | None:
    """The time in UTC; None if there is no such time. 24:00 is midnight."""
    buddhist = _BUDDHIST_YEARS if int(year) > 2400 else 0
    try:
        start = datetime(int(year) - buddhist, int(month), int(day))  # noqa: DTZ001 - to_utc follows
        hours, minutes, seconds = int(hour or 0), int(minute or 0), int(second or 0)
        if hours > 24 or minutes > 59 or seconds > 60:
            return None
        local = start + timedelta(hours=hours, minutes=minutes, seconds=seconds)
        return to_utc(local, zone or "", country)
    except (ValueError, OverflowError):
        return None


def _guess(text: str, hints: DateHints) -> datetime | None:
    """What dateutil makes of a date with a year and a day that nothing else could read."""
    if not re.search(r"\d{4}", text):
        return None
    try:
        early, late = (
            dateutil_parser.parse(text, default=default, ignoretz=True)
            for default in (datetime(2000, 1, 1, tzinfo=UTC), datetime(2001, 2, 2, tzinfo=UTC))
        )
    except (ValueError, OverflowError):
        return None
    if early.date() != late.date():  # a part of the day is missing
        return None
    return _date(
        early.year, early.month, early.day, early.hour, early.minute,
        early.second, zone_of(text), hints.country,
    )  # fmt: skip


def _utc(date: datetime) -> datetime:
    return date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)
