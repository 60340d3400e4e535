"""Directories for partner scripts: the topics and the outlets, as JSON."""

import json
from collections.abc import Iterable, Sequence

from aggregator.model import Site, Source, Topic
from aggregator.render.formats import FORMATS
from aggregator.render.public_urls import PublicUrls

__all__ = ["sources_json", "topics_json"]


def topics_json(topics: Sequence[Topic], site: Site) -> bytes:
    """All topics, each with its page and feeds."""
    rows = [
        {
            "id": topic.id,
            "title": topic.title,
            "description": topic.description,
            "language": topic.language,
            "former_ids": list(topic.was),
            **_addresses(f"/topics/{topic.id}", site),
        }
        for topic in topics
    ]
    return _document(site, "topics", rows)


def sources_json(sources: Iterable[Source], site: Site) -> bytes:
    """All outlets, each with its site, licence, page and feeds. `own_feed` is null if the outlet's
    feed is private."""
    rows = [
        {
            "id": source.id,
            "name": source.name,
            "site": source.site,
            "own_feed": source.published_feed
            if not source.private_feed or source.public_feed
            else None,
            "license": source.license,
            "license_url": source.license_url,
            "language": source.language or source.fallback_language,
            **_addresses(f"/sources/{source.id}", site),
        }
        for source in sources
    ]
    return _document(site, "sources", rows)


def _addresses(path: str, site: Site) -> dict[str, object]:
    """The page of a list, and its feeds by format."""
    urls = PublicUrls(site.url)
    feeds = {extension: urls.feed(path, extension) for extension in FORMATS}
    return {"url": urls.page(path), "feeds": feeds}


def _document(site: Site, name: str, rows: list[dict[str, object]]) -> bytes:
    document = {"title": site.title, "url": PublicUrls(site.url).page("/"), name: rows}
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()
