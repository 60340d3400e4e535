"""Remove the private address of a feed from its entries."""

import re
from dataclasses import replace
from functools import lru_cache

from aggregator.model import Entry, SafeHtml
from aggregator.text.secrets import private_parts, without_private_parts

__all__ = ["redact", "reveals", "without_private_address"]

_URL_ATTRIBUTE = re.compile(r' (?:href|src|srcset|poster|cite)="[^"]*"')


def reveals(text: str, private_feed: str) -> bool:
    """True if a text contains a part of the private address by which it could be fetched."""
    return any(part in text for part in _parts(private_feed))


def redact(text: str, private_feed: str) -> str:
    """The text with "…" for the private address of the feed."""
    return without_private_parts(text, _parts(private_feed))


def without_private_address(entry: Entry, private_feed: str) -> Entry:
    """The entry without the address of its feed, in whatever field the outlet has put it: URLs are
    dropped, in texts "…" stands for it (FreshRSS GHSA-rpmm: leaked feed URLs)."""
    if not private_feed:
        return entry

    def redacted(text: str) -> str:
        return redact(text, private_feed)

    def public(url: str) -> str:
        return "" if reveals(url, private_feed) else url

    content = _URL_ATTRIBUTE.sub(lambda found: public(found[0]), entry.content)
    return replace(
        entry,
        id=public(entry.id),
        title=redacted(entry.title),
        summary=redacted(entry.summary),
        content=SafeHtml(redacted(content)),
        author=redacted(entry.author),
        tags=tuple(map(redacted, entry.tags)),
        image=public(entry.image),
        enclosures=tuple(file for file in entry.enclosures if public(file.url)),
        source_urls=tuple(url for url in entry.source_urls if public(url)),
    )


@lru_cache(maxsize=512)
def _parts(private_feed: str) -> tuple[str, ...]:
    return private_parts(private_feed) if private_feed else ()
