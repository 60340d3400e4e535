"""Read the dates of a feed that are not as its format demands, all of them together.

Whether the day or the month comes first in 03/11/2026 shows in other dates of the feed, in their
order, or in the language and country of the outlet. What cannot be read is counted.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from urllib.parse import urlsplit

from langcodes import Language
from langcodes.tag_parser import LanguageTagError

from aggregator.ingest.parse.values import FeedContext
from aggregator.model import ParsedEntry
from aggregator.text.clock_times import zone_of
from aggregator.text.dates import MAX_DATE_CHARS, DateHints, numeric_dates, parse_any_date
from aggregator.text.html import truncate
from aggregator.text.time_zones import is_noteworthy_zone, offset_minutes

__all__ = ["read_dates"]

MAX_EXAMPLE_CHARS = 60
_MONTH_FIRST = frozenset({"en", "en-us", "en-ph", "fil", "es-pa", "es-pr", "es-us"})
"""Languages in which the month comes first, by CLDR."""
_NOT_DAY_FIRST = frozenset(
    {"us", "ca", "ph", "pa", "pr", "gu", "mh", "pw", "cn", "jp", "kr", "tw", "mn", "ir"}
)
"""Countries in which the month or the year comes first; in any other one the day comes first, also
if its outlets declare `en`, the default of programs."""
_WORLDWIDE_DOMAINS = frozenset(
    {"ac", "ai", "bz", "cc", "co", "fm", "gg", "im", "io", "la", "ly", "me", "nu", "sh", "st"}
    | {"tk", "to", "tv", "vc", "ws"}
)
"""Domains of countries that are used all over the world."""


def read_dates(
    entries: Sequence[ParsedEntry], feed: FeedContext, samples: Sequence[str] = ()
) -> tuple[tuple[ParsedEntry, ...], str]:
    """The entries with all dates that can be read, and a note on the others: a sentence or "".

    `samples` are other dates of the same feed, if these are only some of its entries.
    """
    unread = [text for entry in entries for text in _texts(entry)]
    if not unread:
        return tuple(entries), ""
    language = feed.language.lower().replace("_", "-")
    hints = DateHints(language=language, country=_country(feed, language))
    hints = replace(hints, is_day_first=_is_day_first(samples or unread, hints))
    read = {text: parse_any_date(text, hints) for text in unread}

    def date(value: datetime | str | None) -> datetime | str | None:
        return (read[value] or value) if isinstance(value, str) else value

    updated = tuple(
        replace(entry, published=date(entry.published), updated=date(entry.updated))
        if any(_texts(entry))
        else entry
        for entry in entries
    )
    return updated, _note(unread, read, hints)


def _texts(entry: ParsedEntry) -> list[str]:
    return [value for value in (entry.published, entry.updated) if isinstance(value, str)]


def _country(feed: FeedContext, language: str) -> str:
    """The outlet's country, by its domain or its language, in lower case; "" if unknown. A
    language that is the default of programs says nothing."""
    host = urlsplit(feed.site or feed.url).hostname or ""
    domain = host.rpartition(".")[2]
    if len(domain) == 2 and domain.isalpha() and domain not in _WORLDWIDE_DOMAINS:
        return domain
    if language in ("", "en", "en-us"):
        return ""
    try:
        return (Language.get(language).maximize().territory or "").lower()
    except LanguageTagError:
        return ""


def _is_day_first(texts: Sequence[str], hints: DateHints) -> bool | None:
    """True if the day comes before the month in dates of numbers; None if there are none."""
    pairs = [pair for text in texts if (pair := numeric_dates(text))]
    if not pairs:
        return None
    day_first = sum(one > 12 >= two for one, two in pairs)
    month_first = sum(two > 12 >= one for one, two in pairs)
    if day_first != month_first:
        return day_first > month_first
    ordered = [_is_ordered(texts, replace(hints, is_day_first=first)) for first in (True, False)]
    if len(pairs) > 1 and ordered[0] != ordered[1]:
        return ordered[0]
    if hints.country and hints.country not in _NOT_DAY_FIRST:
        return True
    return bool(hints.language) and hints.language not in _MONTH_FIRST


def _is_ordered(texts: Sequence[str], hints: DateHints) -> bool:
    """True if dates never increase, or never decrease, as in nearly all feeds."""
    dates = [date for text in texts if (date := parse_any_date(text, hints))]
    steps = {(two > one) - (two < one) for one, two in pairwise(dates)}
    return not {1, -1} <= steps


def _note(texts: Sequence[str], read: dict[str, datetime | None], hints: DateHints) -> str:
    """What was not read, or may have been misread."""
    bad = [text for text in texts if read[text] is None]
    if bad:
        example = truncate(" ".join(bad[0].split()), MAX_EXAMPLE_CHARS)
        if len(bad) == 1:
            return f'1 date cannot be read: "{example}".'
        return f'{len(bad)} dates cannot be read, for example "{example}".'
    given = (text[:MAX_DATE_CHARS] for text in texts)
    zones = {zone for text in given if (zone := zone_of(text))}
    zone = min((each for each in zones if is_noteworthy_zone(each, hints.country)), default="")
    if not zone:
        return ""
    minutes = offset_minutes(zone, hints.country)
    if minutes is None:
        return f'The time zone "{zone}" is unknown and was read as UTC.'
    hours, rest = divmod(abs(minutes), 60)
    return f'The time zone "{zone}" was read as {"-" if minutes < 0 else "+"}{hours:02}:{rest:02}.'
