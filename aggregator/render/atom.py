"""Atom 1.0 (RFC 4287)."""

from feedgen.feed import FeedGenerator

from aggregator import __version__
from aggregator.model import Feed, Site
from aggregator.render.feedgen_ext import EntryExtension, FeedExtension
from aggregator.render.item import FeedItem, feed_items
from aggregator.render.links import feed_links, story_links
from aggregator.render.public_urls import FEED_MEDIA_TYPES, PublicUrls

__all__ = ["atom"]


def atom(feed: Feed, site: Site) -> bytes:
    """The feed as Atom."""
    at = PublicUrls(site.url)
    own = at.self_url(feed, "atom")
    made = FeedGenerator()
    made.register_extension("mends", FeedExtension, EntryExtension, rss=False)
    made.mends.feed, made.mends.is_atom = feed, True
    made.mends.links = list(feed_links(feed, site, "atom"))
    made.id(at.feed_id(feed))
    made.title(feed.title)
    made.subtitle(feed.description or None)
    made.updated(feed.updated)
    made.author(name=site.title, uri=at.page("/"))
    made.link(href=own, rel="self", type=FEED_MEDIA_TYPES["atom"].partition(";")[0])
    made.link(href=at.page(feed.path + feed.query), rel="alternate", type="text/html")
    made.language(feed.language)
    made.generator("aggregator", version=__version__)
    for item in feed_items(feed, site.credit_line):
        _add(made, item, feed)
    rendered: bytes = made.atom_str()
    return rendered


def _add(made: FeedGenerator, item: FeedItem, feed: Feed) -> None:
    story, lead = item.story, item.lead
    entry = made.add_entry(order="append")
    entry.mends.item, entry.mends.links = item, list(story_links(item))
    entry.mends.language = feed.language
    entry.id(story.public_id)
    entry.title(lead.title)
    entry.link(href=lead.url)
    entry.author(name=item.author)
    entry.published(story.published)
    entry.updated(story.updated)
    entry.category([{"term": name} for name in item.categories] or None)
    if item.summary or (item.credit_line and not item.content):
        entry.summary(item.description, "html")  # as text, readers take "1 < 2" for a tag
    if item.content:
        entry.content(item.full_text, type="html")
    if item.text_from.license:
        entry.rights(item.text_from.license)
