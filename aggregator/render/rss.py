"""RSS 2.0, following the Best Practices Profile of the RSS Advisory Board."""

from feedgen.feed import FeedGenerator

from aggregator.model import Feed, Site
from aggregator.render.feed_format import FeedFormat
from aggregator.render.feedgen_ext import EntryExtension, FeedExtension
from aggregator.render.item import FeedItem, feed_items
from aggregator.render.links import feed_links, story_links
from aggregator.render.public_urls import PublicUrls

__all__ = ["RSS", "render_rss"]


def render_rss(feed: Feed, site: Site) -> bytes:
    """Render a feed as RSS."""
    urls = PublicUrls(site.url)
    generator = FeedGenerator()
    generator.register_extension("extension", FeedExtension, EntryExtension, atom=False)
    generator.extension.feed, generator.extension.is_atom = feed, False
    generator.extension.links = list(feed_links(feed, site, "rss"))
    generator.title(feed.title)
    generator.description(feed.description or feed.title)
    generator.link(href=urls.self_url(feed, "rss"), rel="self", type=RSS.link_type)
    page = urls.page(feed.path + feed.query)
    generator.link(href=page, rel="alternate")  # last, since feedgen makes it <link>
    generator.language(feed.language)
    generator.lastBuildDate(feed.updated)
    generator.ttl(max(1, site.ttl // 60))
    generator.generator("aggregator")
    generator.docs("https://www.rssboard.org/rss-specification")
    for item in feed_items(feed, site):
        _add_item(generator, item, feed)
    rendered: bytes = generator.rss_str()
    return rendered


def _add_item(generator: FeedGenerator, item: FeedItem, feed: Feed) -> None:
    story, lead = item.story, item.lead
    entry = generator.add_entry(order="append")
    entry.extension.item, entry.extension.links = item, list(story_links(item))
    entry.extension.language = feed.language
    entry.title(story.title)
    entry.link(href=lead.url)
    entry.guid(story.public_id, permalink=story.public_id == lead.url)
    entry.description(item.description)
    if item.content:
        entry.content(item.full_text, type="html")
    entry.published(story.published)
    entry.category([{"term": name} for name in item.categories] or None)
    entry.source(item.source.published_feed, item.source.name)
    for file in item.enclosures[:1]:  # RSS allows one
        entry.enclosure(file.url, str(file.length), file.type)


RSS = FeedFormat(
    extension="rss",
    name="RSS",
    media_type="application/rss+xml; charset=utf-8",
    render=render_rss,
)
