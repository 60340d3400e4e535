"""Atom 1.0 (RFC 4287)."""

from feedgen.feed import FeedGenerator

from aggregator import __version__
from aggregator.model import Site, TopicFeed
from aggregator.publish.addresses import ENDINGS, Addresses
from aggregator.publish.feedgen_mends import EntryMends, FeedMends
from aggregator.publish.shown import Shown, shown

__all__ = ["atom"]


def atom(feed: TopicFeed, site: Site) -> bytes:
    """The feed as Atom."""
    at = Addresses(site.url)
    own = at.feed(feed.path, "atom", feed.query)
    made = FeedGenerator()
    made.register_extension("mends", FeedMends, EntryMends, rss=False)
    made.id(own)
    made.title(feed.title)
    made.subtitle(feed.description or None)
    made.updated(feed.updated)
    made.author(name=site.title, uri=at.page("/"))
    made.link(href=own, rel="self", type=ENDINGS["atom"].partition(";")[0])
    made.link(href=at.page(feed.path + feed.query), rel="alternate", type="text/html")
    made.language(feed.language)
    made.generator("aggregator", version=__version__)
    for item in shown(feed):
        _add(made, item)
    rendered: bytes = made.atom_str()
    return rendered


def _add(made: FeedGenerator, item: Shown) -> None:
    story, lead = item.story, item.lead
    entry = made.add_entry(order="append")
    entry.mends.item = item
    entry.id(story.public_id)
    entry.title(lead.title)
    entry.link(href=lead.link)
    entry.author(name=item.author)
    entry.published(story.published)
    entry.updated(story.updated)
    entry.category([{"term": name} for name in item.categories] or None)
    if item.summary:
        entry.summary(item.summary)
    if item.content:
        entry.content(item.content, type="html")
    if item.source.license:
        entry.rights(item.source.license)
