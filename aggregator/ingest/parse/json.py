"""JSON Feed 1.0 and 1.1 (jsonfeed.org)."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from aggregator.ingest.parse import channel, limits
from aggregator.ingest.parse.values import (
    MAX_ENCLOSURES,
    mappings_in,
    person_name,
    to_mapping,
    to_text,
    unique_tags,
)
from aggregator.model import (
    Enclosure,
    Failed,
    FailureKind,
    Fetched,
    ParsedEntry,
    ParsedFeed,
    Text,
)
from aggregator.text.dates import parse_iso_date
from aggregator.text.urls import absolute_url

__all__ = ["parse_json"]


def parse_json(fetched: Fetched) -> ParsedFeed | Failed:
    """Parse a JSON Feed."""
    if problem := limits.json_problem(fetched.body):
        return Failed(kind=FailureKind.TOO_LARGE, error=problem, status=fetched.status)
    try:
        document = json.loads(fetched.body, parse_int=_short_int)
    except RecursionError:
        sentence = "The JSON Feed cannot be read: it is nested too deeply."
        return Failed(kind=FailureKind.MALFORMED, error=sentence, status=fetched.status)
    except ValueError as error:
        sentence = f"The JSON Feed cannot be read: {error}."
        return Failed(kind=FailureKind.MALFORMED, error=sentence, status=fetched.status)
    items = document.get("items") if isinstance(document, dict) else None
    if not isinstance(items, list):
        sentence = "This JSON is not a JSON Feed: it has no items."
        return Failed(kind=FailureKind.NOT_A_FEED, error=sentence, status=fetched.status)
    base = fetched.url
    language = to_text(document.get("language"))
    return ParsedFeed(
        entries=tuple(_json_entry(to_mapping(item), base, language) for item in items),
        hub_link=channel.json_hub_link(document, base),
    )


def _json_entry(item: Mapping[str, Any], base: str, language: str) -> ParsedEntry:
    enclosures = tuple(_attachments(item, base))
    link = to_text(item.get("url")) or to_text(item.get("external_url"))
    html, plain = to_text(item.get("content_html")), to_text(item.get("content_text"))
    authors = [*mappings_in(item, "authors"), to_mapping(item.get("author"))]
    tags = item.get("tags")
    return ParsedEntry(
        id=to_text(item.get("id")),
        url=absolute_url(base, link) or next((file.url for file in enclosures), ""),
        title=_plain(to_text(item.get("title"))),
        summary=_plain(to_text(item.get("summary"))),
        content=Text(value=html, base=base) if html.strip() else _plain(plain),
        author=", ".join(
            filter(None, (person_name(to_text(author.get("name"))) for author in authors))
        ),
        published=_json_date(item.get("date_published")),
        updated=_json_date(item.get("date_modified")),
        tags=unique_tags(map(to_text, tags)) if isinstance(tags, list) else (),
        language=to_text(item.get("language")) or language,
        image=absolute_url(base, to_text(item.get("image")) or to_text(item.get("banner_image"))),
        enclosures=enclosures,
    )


def _short_int(digits: str) -> int | str:
    """The number; a longer one stays text, since converting it would be slow."""
    return int(digits) if len(digits) <= 20 else digits


def _attachments(item: Mapping[str, Any], base: str) -> Iterable[Enclosure]:
    for row in mappings_in(item, "attachments")[:MAX_ENCLOSURES]:
        size = row.get("size_in_bytes")
        if url := absolute_url(base, to_text(row.get("url"))):
            yield Enclosure(
                url=url,
                type=to_text(row.get("mime_type")),
                length=size if isinstance(size, int) and 0 < size < 10**15 else 0,
            )


def _json_date(given: object) -> datetime | str | None:
    text = to_text(given)
    return parse_iso_date(text) or text or None


def _plain(text: str) -> Text | None:
    return Text(value=text, is_html=False) if text.strip() else None
