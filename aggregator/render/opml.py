"""OPML 2.0: the feeds of all topics, and the outlets as a blogroll."""

from collections.abc import Iterable, Sequence

from lxml import etree

from aggregator.model import Site, Source, Topic
from aggregator.render.formats import PRIMARY_FORMAT
from aggregator.render.public_urls import PublicUrls

__all__ = ["sources_opml", "topics_opml"]


def topics_opml(topics: Sequence[Topic], site: Site) -> bytes:
    """The feeds of all topics, as OPML."""
    urls = PublicUrls(site.url)
    return _opml(
        f"{site.title}: topics",
        (
            _outline(
                topic.title,
                urls.feed(f"/topics/{topic.id}", PRIMARY_FORMAT.extension),
                urls.page(f"/topics/{topic.id}"),
                topic.description,
            )
            for topic in topics
        ),
    )


def sources_opml(sources: Iterable[Source], site: Site) -> bytes:
    """The public feeds of the outlets, as OPML."""
    return _opml(
        f"{site.title}: outlets",
        (
            _outline(source.name, source.published_feed, source.site, "")
            for source in sources
            if not source.private_feed or source.public_feed
        ),
    )


def _outline(text: str, feed: str, page: str, description: str) -> dict[str, str]:
    return {
        "type": "rss",
        "text": text,
        "title": text,
        "xmlUrl": feed,
        "htmlUrl": page,
        **({"description": description} if description else {}),
    }


def _opml(title: str, outlines: Iterable[dict[str, str]]) -> bytes:
    root = etree.Element("opml", version="2.0")
    etree.SubElement(etree.SubElement(root, "head"), "title").text = title
    body = etree.SubElement(root, "body")
    for outline in outlines:
        etree.SubElement(body, "outline", outline)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
