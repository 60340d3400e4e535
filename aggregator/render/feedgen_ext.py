"""What feedgen 1.0 leaves out or gets wrong, mended through its extension hooks.

- Of a channel's links RSS gets `self` alone, so the others are added here.
- Atom entry links lose rel, type and length (a loop variable is overwritten), so feedgen
  is given only the alternate link, and the others are added here.
- `atom:source` gets a title and a link only; RFC 4287 4.2.11 wants id, title and updated.
- An entry has no language of its own; RFC 4287 2 has xml:lang for that.
- RSS `<author>` must be a mail address (Best Practices Profile), so names go to dc:creator.
- A picture is media:content and media:thumbnail, since readers know one or the other
  (FreshRSS#5925).
- Neither RFC 5005 (archives) nor RFC 6721 (tombstones) is known.
"""

from collections.abc import Sequence
from typing import Any

from feedgen.ext.base import BaseEntryExtension, BaseExtension
from lxml import etree

from aggregator.model import Feed
from aggregator.render.item import FeedItem
from aggregator.render.links import Link

__all__ = ["EntryExtension", "FeedExtension"]

ATOM = "http://www.w3.org/2005/Atom"
DC = "http://purl.org/dc/elements/1.1/"
MEDIA = "http://search.yahoo.com/mrss/"
FEED_HISTORY = "http://purl.org/syndication/history/1.0"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"


class FeedExtension(BaseExtension):  # type: ignore[misc]  # feedgen has no type hints
    """Adds to a feed what feedgen cannot say. Set `feed`, `is_atom` and `links` before
    rendering."""

    feed: Feed
    is_atom: bool
    links: Sequence[Link]

    def extend_ns(self) -> dict[str, str]:
        """Prefix -> namespace."""
        archive = {"fh": FEED_HISTORY} if self.feed.archive_page else {}
        removed = {"at": TOMBSTONES} if self.feed.tombstones and self.is_atom else {}
        return {"dc": DC, "media": MEDIA, **archive, **removed}

    def extend_atom(self, feed: Any) -> Any:
        """Links, whether it is an archive, what was taken down."""
        for link in self.links:
            _link(feed, "link", link)
        self._archive(feed)
        for removed in self.feed.tombstones:
            gone = etree.SubElement(feed, f"{{{TOMBSTONES}}}deleted-entry", ref=removed.public_id)
            gone.set("when", removed.removed_at.isoformat())
        return feed

    def extend_rss(self, rss: Any) -> Any:
        """Links, and whether it is an archive."""
        (channel,) = rss
        for link in self.links:
            _link(channel, f"{{{ATOM}}}link", link)
        self._archive(channel)
        return rss

    def _archive(self, parent: Any) -> None:
        if self.feed.archive_page:
            etree.SubElement(parent, f"{{{FEED_HISTORY}}}archive")


class EntryExtension(BaseEntryExtension):  # type: ignore[misc]  # feedgen has no type hints
    """Adds to each entry what feedgen cannot say. Set `item`, `links` and `language` (that of
    the feed) before rendering."""

    item: FeedItem
    links: Sequence[Link]
    language: str

    def extend_atom(self, entry: Any) -> Any:
        """Its language, links with rel, a whole atom:source, pictures."""
        if own := self._own_language():
            entry.set(LANG, own)
        entry.find("link").set("rel", "alternate")
        for link in self.links:
            _link(entry, "link", link)
        for file in self.item.enclosures:
            length = str(file.length) if file.length else ""
            _link(entry, "link", Link("enclosure", file.url, type=file.type, length=length))
        self._atom_source(entry)
        self._picture(entry)
        return entry

    def extend_rss(self, item: Any) -> Any:
        """dc:creator, its language, links, files beyond the first, pictures."""
        _element(item, f"{{{DC}}}creator", self.item.author)
        if own := self._own_language():
            _element(item, f"{{{DC}}}language", own)
        for link in self.links:
            _link(item, f"{{{ATOM}}}link", link)
        self._picture(item)
        for file in self.item.enclosures[1:]:
            more = etree.SubElement(item, f"{{{MEDIA}}}content", url=file.url, type=file.type)
            if file.length:
                more.set("fileSize", str(file.length))
        return item

    def _own_language(self) -> str:
        own = self.item.lead.language
        return own if own.lower() != self.language.lower() else ""

    def _atom_source(self, entry: Any) -> None:
        outlet = self.item.source
        source = etree.SubElement(entry, "source")
        _element(source, "id", outlet.published_feed)
        _element(source, "title", outlet.name)
        _link(source, "link", Link("self", outlet.published_feed))
        _link(source, "link", Link("alternate", outlet.site))
        _element(source, "updated", self.item.lead.updated.isoformat())
        author = etree.SubElement(source, "author")
        _element(author, "name", outlet.name)
        if outlet.license:
            _element(source, "rights", outlet.license)

    def _picture(self, parent: Any) -> None:
        if image := self.item.image:
            etree.SubElement(parent, f"{{{MEDIA}}}content", url=image, medium="image")
            etree.SubElement(parent, f"{{{MEDIA}}}thumbnail", url=image)


def _element(parent: Any, name: str, text: str) -> None:
    etree.SubElement(parent, name).text = text


def _link(parent: Any, name: str, link: Link) -> None:
    made = etree.SubElement(parent, name, rel=link.rel, href=link.href)
    for key in ("type", "title", "length"):
        if value := getattr(link, key):
            made.set(key, value)
