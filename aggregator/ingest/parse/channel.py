"""Data of a feed as a whole: polling hints, hub link, and the FeedMeta that sums it up."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aggregator.model import FeedMeta, HubLink, ParsedFeed, PollingHints
from aggregator.text.html import plain_text, truncate
from aggregator.text.urls import absolute_url

__all__ = ["feed_meta", "feed_title", "hub_link", "json_hub_link", "polling_hints"]

_PERIODS = {
    "hourly": 3600,
    "daily": 86400,
    "weekly": 7 * 86400,
    "monthly": 30 * 86400,
    "yearly": 365 * 86400,
}
MAX_URL_CHARS = 2000
MAX_TITLE_CHARS = 200
"""Characters of a feed's title, which is the name of its outlet."""
HEAD_BYTES = 64 * 1024
"""Bytes at the beginning of a feed in which skipHours and skipDays are looked for."""
_DAYS = (b"monday", b"tuesday", b"wednesday", b"thursday", b"friday", b"saturday", b"sunday")
_SKIPPED = re.compile(rb"<skip(hours|days)>(.{0,2000}?)</skip", re.IGNORECASE | re.DOTALL)
_SKIPPED_VALUE = re.compile(rb"<(?:hour|day)>\s*(\w+)\s*<", re.IGNORECASE)


def feed_meta(feed: ParsedFeed) -> FeedMeta:
    """The data of a feed, or of one chunk, without its entries."""
    dates = [entry.published for entry in feed.entries if isinstance(entry.published, datetime)]
    return FeedMeta(
        format=feed.format,
        title=feed.title,
        site=feed.site,
        language=feed.language,
        problem=feed.problem,
        polling_hints=feed.polling_hints,
        hub_link=feed.hub_link,
        is_broken=any(entry.broken for entry in feed.entries),
        oldest=min(dates, default=None),
        newest=max(dates, default=None),
    )


def feed_title(given: object) -> str:
    """The title of a feed as plain text, in one line."""
    return truncate(plain_text(given), MAX_TITLE_CHARS) if isinstance(given, str) else ""


def polling_hints(channel: Mapping[str, Any], body: bytes) -> PollingHints:
    """Polling hints: RSS 2.0 ttl (minutes), skipHours, skipDays; sy:updatePeriod, updateFrequency.

    feedparser keeps only the last of the skipped hours, so they are read from the body.
    """
    ttl = 60 * _number(channel.get("ttl"))
    period = _PERIODS.get(str(channel.get("sy_updateperiod", "")).strip().lower(), 0)
    frequency = _number(channel.get("sy_updatefrequency")) or 1
    skipped = {
        kind.lower(): [value.lower() for value in _SKIPPED_VALUE.findall(content)]
        for kind, content in _SKIPPED.findall(body[:HEAD_BYTES])
    }
    hours = {int(hour) % 24 for hour in skipped.get(b"hours", ()) if hour.isdigit()}
    days = {_DAYS.index(day) for day in skipped.get(b"days", ()) if day in _DAYS}
    return PollingHints(
        interval=max(ttl, period // frequency),
        skip_hours=tuple(sorted(hours)),
        skip_days=tuple(sorted(days)),
    )


def hub_link(channel: Mapping[str, Any], base: str) -> HubLink:
    """The rel=hub and rel=self links of an RSS or Atom feed (WebSub, section 4)."""
    links = channel.get("links")
    found: dict[str, str] = {}
    for link in links if isinstance(links, list) else ():
        if isinstance(link, Mapping) and link.get("rel") in ("hub", "self"):
            found.setdefault(link["rel"], _url(base, link.get("href")))
    return HubLink(hub=found.get("hub", ""), topic=found.get("self", ""))


def json_hub_link(document: Mapping[str, Any], base: str) -> HubLink:
    """The WebSub hub of a JSON Feed 1.1; the topic is its feed_url."""
    hubs = document.get("hubs")
    for hub in hubs if isinstance(hubs, list) else ():
        if isinstance(hub, Mapping) and str(hub.get("type", "")).lower() == "websub":
            return HubLink(
                hub=_url(base, hub.get("url")), topic=_url(base, document.get("feed_url"))
            )
    return HubLink()


def _number(given: object) -> int:
    """A whole number of up to 8 digits, else 0."""
    text = str(given or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def _url(base: str, given: object) -> str:
    url = absolute_url(base, given) if isinstance(given, str) else ""
    return url if len(url) <= MAX_URL_CHARS else ""
