"""Parse the dates of feeds and HTTP to aware datetimes in UTC.

RFC 822 and ISO 8601, as the formats demand | what outlets write instead: names of months in
their language, the day or the month first, time zones by abbreviation, seconds since 1970
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from dateutil import parser as dateutil_parser

from aggregator.text.month_names import month_of
from aggregator.text.time_zones import is_ambiguous_zone, offset_minutes

__all__ = [
    "DateHints", "date_in_url", "numeric_dates", "parse_any_date", "parse_http_date",
    "parse_iso_date", "parse_standard_date", "zone_of",
]  # fmt: skip

MAX_DATE_CHARS = 100
_ZONE = r"(?:z|(?:gmt|utc)?\s?[+-]\s?\d{1,2}:?(?:\d{2})?|[a-z]{1,5})"
_TIME = r"(\d{1,2}):(\d{2})(?::(\d{1,2})(?:[.,:]\d{1,9})?)?"
_ISO = re.compile(rf"(\d{{4}})(?:-?(\d\d)(?:-?(\d\d))?)?(?:[t ]\s*{_TIME})?\s*({_ZONE})?", re.I)
_RFC822 = re.compile(
    rf"(?:[a-z]{{3,9}}\.?,?\s+)?(\d{{1,2}})[\s-]+([a-z]{{3,9}})\.?,?[\s-]+(\d{{4}}|\d{{2}})"
    rf"(?:,?\s+{_TIME})?\s*({_ZONE})?(?:\s*\([^()]{{0,40}}\))?",
    re.IGNORECASE,
)
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_SECONDS = re.compile(r"(\d{10})(?:\d{3})?(?:\.\d{1,6})?")
_ISO_TIME = re.compile(
    rf"(?:^|[^\d:]){_TIME}\s*([ap]\.?\s?m\b\.?)?\s*({_ZONE})?(?:\s\d{{4}})?\s*$", re.I
)
_FRENCH_TIME = re.compile(r"\b(\d{1,2})\s?h\s?(\d{2})\b")
_AFTERNOON = re.compile(r"오후|下午|午後|晚上")
_YEAR_FIRST = re.compile(
    r"(?<!\d)(\d{4})\s*(?:[年년./-])\s*(\d{1,2})\s*(?:[月월./-])\s*(\d{1,2})(?!\d)"
)
_NUMERIC = re.compile(r"(?<![\d.:/-])(\d{1,2})([./-])\s?(\d{1,2})\2\s?(\d{4}|\d{2})(?![\d/])")
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
    if len(text) > MAX_DATE_CHARS:
        return None
    if found := _ISO.fullmatch(text):
        year, month, day, hour, minute, second, zone = found.groups()
        if hour and not day:
            return None
        month, day = month or "1", day or "1"
    elif found := _RFC822.fullmatch(text):
        day, name, year, hour, minute, second, zone = found.groups()
        month = str(_MONTHS.get(name[:3].lower(), 0) if month_of(name, "en") else 0)
        year = str(_full_year(year))
    else:
        return None
    has_one_meaning = not zone or (offset_minutes(zone) is not None and not is_ambiguous_zone(zone))
    return _date(year, month, day, hour, minute, second, zone) if has_one_meaning else None


def parse_any_date(text: str, hints: DateHints = _NO_HINTS) -> datetime | None:
    """Parse a date in any common format; it must have a year."""
    text = " ".join(text.split())
    if len(text) > MAX_DATE_CHARS:
        return None
    if (standard := parse_standard_date(text)) is not None:
        return standard
    if found := _SECONDS.fullmatch(text):
        return datetime.fromtimestamp(int(found[1]), UTC)
    day = _day_of(text, hints)
    if day is None:
        return _guess(text, hints)
    hour, minute, second, zone = _time_of(text)
    return _date(*day, hour, minute, second, zone, hints.country)


def numeric_dates(text: str) -> tuple[int, int] | None:
    """The first two numbers of a date such as 03/11/2026, of which one is the day."""
    found = None if _YEAR_FIRST.search(text) else _NUMERIC.search(text)
    return (int(found[1]), int(found[3])) if found else None


def zone_of(text: str) -> str:
    """The time zone at the end of a date, as it is written."""
    return (_ISO_TIME.search(text.strip()) or [""] * 6)[5] or ""


def date_in_url(url: str) -> datetime | None:
    """The day, or the first day of the month, in a path such as `/2017/01/07/title`."""
    found = _URL_DATE.search(url)
    return _date(found[1], found[2], found[3] or 1) if found else None


# ---- parts of a date


def _day_of(text: str, hints: DateHints) -> tuple[int, int, int] | None:
    """Year, month and day."""
    if found := _YEAR_FIRST.search(text):
        return int(found[1]), int(found[2]), int(found[3])
    if found := _VIETNAMESE.search(text.casefold()):
        return int(found[3]), int(found[2]), int(found[1])
    if found := _NUMERIC.search(text):
        one, two = int(found[1]), int(found[3])
        is_day_first = hints.is_day_first or found[2] == "."
        day, month = (one, two) if (is_day_first and two <= 12) or one > 12 else (two, one)
        return _full_year(found[4]), month, day
    return _day_in_words(text, hints.language.partition("-")[0])


def _day_in_words(text: str, language: str) -> tuple[int, int, int] | None:
    """Year, month and day of a date with the name of a month, next to the day."""
    words = [word for word in _WORD.findall(text) if word.casefold().strip(".") not in _SMALL_WORDS]
    years = [index for index, word in enumerate(words) if word.isdigit() and len(word) == 4]
    days = [index for index, word in enumerate(words) if word.isdigit() and len(word) <= 2]
    if not years:
        return None
    for index in days[:2]:
        for place in (index + 1, index - 1):
            name = words[place] if 0 <= place < len(words) else ""
            if name and not name.isdigit() and (month := month_of(name, language)):
                return int(words[years[0]]), month, int(words[index])
    return None


def _time_of(text: str) -> tuple[int, int, int, str]:
    """Hour, minute, second and time zone; midnight in UTC if there is none."""
    if found := _FRENCH_TIME.search(text):
        return int(found[1]), int(found[2]), 0, zone_of(text)
    if not (found := _ISO_TIME.search(text)):
        return 0, 0, 0, ""
    hour = 0 if found[4] and found[1] == "12" else int(found[1])
    is_afternoon = (found[4] or "").lower().startswith("p") or bool(_AFTERNOON.search(text))
    hour += 12 * (is_afternoon and hour < 12)
    return hour, int(found[2]), int(found[3] or 0), found[5] or ""


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
    offset = offset_minutes(zone or "", country) or 0  # an unknown one is UTC (RFC 2822, 4.3)
    buddhist = _BUDDHIST_YEARS if int(year) > 2400 else 0
    try:
        start = datetime(int(year) - buddhist, int(month), int(day), tzinfo=UTC)
        hours, minutes = int(hour or 0), int(minute or 0)
        if hours > 24 or minutes > 59 or int(second or 0) > 60:
            return None
        return start + timedelta(hours=hours, minutes=minutes - offset, seconds=int(second or 0))
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
        early.year, early.month, early.day, early.hour, early.minute, early.second,
        zone_of(text), hints.country,
    )  # fmt: skip


def _utc(date: datetime) -> datetime:
    return date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)
