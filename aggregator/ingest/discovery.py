"""The feeds of a site, under the rules of fetching.

    address --fetch--> a feed
                       a page that announces feeds --fetch--> a feed
                       another page --usual paths--> a feed

No document is fetched twice (NetNewsWire#4531).
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urljoin, urlsplit

from aggregator.ingest.fetch.client import Fetcher
from aggregator.ingest.workers import Workers
from aggregator.model import (
    AnnouncedFeed,
    Backoff,
    Failed,
    FailureKind,
    FeedMeta,
    Fetched,
    Source,
    Unchanged,
    Validators,
)

__all__ = ["USUAL_PATHS", "FoundFeed", "find_feeds", "read_feed"]

USUAL_PATHS = (
    "/feed/", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml", "/rss", "/feed.json",
)  # fmt: skip
"""Where feeds are that no page announces, the most frequent first: WordPress, static site
generators, Drupal, Hugo."""
_WITHOUT_SCHEME = re.compile(r"^(?![a-z][a-z0-9+.-]*://)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFeed:
    """A feed that was fetched and read. `url` is its address after permanent redirects."""

    url: str
    meta: FeedMeta
    document: Fetched


async def find_feeds(
    fetcher: Fetcher, workers: Workers, address: str, now: datetime
) -> FoundFeed | tuple[AnnouncedFeed, ...] | Failed:
    """The feed at the address of a feed or a site; several that a page announces are returned as
    such, for a choice. Without a scheme, https:// is tried, then http://."""
    address = address.strip()
    if not _WITHOUT_SCHEME.match(address):
        return await _find(fetcher, workers, address, now)
    result = await _find(fetcher, workers, f"https://{address}", now)
    unreachable = (FailureKind.CONNECT, FailureKind.TLS, FailureKind.TIMEOUT)
    if isinstance(result, Failed) and result.kind in unreachable:
        return await _find(fetcher, workers, f"http://{address}", now)
    return result


async def read_feed(
    fetcher: Fetcher, workers: Workers, url: str, now: datetime
) -> FoundFeed | Failed:
    """Fetch and read the feed at a URL."""
    source = Source(id="new", name="", feed=url, site=url)
    async with fetcher.fetch(source, Validators(), url, now) as result:
        match result:
            case Failed():
                return result
            case Backoff():
                until = f"{result.until:%Y-%m-%d %H:%M} UTC"
                error = f"{result.domain} has asked not to be fetched until {until}."
                return Failed(kind=FailureKind.HTTP_STATUS, error=error)
        assert not isinstance(result, Unchanged), "there were no validators"
        parsed = await workers.read(result)
        if isinstance(parsed, Failed):
            return replace(parsed, status=result.status)
        return FoundFeed(url=result.redirected_to or url, meta=parsed.feed_meta, document=result)


async def _find(
    fetcher: Fetcher, workers: Workers, url: str, now: datetime
) -> FoundFeed | tuple[AnnouncedFeed, ...] | Failed:
    result = await read_feed(fetcher, workers, url, now)
    if isinstance(result, FoundFeed):
        return result
    if len(result.announced) > 1:
        return result.announced
    if result.announced:
        return await read_feed(fetcher, workers, result.announced[0].url, now)
    may_have_feed = result.kind is FailureKind.NOT_A_FEED or result.status in (403, 404, 410)
    return await _guess(fetcher, workers, url, now, result) if may_have_feed else result


async def _guess(
    fetcher: Fetcher, workers: Workers, url: str, now: datetime, failed: Failed
) -> FoundFeed | Failed:
    """The first feed at one of the usual paths of a site."""
    if not urlsplit(url).hostname:
        return failed
    for path in USUAL_PATHS:
        result = await read_feed(fetcher, workers, urljoin(url, path), now)
        if isinstance(result, FoundFeed):
            return result
        if result.backoff or (result.kind is not FailureKind.NOT_A_FEED and not result.status):
            return result  # the server wants to be left alone, or cannot be reached
    host = urlsplit(url).hostname
    error = f"{failed.error} No feed was found there, nor at the usual paths of {host}."
    return replace(failed, error=error)
