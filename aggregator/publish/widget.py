"""The widget for partner sites: a topic's headlines, as a script or as a page in a frame.

The script brings what it shows with it, so that a page that lets it run need not let it fetch; it
sets no cookie, asks nobody anything, and writes no HTML, so it runs under the strictest policy.
"""

import json
from collections.abc import Sequence
from typing import Any

from aggregator.model import Site, TopicFeed
from aggregator.publish import pages
from aggregator.publish.addresses import Addresses
from aggregator.publish.shown import Shown, shown
from aggregator.text import cut

__all__ = ["frame", "script"]

LARGEST = 10_000
LONGEST_HEADLINE = 160
"""Characters."""


def script(feed: TopicFeed, site: Site, theme: str) -> bytes:
    """JavaScript that shows the headlines where its tag stands; as many of them as go into
    `LARGEST` bytes. It is ASCII, for a page may be read in another encoding than ours."""
    stories = [_story(item) for item in shown(feed)]
    while len(made := _script(feed, site, theme, stories)) > LARGEST and stories:
        stories.pop()
    return made


def _script(feed: TopicFeed, site: Site, theme: str, stories: Sequence[dict[str, Any]]) -> bytes:
    at = Addresses(site.url)
    told = {
        "title": feed.title,
        "url": at.page(feed.path),
        "site": site.title,
        "home": at.page("/"),
        "lang": feed.language,
        "theme": theme,
        "style": pages.file("widget.css").decode(),
        "stories": stories,
    }
    text = json.dumps(told, separators=(",", ":")).replace("<", "\\u003c")
    return pages.file("widget.js").replace(b"$TOLD", text.encode())


def frame(feed: TopicFeed, site: Site, theme: str) -> bytes:
    """The same as a page without scripts."""
    return pages.frame_page(feed, site, theme)


def _story(item: Shown) -> dict[str, Any]:
    return {
        "title": cut(item.lead.title, LONGEST_HEADLINE),
        "url": item.lead.link,
        "outlet": item.source.name,
        "date": item.story.published.isoformat(),
        "lang": item.lead.language,
    }
