"""The widget for partner sites: a topic's headlines, as a script or as a page in a frame.

The script contains the headlines, so a page that allows the script need not allow it any requests
but those for pictures, if the partner wants them. It sets no cookies and writes no HTML, so it runs
under a strict Content-Security-Policy.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from aggregator.model import Feed, Site, WidgetOptions
from aggregator.render.interface import Interface
from aggregator.render.item import FeedItem, feed_items
from aggregator.render.public_urls import PublicUrls
from aggregator.render.static_files import static_file
from aggregator.render.stylesheet import widget_accent
from aggregator.text.html import truncate

__all__ = ["widget_script"]

MAX_SCRIPT_BYTES = 10_000
MAX_HEADLINE_CHARS = 160
MAX_TEASER_CHARS = 200
DEFAULT_OPTIONS = WidgetOptions()


def widget_script(
    feed: Feed,
    site: Site,
    theme: str,
    interface: Interface,
    options: WidgetOptions = DEFAULT_OPTIONS,
) -> bytes:
    """JavaScript that shows the headlines after its own tag, as many as fit MAX_SCRIPT_BYTES. It is
    ASCII, since the page that includes it may have another encoding."""
    urls = PublicUrls(site.url)
    stories = [_story(item, options, urls) for item in feed_items(feed)]
    words = {
        "lang": interface.language,
        "empty": interface.gettext("No stories yet."),
        "more": interface.gettext("All stories") if options.has_more else "",
    }
    while (
        len(script := _script(feed, site, theme, options, words, stories)) > MAX_SCRIPT_BYTES
        and stories
    ):
        stories.pop()
    return script


def _script(
    feed: Feed,
    site: Site,
    theme: str,
    options: WidgetOptions,
    words: Mapping[str, str],
    stories: Sequence[Mapping[str, Any]],
) -> bytes:
    urls = PublicUrls(site.url)
    data = {
        "title": feed.title,
        "url": urls.page(feed.path),
        "site": site.title,
        "home": urls.page("/"),
        "lang": feed.language,
        "theme": theme,
        "style": static_file("widget.css").decode() + widget_accent(options.accent),
        "heading": f"h{options.heading}",
        "words": words,
        "stories": stories,
    }
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    return static_file("widget.js").replace(b"$DATA", text.encode())


def _story(item: FeedItem, options: WidgetOptions, urls: PublicUrls) -> dict[str, Any]:
    teaser = {"teaser": truncate(item.summary, MAX_TEASER_CHARS)} if options.has_teasers else {}
    picture = item.picture if options.has_pictures else None
    path = picture.path("small") if picture else ""
    image = {"image": urls.page(path) if path else picture.url} if picture else {}
    return {
        **teaser,
        **image,
        "title": truncate(item.story.title, MAX_HEADLINE_CHARS),
        "url": item.lead.url,
        "outlet": item.source.name,
        "date": item.story.published.isoformat(),
        "lang": item.lead.language,
    }
