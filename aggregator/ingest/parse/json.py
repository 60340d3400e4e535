"""JSON Feed 1.0 and 1.1 (jsonfeed.org)."""

import html
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from aggregator.ingest.parse import channel, limits
from aggregator.ingest.parse.entry_dates import read_dates
from aggregator.ingest.parse.values import (
    MAX_ENCLOSURES,
    FeedContext,
    base_of,
    first_url,
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
from aggregator.text.pictures import Picture, is_picture
from aggregator.text.urls import absolute_url, web_url

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
    feed = FeedContext(
        url=web_url(fetched.url),
        site=absolute_url(fetched.url, to_text(document.get("home_page_url"))),
        language=to_text(document.get("language")),
        author=_authors(document),
    )
    entries, note = read_dates([_json_entry(to_mapping(item), feed) for item in items], feed)
    return ParsedFeed(
        entries=entries,
        format="JSON Feed",
        title=channel.feed_title(html.escape(to_text(document.get("title")))),
        site=feed.site,
        language=feed.language,
        problem=note,
        hub_link=channel.json_hub_link(document, fetched.url),
    )


def _json_entry(item: Mapping[str, Any], feed: FeedContext) -> ParsedEntry:
    link = first_url([item.get("url"), item.get("external_url")], feed.url)
    base = base_of(link, feed)
    enclosures = tuple(_attachments(item, base))
    markup, plain = to_text(item.get("content_html")), to_text(item.get("content_text"))
    tags = item.get("tags")
    return ParsedEntry(
        id=to_text(item.get("id")),
        url=link or first_url([file.url for file in enclosures], base),
        title=_plain(to_text(item.get("title"))),
        summary=_plain(to_text(item.get("summary"))),
        content=Text(value=markup, base=base) if markup.strip() else _plain(plain),
        author=_authors(item) or feed.author,
        published=_json_date(item.get("date_published")),
        updated=_json_date(item.get("date_modified")),
        tags=unique_tags(map(to_text, tags)) if isinstance(tags, list) else (),
        language=to_text(item.get("language")) or feed.language,
        image=_image(item, base, enclosures),
        enclosures=enclosures,
    )


def _authors(given: Mapping[str, Any]) -> str:
    """The authors of an item or a feed (JSON Feed 1.1), or its author (1.0)."""
    rows = mappings_in(given, "authors") or [to_mapping(given.get("author"))]
    names = (person_name(to_text(author.get("name"))) for author in rows)
    return ", ".join(dict.fromkeys(filter(None, names)))


def _image(item: Mapping[str, Any], base: str, enclosures: tuple[Enclosure, ...]) -> str:
    given = [absolute_url(base, to_text(item.get(name))) for name in ("image", "banner_image")]
    given += [file.url for file in enclosures if file.type.startswith("image/")]
    return next((url for url in given if is_picture(Picture(url=url))), "")


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
