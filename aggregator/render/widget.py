"""The widget for partner sites: a topic's headlines, as a script or as a page in a frame.

The script brings what it shows with it, so that a page that lets it run need not let it fetch; it
sets no cookie, asks nobody anything, and writes no HTML, so it runs under the strictest policy.
"""

import json
from collections.abc import Sequence
from typing import Any

from aggregator.model import Feed, Site
from aggregator.render import pages
from aggregator.render.item import FeedItem, feed_items
from aggregator.render.public_urls import PublicUrls
from aggregator.text.html import truncate

__all__ = ["widget_frame", "widget_script"]

MAX_SCRIPT_BYTES = 10_000
MAX_HEADLINE_CHARS = 160
"""Characters."""


def widget_script(feed: Feed, site: Site, theme: str) -> bytes:
    """JavaScript that shows the headlines where its tag stands; as many of them as go into
    `LARGEST` bytes. It is ASCII, for a page may be read in another encoding than ours."""
    stories = [_story(item) for item in feed_items(feed)]
    while len(made := _script(feed, site, theme, stories)) > MAX_SCRIPT_BYTES and stories:
        stories.pop()
    return made


def _script(feed: Feed, site: Site, theme: str, stories: Sequence[dict[str, Any]]) -> bytes:
    at = PublicUrls(site.url)
    told = {
        "title": feed.title,
        "url": at.page(feed.path),
        "site": site.title,
        "home": at.page("/"),
        "lang": feed.language,
        "theme": theme,
        "style": pages.static_file("widget.css").decode(),
        "stories": stories,
    }
    text = json.dumps(told, separators=(",", ":")).replace("<", "\\u003c")
    return pages.static_file("widget.js").replace(b"$TOLD", text.encode())


def widget_frame(feed: Feed, site: Site, theme: str) -> bytes:
    """The same as a page without scripts."""
    return pages.widget_page(feed, site, theme)


def _story(item: FeedItem) -> dict[str, Any]:
    return {
        "title": truncate(item.lead.title, MAX_HEADLINE_CHARS),
        "url": item.lead.url,
        "outlet": item.source.name,
        "date": item.story.published.isoformat(),
        "lang": item.lead.language,
    }
