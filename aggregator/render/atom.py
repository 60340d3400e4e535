"""Atom 1.0 (RFC 4287)."""

from feedgen.feed import FeedGenerator

from aggregator import __version__
from aggregator.model import Feed, Site
from aggregator.render.feed_format import FeedFormat
from aggregator.render.feedgen_ext import EntryExtension, FeedExtension
from aggregator.render.item import FeedItem, feed_items
from aggregator.render.links import feed_links, story_links
from aggregator.render.public_urls import PublicUrls

__all__ = ["ATOM", "render_atom"]


def render_atom(feed: Feed, site: Site) -> bytes:
    """Render a feed as Atom."""
    urls = PublicUrls(site.url)
    generator = FeedGenerator()
    generator.register_extension("extension", FeedExtension, EntryExtension, rss=False)
    generator.extension.feed, generator.extension.is_atom = feed, True
    generator.extension.links = list(feed_links(feed, site, "atom"))
    generator.id(urls.feed_id(feed))
    generator.title(feed.title)
    generator.subtitle(feed.description or None)
    generator.updated(feed.updated)
    generator.author(name=site.title, uri=urls.page("/"))
    generator.link(href=urls.self_url(feed, "atom"), rel="self", type=ATOM.link_type)
    page = urls.page(feed.path + feed.query)
    generator.link(href=page, rel="alternate", type="text/html")
    generator.language(feed.language)
    generator.generator("aggregator", version=__version__)
    for item in feed_items(feed, site):
        _add_entry(generator, item, feed)
    rendered: bytes = generator.atom_str()
    return rendered


def _add_entry(generator: FeedGenerator, item: FeedItem, feed: Feed) -> None:
    story, lead = item.story, item.lead
    entry = generator.add_entry(order="append")
    entry.extension.item, entry.extension.links = item, list(story_links(item))
    entry.extension.language = feed.language
    entry.id(story.public_id)
    entry.title(story.title)
    entry.link(href=lead.url)
    entry.author(name=item.author)
    entry.published(story.published)
    entry.updated(story.updated)
    entry.category([{"term": name} for name in item.categories] or None)
    if item.summary or (item.has_site_words and not item.content):
        entry.summary(item.description, "html")  # as text, some readers take "1 < 2" for a tag
    if item.content:
        entry.content(item.full_text, type="html")
    if item.text_from.license:
        entry.rights(item.text_from.license)


ATOM = FeedFormat(
    extension="atom",
    name="Atom",
    media_type="application/atom+xml; charset=utf-8",
    render=render_atom,
)
