"""What feedgen 1.0 leaves out or gets wrong, mended through its extension hooks.

- Atom entry links lose rel, type and length (a loop variable is overwritten), so feedgen
  is given only the alternate link, and the others are added here.
- `atom:source` gets a title and a link only; RFC 4287 4.2.11 wants id, title and updated.
- RSS `<author>` must be a mail address (Best Practices Profile), so names go to dc:creator.
- A picture is media:content and media:thumbnail, since readers know one or the other
  (FreshRSS#5925).
"""

from typing import Any

from feedgen.ext.base import BaseEntryExtension, BaseExtension
from lxml import etree

from aggregator.publish.shown import Shown

__all__ = ["EntryMends", "FeedMends"]

ATOM = "http://www.w3.org/2005/Atom"
DC = "http://purl.org/dc/elements/1.1/"
MEDIA = "http://search.yahoo.com/mrss/"


class FeedMends(BaseExtension):  # type: ignore[misc]  # feedgen has no type hints
    """Declares the namespaces that the entries use."""

    def extend_ns(self) -> dict[str, str]:
        """Prefix -> namespace."""
        return {"dc": DC, "media": MEDIA}


class EntryMends(BaseEntryExtension):  # type: ignore[misc]  # feedgen has no type hints
    """Adds to each entry what feedgen cannot say. Set `item` before rendering."""

    item: Shown

    def extend_atom(self, entry: Any) -> Any:
        """Links with rel, a whole atom:source, pictures."""
        for other in self.item.also_at:
            _link(entry, "related", other.link, title=other.name)
        for file in self.item.enclosures:
            _link(entry, "enclosure", file.url, type=file.type, length=str(file.length or ""))
        self._atom_source(entry)
        self._picture(entry)
        return entry

    def extend_rss(self, item: Any) -> Any:
        """dc:creator, pictures, and "also at" as Atom links."""
        _element(item, f"{{{DC}}}creator", self.item.author)
        for other in self.item.also_at:
            link = etree.SubElement(item, f"{{{ATOM}}}link", rel="related", href=other.link)
            link.set("title", other.name)
        self._picture(item)
        return item

    def _atom_source(self, entry: Any) -> None:
        outlet = self.item.source
        source = etree.SubElement(entry, "source")
        _element(source, "id", outlet.published_feed)
        _element(source, "title", outlet.name)
        _link(source, "self", outlet.published_feed)
        _link(source, "alternate", outlet.site)
        _element(source, "updated", self.item.lead.updated.isoformat())
        if outlet.license:
            _element(source, "rights", outlet.license)

    def _picture(self, parent: Any) -> None:
        if image := self.item.image:
            etree.SubElement(parent, f"{{{MEDIA}}}content", url=image, medium="image")
            etree.SubElement(parent, f"{{{MEDIA}}}thumbnail", url=image)


def _element(parent: Any, name: str, text: str) -> None:
    etree.SubElement(parent, name).text = text


def _link(parent: Any, rel: str, href: str, **attributes: str) -> None:
    link = etree.SubElement(parent, "link", rel=rel, href=href)
    for name, value in attributes.items():
        if value:
            link.set(name, value)
