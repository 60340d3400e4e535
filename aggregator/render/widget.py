"""The widget for partner sites: a topic's headlines, as a script or as a page in a frame.

The script contains the headlines, so a page that allows the script need not allow it any requests.
It sets no cookies, sends no requests and writes no HTML, so it runs under a strict
Content-Security-Policy.
"""

import json
from collections.abc import Sequence
from typing import Any

from aggregator.model import Feed, Site
from aggregator.render.interface import Interface
from aggregator.render.item import FeedItem, feed_items
from aggregator.render.public_urls import PublicUrls
from aggregator.render.static_files import static_file
from aggregator.text.html import truncate

__all__ = ["widget_script"]

MAX_SCRIPT_BYTES = 10_000
MAX_HEADLINE_CHARS = 160


def widget_script(feed: Feed, site: Site, theme: str, interface: Interface) -> bytes:
    """JavaScript that shows the headlines after its own tag, as many as fit MAX_SCRIPT_BYTES. It is
    ASCII, since the page that includes it may have another encoding."""
    stories = [_story(item) for item in feed_items(feed)]
    empty = {"text": interface.gettext("No stories yet."), "lang": interface.language}
    while len(script := _script(feed, site, theme, stories, empty)) > MAX_SCRIPT_BYTES and stories:
        stories.pop()
    return script


def _script(
    feed: Feed,
    site: Site,
    theme: str,
    stories: Sequence[dict[str, Any]],
    empty: dict[str, str],
) -> bytes:
    urls = PublicUrls(site.url)
    data = {
        "title": feed.title,
        "url": urls.page(feed.path),
        "site": site.title,
        "home": urls.page("/"),
        "lang": feed.language,
        "theme": theme,
        "style": static_file("widget.css").decode(),
        "empty": empty,
        "stories": stories,
    }
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    return static_file("widget.js").replace(b"$DATA", text.encode())


def _story(item: FeedItem) -> dict[str, Any]:
    return {
        "title": truncate(item.lead.title, MAX_HEADLINE_CHARS),
        "url": item.lead.url,
        "outlet": item.source.name,
        "date": item.story.published.isoformat(),
        "lang": item.lead.language,
    }
