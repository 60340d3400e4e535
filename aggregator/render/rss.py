"""RSS 2.0, by the Best Practices Profile of the RSS Advisory Board."""

from feedgen.feed import FeedGenerator

from aggregator.model import Feed, Site
from aggregator.render.feedgen_ext import EntryExtension, FeedExtension
from aggregator.render.item import FeedItem, feed_items
from aggregator.render.links import feed_links, story_links
from aggregator.render.public_urls import FEED_MEDIA_TYPES, PublicUrls

__all__ = ["rss"]


def rss(feed: Feed, site: Site) -> bytes:
    """The feed as RSS."""
    at = PublicUrls(site.url)
    made = FeedGenerator()
    made.register_extension("mends", FeedExtension, EntryExtension, atom=False)
    made.mends.feed, made.mends.is_atom = feed, False
    made.mends.links = list(feed_links(feed, site, "rss"))
    made.title(feed.title)
    made.description(feed.description or feed.title)
    made.link(
        href=at.self_url(feed, "rss"), rel="self", type=FEED_MEDIA_TYPES["rss"].partition(";")[0]
    )
    made.link(href=at.page(feed.path + feed.query), rel="alternate")  # last, for it becomes <link>
    made.language(feed.language)
    made.lastBuildDate(feed.updated)
    made.ttl(max(1, site.ttl // 60))
    made.generator("aggregator")
    made.docs("https://www.rssboard.org/rss-specification")
    for item in feed_items(feed, site.credit_line):
        _add(made, item, feed)
    rendered: bytes = made.rss_str()
    return rendered


def _add(made: FeedGenerator, item: FeedItem, feed: Feed) -> None:
    story, lead = item.story, item.lead
    entry = made.add_entry(order="append")
    entry.mends.item, entry.mends.links = item, list(story_links(item))
    entry.mends.language = feed.language
    entry.title(lead.title)
    entry.link(href=lead.url)
    entry.guid(story.public_id, permalink=story.public_id == lead.url)
    entry.description(item.description)
    if item.content:
        entry.content(item.full_text, type="html")
    entry.published(story.published)
    entry.category([{"term": name} for name in item.categories] or None)
    entry.source(item.source.published_feed, item.source.name)
    for file in item.enclosures[:1]:  # RSS readers know one
        entry.enclosure(file.url, str(file.length), file.type)
