"""What a page is about, for search engines and for programs that show a link: JSON-LD
(schema.org) and Open Graph (ogp.me)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from aggregator.model import CARD_HEIGHT, CARD_WIDTH, Feed, Site
from aggregator.render.item import FeedItem
from aggregator.render.page_pictures import StoryPicture
from aggregator.render.public_urls import PublicUrls
from aggregator.text.html import truncate

__all__ = ["Metadata", "list_metadata", "site_metadata", "story_metadata"]

MAX_DESCRIPTION_CHARS = 300

Metadata = Mapping[str, Any]
"""`description`, `properties` of Open Graph as pairs, and `json_ld` as text that is safe inside a
script element."""


def story_metadata(item: FeedItem, site: Site) -> Metadata:
    """The metadata of a story's page: an article that is based on the outlet's. Its image is its
    picture if that may be shown, else a card."""
    urls, lead = PublicUrls(site.url), item.lead
    url = urls.story(item.story.id)
    picture = _picture_properties(item.picture, urls) if item.picture else {}
    is_person = item.author != item.source.name
    outlet = {"@type": "NewsMediaOrganization", "name": item.source.name, "url": item.source.site}
    data = {
        "@type": "NewsArticle",
        "headline": truncate(item.story.title, 110),
        "alternativeHeadline": lead.title if item.story.own_headline else "",
        "description": item.summary,
        "image": picture["og:image"] if picture else "",
        "url": url,
        "mainEntityOfPage": url,
        "datePublished": item.story.published.isoformat(),
        "dateModified": item.story.updated.isoformat(),
        "inLanguage": lead.language,
        "author": {"@type": "Person", "name": item.author} if is_person else outlet,
        "publisher": outlet,
        "license": item.text_from.license_url,
        "isBasedOn": {"@type": "NewsArticle", "url": lead.url, "publisher": outlet},
        "isPartOf": {"@type": "WebSite", "name": site.title, "url": urls.page("/")},
    }
    properties = {
        "og:type": "article",
        "og:title": item.story.title,
        "og:description": _shortened(item.summary),
        "og:url": url,
        "article:published_time": item.story.published.isoformat(),
        **(picture or _card_properties(f"{url}.png")),
    }
    return _metadata(data, properties, site, item.summary)


def list_metadata(feed: Feed, path: str, items: Sequence[FeedItem], site: Site) -> Metadata:
    """The metadata of a page of a list."""
    urls = PublicUrls(site.url)
    data = {
        "@type": "CollectionPage",
        "name": feed.title,
        "description": feed.description,
        "url": urls.page(path),
        "inLanguage": feed.language,
        "isPartOf": {"@type": "WebSite", "name": site.title, "url": urls.page("/")},
        "mainEntity": {
            "@type": "ItemList",
            "itemListElement": [
                {"@type": "ListItem", "position": number, "url": urls.story(item.story.id)}
                for number, item in enumerate(items, 1)
            ],
        },
    }
    properties = {
        "og:type": "website",
        "og:title": feed.title,
        "og:description": _shortened(feed.description) or site.description,
        "og:url": urls.page(path),
        **_card_properties(urls.page(f"{feed.path}.png")),
    }
    headlines = "; ".join(item.story.title for item in items[:3])
    return _metadata(data, properties, site, feed.description or headlines)


def site_metadata(site: Site) -> Metadata:
    """The metadata of the home page."""
    urls = PublicUrls(site.url)
    data: dict[str, Any] = {
        "@type": "WebSite",
        "name": site.title,
        "description": site.description,
        "url": urls.page("/"),
        "inLanguage": site.language,
    }
    properties = {
        "og:type": "website",
        "og:title": site.title,
        "og:description": site.description,
        "og:url": urls.page("/"),
        **_card_properties(urls.page("/card.png")),
    }
    return _metadata(data, properties, site, site.description)


def _card_properties(url: str) -> dict[str, str]:
    return {
        "og:image": url,
        "og:image:width": str(CARD_WIDTH),
        "og:image:height": str(CARD_HEIGHT),
        "twitter:card": "summary_large_image",
    }


def _picture_properties(picture: StoryPicture, urls: PublicUrls) -> dict[str, str]:
    thumbnail = picture.thumbnail
    size = (
        {"og:image:width": str(thumbnail.width), "og:image:height": str(thumbnail.height)}
        if thumbnail
        else {}
    )
    return {
        "og:image": urls.page(picture.path("large")) if thumbnail else picture.url,
        "og:image:alt": picture.alt,
        **size,
        "twitter:card": "summary_large_image",
    }


def _metadata(
    data: Mapping[str, Any], properties: Mapping[str, str], site: Site, description: str
) -> Metadata:
    json_ld = {"@context": "https://schema.org", **_without_empty(data)}
    text = json.dumps(json_ld, ensure_ascii=False, separators=(",", ":"))
    given = {**properties, "og:site_name": site.title}
    return {
        "description": _shortened(description),
        "properties": [(name, value) for name, value in given.items() if value],
        "json_ld": text.replace("<", "\\u003c").replace("&", "\\u0026"),
    }


def _shortened(text: str) -> str:
    return truncate(text, MAX_DESCRIPTION_CHARS)


def _without_empty(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _without_empty(value) if isinstance(value, Mapping) else value
        for key, value in data.items()
        if value
    }
