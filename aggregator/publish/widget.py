"""The widget for partner sites: a topic's headlines, as a script or as a page in a frame.

The script brings what it shows with it, so that a page that lets it run need not let it fetch; it
sets no cookie, asks nobody anything, and writes no HTML, so it runs under the strictest policy.
"""

import json
from typing import Any

from aggregator.model import Site, TopicFeed
from aggregator.publish import pages
from aggregator.publish.addresses import Addresses
from aggregator.publish.shown import Shown, shown

__all__ = ["frame", "script"]


def script(feed: TopicFeed, site: Site, theme: str) -> bytes:
    """JavaScript that shows the headlines where its tag stands."""
    at = Addresses(site.url)
    told = {
        "title": feed.title,
        "url": at.page(feed.path),
        "site": site.title,
        "home": at.page("/"),
        "lang": feed.language,
        "theme": theme,
        "style": pages.file("widget.css").decode(),
        "stories": [_story(item) for item in shown(feed)],
    }
    text = json.dumps(told, ensure_ascii=False, indent=0)
    for letter in "<\u2028\u2029":  # that some reader may take for an end
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return pages.file("widget.js").replace(b"$TOLD", text.encode())


def frame(feed: TopicFeed, site: Site, theme: str) -> bytes:
    """The same as a page without scripts."""
    return pages.frame_page(feed, site, theme)


def _story(item: Shown) -> dict[str, Any]:
    return {
        "title": item.lead.title,
        "url": item.lead.link,
        "outlet": item.source.name,
        "date": item.story.published.isoformat(),
        "lang": item.lead.language,
    }
