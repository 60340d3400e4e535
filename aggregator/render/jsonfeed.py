"""JSON Feed 1.1 (jsonfeed.org)."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from aggregator.model import Feed, Site
from aggregator.render.feed_format import FeedFormat
from aggregator.render.item import FeedItem, feed_items
from aggregator.render.public_urls import PublicUrls

__all__ = ["JSON_FEED", "render_jsonfeed", "with_unknown_parameters"]

MAX_NAMES = 10
MAX_NAME_CHARS = 60
"""Limits of what a document repeats of a request."""


def render_jsonfeed(feed: Feed, site: Site) -> bytes:
    """Render a feed as JSON Feed."""
    urls = PublicUrls(site.url)
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": urls.page(feed.path + feed.query),
        "feed_url": urls.self_url(feed, "json"),
        "next_url": _next_url(feed, site),
        "description": feed.description,
        "language": feed.language,
        "authors": [{"name": site.title, "url": urls.page("/")}],
        "hubs": [{"type": "WebSub", "url": hub} for hub in site.hubs if not feed.archive_page],
        "_removed": [
            {"id": each.public_id, "removed_at": _time(each.removed_at)} for each in feed.tombstones
        ],
        "items": [_item(item) for item in feed_items(feed, site)],
    }
    return json.dumps(_without_empty(document), ensure_ascii=False, indent=1).encode()


def with_unknown_parameters(body: bytes, names: Sequence[str]) -> bytes:
    """A JSON document that names the parameters of the request that mean nothing here, so that
    whoever misspelt one sees it."""
    shown = [name[:MAX_NAME_CHARS] for name in names[:MAX_NAMES]]
    line = f'{{\n "_unknown_parameters": {json.dumps(shown)},\n'
    return body.replace(b"{\n", line.encode(), 1)


def _next_url(feed: Feed, site: Site) -> str:
    """Where the stories before these are: for a server, those that are not among these; in a static
    export, the archive document that is full, which may repeat some."""
    urls = PublicUrls(site.url)
    if feed.next_query and site.has_search and not feed.archive_page:
        return urls.feed(feed.path, "json", feed.next_query)
    return urls.archive(feed.path, feed.older_page, "json") if feed.older_page else ""


def _item(item: FeedItem) -> dict[str, Any]:
    story, lead = item.story, item.lead
    html = item.full_text or (item.description if item.has_site_words else "")
    content = {"content_html": html} if html else {"content_text": item.summary or lead.title}
    return _without_empty(
        {
            "id": story.public_id,
            "url": lead.url,
            "title": story.title,
            **content,
            "summary": item.summary,
            "image": item.image,
            "date_published": _time(story.published),
            "date_modified": _time(story.updated),
            "authors": [{"name": item.author}],
            "tags": list(item.categories),
            "language": lead.language,
            "attachments": [
                _without_empty(
                    {
                        "url": file.url,
                        "mime_type": file.type,
                        "size_in_bytes": file.length,
                    }
                )
                for file in item.enclosures
            ],
            "_editor_note": story.editor_note,
            "_source": _source(item),
        }
    )


def _source(item: FeedItem) -> dict[str, Any]:
    """The `_source` extension: which outlets to credit."""
    outlet = item.source
    return _without_empty(
        {
            "name": outlet.name,
            "headline": item.lead.title if item.story.own_headline else "",
            "url": outlet.site,
            "feed_url": outlet.published_feed,
            "license": item.text_from.license,
            "license_url": item.text_from.license_url,
            "text_from": item.text_from.name if item.text_from != outlet else "",
            "text_url": item.text_url if item.text_from != outlet else "",
            "also_at": [{"name": other.name, "url": other.url} for other in item.also_at],
        }
    )


def _without_empty(document: dict[str, Any]) -> dict[str, Any]:
    """A document without empty values, which JSON Feed asks to leave out; `items` is required."""
    return {key: value for key, value in document.items() if value or key == "items"}


def _time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


JSON_FEED = FeedFormat(
    extension="json",
    name="JSON Feed",
    media_type="application/feed+json; charset=utf-8",
    render=render_jsonfeed,
)
