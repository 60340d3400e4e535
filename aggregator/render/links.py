"""Where a feed and its stories lead to, besides the article; the same in all formats."""

from collections.abc import Iterator
from dataclasses import dataclass

from aggregator.model import Feed, Site
from aggregator.render.item import FeedItem
from aggregator.render.public_urls import PublicUrls

__all__ = ["Link", "feed_links", "story_links"]


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a relation that IANA lists, from a feed or a story."""

    rel: str
    href: str
    type: str = ""
    title: str = ""
    length: str = ""


def feed_links(feed: Feed, site: Site, ending: str) -> Iterator[Link]:
    """The hubs that tell of changes (WebSub 4), and the archive documents around this one
    (RFC 5005, 4)."""
    at = PublicUrls(site.url)
    if not feed.archive_page:
        yield from (Link("hub", hub) for hub in site.hubs)
    else:
        yield Link("current", at.feed(feed.path, ending))
    if feed.older_page:
        yield Link("prev-archive", at.archive(feed.path, feed.older_page, ending))
    if feed.newer_page:
        yield Link("next-archive", at.archive(feed.path, feed.newer_page, ending))


def story_links(item: FeedItem) -> Iterator[Link]:
    """The other outlets that tell it; the one whose words are shown, if that is not the one
    that is credited (RFC 4287, 4.2.7.2); the licence of those words (RFC 4946)."""
    if item.text_from != item.source:
        yield Link("via", item.text_url, title=item.text_from.name)
    for other in item.also_at:
        yield Link("related", other.url, title=other.name)
    if item.text_from.license_url:
        yield Link("license", item.text_from.license_url)
