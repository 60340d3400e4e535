"""Read the dates of a feed that are not as its format demands, all of them together.

Whether the day or the month comes first in 03/11/2026 shows in other dates of the feed, in their
order, or in the language and country of the outlet. What cannot be read is counted.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from urllib.parse import urlsplit

from aggregator.ingest.parse.values import FeedContext
from aggregator.model import ParsedEntry
from aggregator.text.dates import DateHints, numeric_dates, parse_any_date, zone_of
from aggregator.text.html import truncate
from aggregator.text.time_zones import is_noteworthy_zone, offset_minutes

__all__ = ["read_dates"]

MAX_EXAMPLE_CHARS = 60
_MONTH_FIRST = frozenset({"en", "en-us", "en-ph", "fil", "es-pa", "es-pr", "es-us"})
"""Languages in which the month comes first, by CLDR."""
_DAY_FIRST_COUNTRIES = frozenset(
    {"au", "bd", "de", "es", "fr", "gh", "ie", "il", "in", "it", "ke", "mt", "my", "ng", "nz", "pk"}
    | {"sg", "ug", "uk", "za", "zw"}
)
"""Countries whose outlets may well declare `en`, the default of many programs."""


def read_dates(
    entries: Sequence[ParsedEntry], feed: FeedContext
) -> tuple[tuple[ParsedEntry, ...], str]:
    """The entries with all dates that can be read, and a note on the others: a sentence or ""."""
    unread = [text for entry in entries for text in _texts(entry)]
    if not unread:
        return tuple(entries), ""
    language = feed.language.lower().replace("_", "-")
    hints = DateHints(language=language, country=_country(feed, language))
    hints = replace(hints, is_day_first=_is_day_first(unread, hints))
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
    """The outlet's country, by its domain or its language tag, in lower case; "" if unknown."""
    host = urlsplit(feed.site or feed.url).hostname or ""
    domain = host.rpartition(".")[2]
    if len(domain) == 2 and domain.isalpha():
        return domain
    region = language.partition("-")[2]
    return region if len(region) == 2 else ""


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
    if hints.country in _DAY_FIRST_COUNTRIES:
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
    zones = {zone for text in texts if (zone := zone_of(text)) and is_noteworthy_zone(zone)}
    if not zones:
        return ""
    zone = min(zones)
    minutes = offset_minutes(zone, hints.country)
    if minutes is None:
        return f'The time zone "{zone}" is unknown and was read as UTC.'
    hours, rest = divmod(abs(minutes), 60)
    return f'The time zone "{zone}" was read as {"-" if minutes < 0 else "+"}{hours:02}:{rest:02}.'
