"""How long each field of an entry may be, so that no outlet fills the store or stops the program.

Text is cut by cleaning, to what is published of it (clean/cleaner.py); here are the fields that
cannot be cut.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from operator import attrgetter, gt
from typing import Any

from aggregator.ingest.parse.values import MAX_ENCLOSURES, MAX_TAGS
from aggregator.model import Enclosure, HubLink, ParsedEntry, ParsedFeed, Text

__all__ = ["FIELD_LIMITS", "FieldLimit", "with_limits"]

MAX_URL_CHARS = 4_000
MAX_SOURCES = 20
"""Feeds, and articles, that an entry may say it comes from."""


def _drop(*_: object) -> str:
    return ""


def _digest(value: str, _: int) -> str:
    """A short name that is the same each time, so that the entry is recognised again."""
    return f"sha256:{hashlib.sha256(value.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _cut(value: str, limit: int) -> str:
    return value[:limit]


@dataclass(frozen=True, slots=True)
class FieldLimit:
    """The most characters of a value, what becomes of more, and why it is so many."""

    chars: int
    shorten: Callable[[str, int], str]
    reason: str
    count: int = 1
    """Values of a field that may have several."""


FIELD_LIMITS: Mapping[str, FieldLimit] = {
    "id": FieldLimit(1_000, _digest, "ids are URLs or UUIDs; a longer one goes by its digest"),
    "url": FieldLimit(MAX_URL_CHARS, _drop, "browsers and servers take about as many"),
    "title": FieldLimit(10_000, _cut, "300 characters of it are published; markup takes more"),
    "author": FieldLimit(2_000, _cut, "200 characters of it are published"),
    "language": FieldLimit(35, _drop, "the longest language tag in use (RFC 5646, 4.4.1)"),
    "tags": FieldLimit(1_000, _cut, "200 characters of a tag are published", MAX_TAGS),
    "image": FieldLimit(MAX_URL_CHARS, _drop, "as `url`"),
    "image_alt": FieldLimit(2_000, _cut, "300 characters of it are published"),
    "enclosures": FieldLimit(MAX_URL_CHARS, _drop, "as `url`, for each file", MAX_ENCLOSURES),
    "source_feeds": FieldLimit(MAX_URL_CHARS, _drop, "as `url`, for each feed", MAX_SOURCES),
    "source_urls": FieldLimit(MAX_URL_CHARS, _drop, "as `url`, for each article", MAX_SOURCES),
}
"""Field of a parsed entry -> its limit."""
_STRINGS = ("id", "url", "author", "language", "image", "image_alt")
_STRING_CHARS = tuple(FIELD_LIMITS[name].chars for name in _STRINGS)
_OTHER_LIMITS = {name: limit for name, limit in FIELD_LIMITS.items() if name not in _STRINGS}
_strings_of = attrgetter(*_STRINGS)


def with_limits(feed: ParsedFeed) -> ParsedFeed:
    """The feed with every field within its limit."""
    hub = feed.hub_link
    if max(len(hub.hub), len(hub.topic)) > MAX_URL_CHARS:
        feed = replace(feed, hub_link=HubLink())
    if not any(map(_is_too_long, feed.entries)):  # so it nearly always is
        return feed
    return replace(feed, entries=tuple(map(_shortened, feed.entries)))


def _is_too_long(entry: ParsedEntry) -> bool:
    if any(map(gt, map(len, _strings_of(entry)), _STRING_CHARS)):
        return True
    return any(
        any(len(_text_of(each)) > limit.chars for each in _values(getattr(entry, name)))
        or len(_values(getattr(entry, name))) > limit.count
        for name, limit in _OTHER_LIMITS.items()
        if getattr(entry, name)
    )


def _shortened(entry: ParsedEntry) -> ParsedEntry:
    """The entry with each field that is too long shortened, or without it."""
    shortened: dict[str, Any] = {}
    for name, limit in FIELD_LIMITS.items():
        value = getattr(entry, name)
        kept = [new for each in _values(value) if (new := _apply(each, limit))]
        if isinstance(value, tuple):
            shortened[name] = tuple(kept[: limit.count])
        else:
            shortened[name] = kept[0] if kept else value and ""
    return replace(entry, **shortened)


def _values(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,) if value else ()


def _text_of(value: str | Text | Enclosure) -> str:
    if isinstance(value, Text):
        return value.value
    return value.url if isinstance(value, Enclosure) else value


def _apply(value: str | Text | Enclosure, limit: FieldLimit) -> str | Text | Enclosure | None:
    text = _text_of(value)
    if len(text) <= limit.chars:
        return value
    shorter = limit.shorten(text, limit.chars)
    if isinstance(value, Text):
        return replace(value, value=shorter)
    return shorter or None
