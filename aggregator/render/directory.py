"""Directories for partner scripts: the topics and the outlets, as JSON."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from aggregator.model import Site, Source, Tombstone, Topic
from aggregator.render.formats import FORMATS
from aggregator.render.public_urls import PublicUrls

__all__ = ["removed_json", "sources_json", "topics_json"]


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
            "former_ids": list(source.was),
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


def removed_json(tombstones: Sequence[Tombstone], site: Site, query: str, next_query: str) -> bytes:
    """The ids of stories that were taken down, oldest first; `next_url` leads to those that were
    taken down later."""
    urls = PublicUrls(site.url)
    rows: list[dict[str, object]] = [
        {"id": each.public_id, "removed_at": _time(each.removed_at)} for each in tombstones
    ]
    more = {"next_url": urls.page(f"/removed.json{next_query}")} if next_query else {}
    return _document(
        site, "removed", rows, {"feed_url": urls.page(f"/removed.json{query}"), **more}
    )


def _time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _addresses(path: str, site: Site) -> dict[str, object]:
    """The page of a list, and its feeds by format."""
    urls = PublicUrls(site.url)
    feeds = {extension: urls.feed(path, extension) for extension in FORMATS}
    return {"url": urls.page(path), "feeds": feeds}


def _document(
    site: Site,
    name: str,
    rows: list[dict[str, object]],
    more: Mapping[str, object] = MappingProxyType({}),
) -> bytes:
    document = {"title": site.title, "url": PublicUrls(site.url).page("/"), **more, name: rows}
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()
