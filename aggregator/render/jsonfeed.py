"""JSON Feed 1.1 (jsonfeed.org)."""

import json
from datetime import datetime
from typing import Any

from aggregator.model import Feed, Site
from aggregator.render.item import FeedItem, feed_items
from aggregator.render.public_urls import PublicUrls

__all__ = ["jsonfeed"]


def jsonfeed(feed: Feed, site: Site) -> bytes:
    """The feed as JSON Feed."""
    at = PublicUrls(site.url)
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": at.page(feed.path + feed.query),
        "feed_url": at.self_url(feed, "json"),
        "next_url": at.archive(feed.path, feed.older_page, "json") if feed.older_page else "",
        "description": feed.description,
        "language": feed.language,
        "authors": [{"name": site.title, "url": at.page("/")}],
        "hubs": [{"type": "WebSub", "url": hub} for hub in site.hubs if not feed.archive_page],
        "items": [_item(item) for item in feed_items(feed, site.credit_line)],
    }
    return json.dumps(_filled(document), ensure_ascii=False, indent=1).encode()


def _item(item: FeedItem) -> dict[str, Any]:
    story, lead = item.story, item.lead
    html = item.full_text or (item.description if item.credit_line else "")
    content = {"content_html": html} if html else {"content_text": item.summary or lead.title}
    return _filled(
        {
            "id": story.public_id,
            "url": lead.url,
            "title": lead.title,
            **content,
            "summary": item.summary,
            "image": item.image,
            "date_published": _time(story.published),
            "date_modified": _time(story.updated),
            "authors": [{"name": item.author}],
            "tags": list(item.categories),
            "language": lead.language,
            "attachments": [
                _filled(
                    {
                        "url": file.url,
                        "mime_type": file.type,
                        "size_in_bytes": file.length,
                    }
                )
                for file in item.enclosures
            ],
            "_source": _source(item),
        }
    )


def _source(item: FeedItem) -> dict[str, Any]:
    """Our extension (an underscore, as the specification asks): who is to be credited."""
    outlet = item.source
    return _filled(
        {
            "name": outlet.name,
            "url": outlet.site,
            "feed_url": outlet.published_feed,
            "license": item.text_from.license,
            "license_url": item.text_from.license_url,
            "text_from": item.text_from.name if item.text_from != outlet else "",
            "text_url": item.text_url if item.text_from != outlet else "",
            "also_at": [{"name": other.name, "url": other.url} for other in item.also_at],
        }
    )


def _filled(document: dict[str, Any]) -> dict[str, Any]:
    """Without what is empty; JSON Feed asks to leave such keys out."""
    return {key: value for key, value in document.items() if value or key == "items"}


def _time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
