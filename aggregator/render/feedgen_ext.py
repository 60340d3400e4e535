"""Extensions of feedgen for what feedgen 1.0 lacks or gets wrong.

- Of a channel's links feedgen writes only `self` to RSS, so the others are added here.
- Atom entry links lose rel, type and length (feedgen overwrites a loop variable), so feedgen gets
  only the alternate link, and the others are added here.
- feedgen writes only title and link to `atom:source`; RFC 4287 4.2.11 wants id, title and updated.
- feedgen has no language per entry, which RFC 4287 2 expresses as xml:lang.
- RSS `<author>` must be an email address (Best Practices Profile), so names go to dc:creator.
- An image is both media:content and media:thumbnail, since readers support one or the other
  (FreshRSS#5925).
- feedgen supports neither RFC 5005 (archives) nor RFC 6721 (tombstones).
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
    """Extends a feed. Set `feed`, `is_atom` and `links` before rendering."""

    feed: Feed
    is_atom: bool
    links: Sequence[Link]

    def extend_ns(self) -> dict[str, str]:
        """Prefix -> namespace."""
        archive = {"fh": FEED_HISTORY} if self.feed.archive_page else {}
        tombstones = {"at": TOMBSTONES} if self.feed.tombstones and self.is_atom else {}
        return {"dc": DC, "media": MEDIA, **archive, **tombstones}

    def extend_atom(self, feed: Any) -> Any:
        """Add links, the mark of an archive document, and tombstones."""
        for link in self.links:
            _add_link(feed, "link", link)
        self._mark_archive(feed)
        for tombstone in self.feed.tombstones:
            tag = f"{{{TOMBSTONES}}}deleted-entry"
            element = etree.SubElement(feed, tag, ref=tombstone.public_id)
            element.set("when", tombstone.removed_at.isoformat())
        return feed

    def extend_rss(self, rss: Any) -> Any:
        """Add links and the mark of an archive document."""
        (channel,) = rss
        for link in self.links:
            _add_link(channel, f"{{{ATOM}}}link", link)
        self._mark_archive(channel)
        return rss

    def _mark_archive(self, parent: Any) -> None:
        if self.feed.archive_page:
            etree.SubElement(parent, f"{{{FEED_HISTORY}}}archive")


class EntryExtension(BaseEntryExtension):  # type: ignore[misc]  # feedgen has no type hints
    """Extends an entry. Set `item`, `links` and `language` (that of the feed) before rendering."""

    item: FeedItem
    links: Sequence[Link]
    language: str

    def extend_atom(self, entry: Any) -> Any:
        """Add language, links with rel, a complete atom:source and the image."""
        if language := self._own_language():
            entry.set(LANG, language)
        entry.find("link").set("rel", "alternate")
        for link in self.links:
            _add_link(entry, "link", link)
        for file in self.item.enclosures:
            length = str(file.length) if file.length else ""
            _add_link(entry, "link", Link("enclosure", file.url, type=file.type, length=length))
        self._add_source(entry)
        self._add_image(entry)
        return entry

    def extend_rss(self, item: Any) -> Any:
        """Add dc:creator, language, links, the image, and enclosures after the first."""
        _add_element(item, f"{{{DC}}}creator", self.item.author)
        if language := self._own_language():
            _add_element(item, f"{{{DC}}}language", language)
        for link in self.links:
            _add_link(item, f"{{{ATOM}}}link", link)
        self._add_image(item)
        for file in self.item.enclosures[1:]:
            tag = f"{{{MEDIA}}}content"
            element = etree.SubElement(item, tag, url=file.url, type=file.type)
            if file.length:
                element.set("fileSize", str(file.length))
        return item

    def _own_language(self) -> str:
        """The language of the entry if it is not that of the feed, else empty."""
        language = self.item.lead.language
        return language if language.lower() != self.language.lower() else ""

    def _add_source(self, entry: Any) -> None:
        outlet = self.item.source
        source = etree.SubElement(entry, "source")
        _add_element(source, "id", outlet.published_feed)
        _add_element(source, "title", outlet.name)
        _add_link(source, "link", Link("self", outlet.published_feed))
        _add_link(source, "link", Link("alternate", outlet.site))
        _add_element(source, "updated", self.item.lead.updated.isoformat())
        author = etree.SubElement(source, "author")
        _add_element(author, "name", outlet.name)
        if outlet.license:
            _add_element(source, "rights", outlet.license)

    def _add_image(self, parent: Any) -> None:
        if image := self.item.image:
            etree.SubElement(parent, f"{{{MEDIA}}}content", url=image, medium="image")
            etree.SubElement(parent, f"{{{MEDIA}}}thumbnail", url=image)


def _add_element(parent: Any, name: str, text: str) -> None:
    etree.SubElement(parent, name).text = text


def _add_link(parent: Any, name: str, link: Link) -> None:
    element = etree.SubElement(parent, name, rel=link.rel, href=link.href)
    for key in ("type", "title", "length"):
        if value := getattr(link, key):
            element.set(key, value)
