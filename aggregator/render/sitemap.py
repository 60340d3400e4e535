"""Sitemaps (sitemaps.org): of the lists, and of the news of two days for search engines of news."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from lxml import etree

from aggregator.model import Site, Story
from aggregator.render.public_urls import PublicUrls
from aggregator.text.languages import canonical_language, main_language

__all__ = ["MAX_NEWS", "NEWS_TIME", "news_sitemap", "pages_sitemap", "sitemap_index"]

MAX_NEWS = 1000
"""Stories in a news sitemap, by Google's rules."""
NEWS_TIME = timedelta(hours=48)
_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
_NEWS = "http://www.google.com/schemas/sitemap-news/0.9"


def sitemap_index(paths: Iterable[str], site: Site) -> bytes:
    """The index of the sitemaps at these paths."""
    root = etree.Element(f"{{{_SITEMAP}}}sitemapindex", nsmap={None: _SITEMAP})
    for path in paths:
        _add(_add(root, _SITEMAP, "sitemap"), _SITEMAP, "loc", PublicUrls(site.url).page(path))
    return _document(root)


def pages_sitemap(pages: Iterable[tuple[str, datetime | None]], site: Site) -> bytes:
    """The pages at these paths, each with the time of its last change if that is known."""
    root = etree.Element(f"{{{_SITEMAP}}}urlset", nsmap={None: _SITEMAP})
    for path, changed_at in pages:
        url = _add(root, _SITEMAP, "url")
        _add(url, _SITEMAP, "loc", PublicUrls(site.url).page(path))
        if changed_at:
            _add(url, _SITEMAP, "lastmod", changed_at.isoformat())
    return _document(root)


def news_sitemap(stories: Sequence[Story], site: Site) -> bytes:
    """These stories, at their pages here."""
    root = etree.Element(f"{{{_SITEMAP}}}urlset", nsmap={None: _SITEMAP, "news": _NEWS})
    for story in stories[:MAX_NEWS]:
        url = _add(root, _SITEMAP, "url")
        _add(url, _SITEMAP, "loc", PublicUrls(site.url).story(story.id))
        news = _add(url, _NEWS, "news")
        publication = _add(news, _NEWS, "publication")
        _add(publication, _NEWS, "name", site.title)
        _add(publication, _NEWS, "language", _language(story.lead.language or site.language))
        _add(news, _NEWS, "publication_date", story.published.isoformat())
        _add(news, _NEWS, "title", story.title)
    return _document(root)


def _language(tag: str) -> str:
    """A tag as Google reads it: without a region, except for Chinese."""
    return {"zh-hans": "zh-cn", "zh-hant": "zh-tw"}.get(canonical_language(tag), main_language(tag))


def _add(parent: etree._Element, namespace: str, name: str, text: str = "") -> etree._Element:
    element = etree.SubElement(parent, f"{{{namespace}}}{name}")
    element.text = text or None
    return element


def _document(root: etree._Element) -> bytes:
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
