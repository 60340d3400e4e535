"""Links of a feed and its items besides the article, for RSS and Atom."""

from collections.abc import Iterator
from dataclasses import dataclass

from aggregator.model import Feed, Site
from aggregator.render.item import FeedItem
from aggregator.render.public_urls import PublicUrls

__all__ = ["Link", "feed_links", "story_links"]


@dataclass(frozen=True, slots=True)
class Link:
    """A link from a feed or an item, with a link relation that IANA registers."""

    rel: str
    href: str
    type: str = ""
    title: str = ""
    length: str = ""


def feed_links(feed: Feed, site: Site, extension: str) -> Iterator[Link]:
    """The hubs of a feed (WebSub 4), and the archive documents next to it (RFC 5005, 4)."""
    urls = PublicUrls(site.url)
    if not feed.archive_page:
        yield from (Link("hub", hub) for hub in site.hubs)
    else:
        yield Link("current", urls.feed(feed.path, extension))
    if feed.older_page:
        yield Link("prev-archive", urls.archive(feed.path, feed.older_page, extension))
    if feed.newer_page:
        yield Link("next-archive", urls.archive(feed.path, feed.newer_page, extension))


def story_links(item: FeedItem) -> Iterator[Link]:
    """The outlet of the text if it is not the lead's (RFC 4287, 4.2.7.2), the other outlets of the
    story, and the licence of the text (RFC 4946)."""
    if item.text_from != item.source:
        yield Link("via", item.text_url, title=item.text_from.name)
    for other in item.also_at:
        yield Link("related", other.url, title=other.name)
    if item.text_from.license_url:
        yield Link("license", item.text_from.license_url)
