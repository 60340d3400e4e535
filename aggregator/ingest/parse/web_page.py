"""The feeds that a web page announces (RSS Autodiscovery; HTML, link type `alternate`)."""

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from aggregator.model import AnnouncedFeed
from aggregator.text.html import one_line
from aggregator.text.urls import absolute_url, web_url

__all__ = ["MAX_ANNOUNCED_FEEDS", "announced_feeds"]

MAX_PAGE_BYTES = 2_000_000
"""Bytes of a web page in which feeds are looked for."""
MAX_ANNOUNCED_FEEDS = 20
"""Feeds of a web page that are considered."""
MAX_TITLE_CHARS = 100
MAX_URL_CHARS = 2_000

_FEED_TYPES = frozenset((
    "application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json",
    "application/rss", "application/atom", "text/rss+xml", "text/atom+xml",
))  # fmt: skip
_LOOSE_TYPES = frozenset(("application/xml", "text/xml", "application/json", "text/rss"))
"""Types that some give to feeds, and others to something else."""
_FEED_PATH = re.compile(
    r"(?:/(?:feed|feeds|rss|atom)/?|\.(?:rss|atom|rdf)|/(?:rss|atom|feed|index|rss2)\.(?:xml|json)"
    r"|[?&]feed=\w+)$",
    re.IGNORECASE,
)
_COMMENTS = re.compile(r"/comments?(?:/|$)|\bcomments?\b|comentarios|kommentare", re.IGNORECASE)


def announced_feeds(page: bytes, url: str) -> tuple[AnnouncedFeed, ...]:
    """The feeds that the page at `url` names: those in its head, else those that its text links to;
    feeds of comments come last."""
    tree = LexborHTMLParser(page[:MAX_PAGE_BYTES])
    base = _base(tree, url)
    found: dict[str, AnnouncedFeed] = {}
    for node in [*_alternates(tree)] or _links(tree):
        target = web_url(absolute_url(base, (node.attributes.get("href") or "").strip()))
        if target and target != web_url(url) and len(target) <= MAX_URL_CHARS:
            title = one_line(node.attributes.get("title") or node.text(), MAX_TITLE_CHARS)
            found.setdefault(target, AnnouncedFeed(url=target, title=title))
    ranked = sorted(found.values(), key=_is_about_comments)
    return tuple(ranked[:MAX_ANNOUNCED_FEEDS])


def _base(tree: LexborHTMLParser, url: str) -> str:
    node = tree.css_first("base[href]")
    given = (node.attributes.get("href") or "").strip() if node else ""
    return absolute_url(url, given) or url


def _alternates(tree: LexborHTMLParser) -> Iterator[LexborNode]:
    for node in tree.css("link[rel][href]"):
        relations = (node.attributes.get("rel") or "").lower().split()
        type_ = (node.attributes.get("type") or "").lower().partition(";")[0].strip()
        href = node.attributes.get("href") or ""
        is_loose = (type_ in _LOOSE_TYPES or not type_) and bool(_FEED_PATH.search(href))
        is_alternate = "alternate" in relations and (type_ in _FEED_TYPES or is_loose)
        if is_alternate or "feed" in relations:
            yield node


def _links(tree: LexborHTMLParser) -> Iterator[LexborNode]:
    for node in tree.css("a[href]"):
        if _FEED_PATH.search(node.attributes.get("href") or ""):
            yield node


def _is_about_comments(feed: AnnouncedFeed) -> bool:
    return bool(_COMMENTS.search(feed.url) or _COMMENTS.search(feed.title))
