"""Bytes become a ParsedFeed, as given: nothing is cleaned, nothing is judged.

    Fetched --JSON?--> JSON Feed 1.0, 1.1
            --else---> feedparser: RSS 0.90-2.0, RDF, Atom 0.3, 1.0, CDF

feedparser gets bytes, so that the XML declaration's encoding counts, and neither
sanitizes nor resolves (72-95 % of its time, and ours to do for new entries only).
It is not told the feed's address either, else it would rewrite ids that merely look
relative and they would change with the host; addresses are made absolute here.

Raises nothing for what an outlet sends: a body that is no feed is `Failed`.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from time import struct_time
from typing import Any
from urllib.parse import urljoin

import feedparser

from aggregator.ingest.parse import channel, limits
from aggregator.model import Enclosure, Failed, Fetched, ParsedEntry, ParsedFeed, Text

__all__ = ["parse"]

MAX_TAGS = 50
MAX_ENCLOSURES = 20
MAX_SALVAGED_BYTES = 20_000_000
"""To read entries one by one, each with the head of the feed."""
_BEFORE_ENTRY = re.compile(rb"(?=<(?:[\w.-]+:)?(?:item|entry)[\s</>])", re.IGNORECASE)
_BAD_REFERENCE = re.compile(
    rb"&#(?:[xX]0{0,8}(?:[dD][89a-fA-F][0-9a-fA-F]{2}|[0-9a-fA-F]{6,12})"
    rb"|0{0,8}(?:5[5-7][0-9]{3}|[0-9]{7,12}));"
)
_REFERENCES = re.compile(rb"(?:&#(?:[xX][0-9a-fA-F]{1,20}|[0-9]{1,20});)+")
_VOID = re.compile(r"<(area|br|col|hr|img|source|track|wbr)\b([^<>]*)></\1>")


def parse(fetched: Fetched) -> ParsedFeed | Failed:
    """Read a feed of any format."""
    fetched = limits.to_utf8(fetched)
    if not fetched.body.strip(b"\x00\t\r\n\xef\xbb\xbf "):
        return Failed(error="The feed is empty: no bytes came.", status=fetched.status)
    if limits.is_json(fetched.body):
        return _parse_json(fetched)
    return _parse_xml(fetched)


# ---- RSS, RDF, Atom ----------------------------------------------------------------


def _parse_xml(fetched: Fetched) -> ParsedFeed | Failed:
    if fault := limits.xml_problem(fetched.body):
        error = _not_a_feed(fetched) if fault == limits.NOT_A_FEED else fault
        return Failed(error=error, status=fetched.status)
    content_type = fetched.content_type or "application/xml"
    body = _repair_references(limits.strip_entity_bombs(fetched.body))
    document = _document(body, content_type)
    if document is None:
        return _parse_entry_by_entry(body, content_type, fetched)
    if not document["version"] and not document["entries"]:
        return Failed(error=_not_a_feed(fetched), status=fetched.status)
    entries = _entries(document, fetched.url)
    if entries and document["bozo"] and _is_cut_off(fetched.body):
        entries[-1] = ParsedEntry(
            id=entries[-1].id,
            url=entries[-1].url,
            title=entries[-1].title,
            broken="the feed was cut off in the middle of this entry",
        )
    return ParsedFeed(
        entries=tuple(entries),
        problem=_problem(document),
        polling_hints=channel.polling_hints(document["feed"], fetched.body),
        hub_link=channel.hub_link(document["feed"], fetched.url),
    )


def _document(body: bytes, content_type: str) -> Mapping[str, Any] | None:
    """What feedparser makes of a body; None if it stumbles.

    It stumbles over some broken documents in ways of its own: KeyError, IndexError,
    AttributeError, TypeError, AssertionError and more were seen (benchmarks/fuzz.py).
    """
    try:
        document: Mapping[str, Any] = feedparser.parse(
            body,
            response_headers={"content-type": content_type},
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except MemoryError:
        raise
    except Exception:
        return None
    return document


def _entries(document: Mapping[str, Any], url: str) -> list[ParsedEntry]:
    """All entries; what feedparser made of them is given up one by one, since it is large."""
    language = _text(document["feed"].get("language"))
    items = document["entries"]
    items.reverse()
    return [_entry(items.pop(), url, language) for _ in range(len(items))]


def _parse_entry_by_entry(body: bytes, content_type: str, fetched: Fetched) -> ParsedFeed | Failed:
    """The entries of a document that cannot be read as a whole, one by one.

    Those that cannot be read alone either are broken; they cost no other.
    """
    head, *pieces = _BEFORE_ENTRY.split(body)
    is_much = len(head) * len(pieces) > MAX_SALVAGED_BYTES
    whole = None if is_much else _document(head, content_type)
    if not pieces or whole is None:
        return Failed(error="The feed is so broken that it cannot be read.", status=fetched.status)
    entries: list[ParsedEntry] = []
    for piece in pieces:
        document = _document(head + piece, content_type)
        if document is None:
            digest = hashlib.blake2b(piece, digest_size=8).hexdigest()
            entries.append(ParsedEntry(id=f"broken {digest}", broken="it cannot be read"))
        else:
            entries += _entries(document, fetched.url)
    problem = "The feed is so broken that it was read entry by entry."
    return ParsedFeed(
        entries=tuple(entries),
        problem=problem,
        polling_hints=channel.polling_hints(whole["feed"], head),
        hub_link=channel.hub_link(whole["feed"], fetched.url),
    )


def _repair_references(body: bytes) -> bytes:
    """Without character references that no character has, on which feedparser gives up.

    Some programs write an emoji as two halves, `&#xD83C;&#xDF89;`; those are joined.
    """
    return _REFERENCES.sub(_repair_reference_run, body) if _BAD_REFERENCE.search(body) else body


def _repair_reference_run(run: re.Match[bytes]) -> bytes:
    codes = [
        int(code[1:], 16) if code[:1] in b"xX" else int(code)
        for code in re.findall(rb"&#(\w+);", run[0])
    ]
    halves = "".join(chr(code) for code in codes if 0 < code < 0x110000)
    whole = halves.encode("utf-16", "surrogatepass").decode("utf-16", "ignore")
    return b"".join(b"&#%d;" % ord(character) for character in whole)


def _entry(item: dict[str, Any], feed_url: str, language: str) -> ParsedEntry:
    contents = [text for row in _rows(item, "content") if (text := _text_of(row, feed_url))]
    enclosures = tuple(_enclosures(item, feed_url))
    return ParsedEntry(
        id=_text(item.get("id")),
        url=_link(item, feed_url, enclosures),
        title=_text_of(item.get("title_detail"), feed_url),
        summary=_text_of(item.get("summary_detail"), feed_url),
        content=max(contents, key=lambda text: len(text.value), default=None),
        author=_author(item),
        published=_date(item, "published") or _date(item, "created"),
        updated=_date(item, "updated"),
        tags=_tags(_text(tag.get("label") or tag.get("term")) for tag in _rows(item, "tags")),
        language=_text(_mapping(item.get("title_detail")).get("language")) or language,
        image=_image(item, feed_url, enclosures),
        enclosures=enclosures,
        source_feeds=_origins(item),
        source_urls=_originals(item, feed_url),
    )


def _origins(item: Mapping[str, Any]) -> tuple[str, ...]:
    """atom:source's id and links (RFC 4287 4.2.11), or the address in RSS's source."""
    source = _mapping(item.get("source"))
    given = [source.get("id"), source.get("href"), *(r.get("href") for r in _rows(source, "links"))]
    return tuple(dict.fromkeys(address for value in given if (address := _text(value))))


def _originals(item: Mapping[str, Any], base: str) -> tuple[str, ...]:
    """Where the article stands if not at its link: rel=canonical (RFC 6596), and what
    FeedBurner has hidden behind a link of its own."""
    given = [row.get("href") for row in _rows(item, "links") if row.get("rel") == "canonical"]
    given.append(item.get("feedburner_origlink"))
    return tuple(found for value in given if (found := _absolute(base, _text(value))))


def _link(item: Mapping[str, Any], base: str, enclosures: tuple[Enclosure, ...]) -> str:
    """The article's address; a podcast that has no page is known by its file."""
    alternates = [row.get("href") for row in _rows(item, "links") if row.get("rel") == "alternate"]
    candidates = [item.get("link"), *alternates, *(file.url for file in enclosures)]
    return next((found for given in candidates if (found := _absolute(base, _text(given)))), "")


def _author(item: Mapping[str, Any]) -> str:
    whole = _text(item.get("author"))
    names = [_text(author.get("name")) for author in _rows(item, "authors")]
    if "@" in whole or not any(names):  # feedparser cuts mail addresses at the wrong letter
        names = [whole]
    return ", ".join(dict.fromkeys(filter(None, map(_person, names))))


def _person(name: str) -> str:
    """`a@b.org (Name)`, the form that RSS asks for, is `Name`; addresses stay private."""
    named = re.fullmatch(r"\s*\S+@\S+\s*\((.+)\)\s*", name)
    return named.group(1).strip() if named else re.sub(r"\S+@\S+\.\S+", "", name).strip()


def _enclosures(item: Mapping[str, Any], base: str) -> Iterable[Enclosure]:
    given = [row for row in _rows(item, "links") if row.get("rel") == "enclosure"]
    for row in given[:MAX_ENCLOSURES]:
        if url := _absolute(base, _text(row.get("href"))):
            length = _text(row.get("length"))
            yield Enclosure(
                url=url,
                type=_text(row.get("type")),
                length=int(length) if re.fullmatch(r"[0-9]{1,15}", length) else 0,
            )


def _image(item: Mapping[str, Any], base: str, enclosures: tuple[Enclosure, ...]) -> str:
    pictures = [
        row.get("url")
        for row in _rows(item, "media_content")
        if row.get("medium") == "image" or _text(row.get("type")).startswith("image/")
    ]
    pictures += [row.get("url") for row in _rows(item, "media_thumbnail")]
    pictures += [_mapping(item.get("image")).get("href")]
    pictures += [file.url for file in enclosures if file.type.startswith("image/")]
    return next((found for given in pictures if (found := _absolute(base, _text(given)))), "")


def _date(item: dict[str, Any], name: str) -> datetime | str | None:
    # dict.get, because feedparser's own get() answers "published" when asked for "updated"
    parsed = dict.get(item, f"{name}_parsed")
    if isinstance(parsed, struct_time):
        with suppress(ValueError):  # a 60th second, say; the text is tried again in cleaning
            return datetime(*parsed[:6], tzinfo=UTC)
    return _text(dict.get(item, name)) or None


def _text_of(detail: object, base: str) -> Text | None:
    detail = _mapping(detail)
    value = _text(detail.get("value"))
    if not value.strip():
        return None
    if detail.get("type") == "application/xhtml+xml":
        value = _VOID.sub(r"<\1\2>", value)  # feedparser closes them, HTML would see two
    own_base = _absolute(base, _text(detail.get("base"))) or base
    return Text(value=value, is_html=detail.get("type") != "text/plain", base=own_base)


def _rows(item: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    value = item.get(name)
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def _is_cut_off(body: bytes) -> bool:
    """True if the last entry's end is missing."""
    opened = max(body.rfind(b"<item"), body.rfind(b"<entry"))
    closed = max(body.rfind(b"</item"), body.rfind(b"</entry"))
    return opened > closed


def _problem(document: Mapping[str, Any]) -> str:
    error = document.get("bozo_exception")
    if not document["bozo"] or isinstance(error, feedparser.CharacterEncodingOverride):
        return ""
    return f"The feed is not well-formed, but could be read ({error})."


def _not_a_feed(fetched: Fetched) -> str:
    start = fetched.body[:2000].lower()
    if b"<html" in start or b"<!doctype html" in start or "html" in fetched.content_type:
        return "A web page came instead of a feed; open the feed's address in a browser to see."
    kind = fetched.content_type or "no content type"
    return f"What came is no feed that we can read ({kind}, {len(fetched.body)} bytes)."


# ---- JSON Feed ---------------------------------------------------------------------


def _parse_json(fetched: Fetched) -> ParsedFeed | Failed:
    if fault := limits.json_problem(fetched.body):
        return Failed(error=fault, status=fetched.status)
    try:
        document = json.loads(fetched.body, parse_int=_short_int)
    except RecursionError:
        return Failed(error="The JSON Feed cannot be read: it is nested too deeply.")
    except ValueError as error:
        return Failed(error=f"The JSON Feed cannot be read: {error}.", status=fetched.status)
    items = document.get("items") if isinstance(document, dict) else None
    if not isinstance(items, list):
        return Failed(error="The JSON that came is no JSON Feed: it has no items.")
    base = fetched.url
    language = _text(document.get("language"))
    return ParsedFeed(
        entries=tuple(_json_entry(_mapping(item), base, language) for item in items),
        hub_link=channel.json_hub_link(document, base),
    )


def _json_entry(item: Mapping[str, Any], base: str, language: str) -> ParsedEntry:
    enclosures = tuple(_attachments(item, base))
    link = _text(item.get("url")) or _text(item.get("external_url"))
    html, plain = _text(item.get("content_html")), _text(item.get("content_text"))
    authors = [*_rows(item, "authors"), _mapping(item.get("author"))]
    tags = item.get("tags")
    return ParsedEntry(
        id=_text(item.get("id")),
        url=_absolute(base, link) or next((file.url for file in enclosures), ""),
        title=_plain(_text(item.get("title"))),
        summary=_plain(_text(item.get("summary"))),
        content=Text(value=html, base=base) if html.strip() else _plain(plain),
        author=", ".join(filter(None, (_person(_text(author.get("name"))) for author in authors))),
        published=_json_date(item.get("date_published")),
        updated=_json_date(item.get("date_modified")),
        tags=_tags(map(_text, tags)) if isinstance(tags, list) else (),
        language=_text(item.get("language")) or language,
        image=_absolute(base, _text(item.get("image")) or _text(item.get("banner_image"))),
        enclosures=enclosures,
    )


def _short_int(digits: str) -> int | str:
    """A number; one longer than any size is text, since reading it takes time for nothing."""
    return int(digits) if len(digits) <= 20 else digits


def _attachments(item: Mapping[str, Any], base: str) -> Iterable[Enclosure]:
    for row in _rows(item, "attachments")[:MAX_ENCLOSURES]:
        size = row.get("size_in_bytes")
        if url := _absolute(base, _text(row.get("url"))):
            yield Enclosure(
                url=url,
                type=_text(row.get("mime_type")),
                length=size if isinstance(size, int) and 0 < size < 10**15 else 0,
            )


def _json_date(given: object) -> datetime | str | None:
    text = _text(given)
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # year 1 and year 9999 have neighbours in other zones
        return text or None


def _plain(text: str) -> Text | None:
    return Text(value=text, is_html=False) if text.strip() else None


# ---- both --------------------------------------------------------------------------


def _absolute(base: str, address: str) -> str:
    """The address seen from the base, or nothing if it is no http address."""
    address = re.sub(r"[\t\r\n]", "", address.strip())
    if not address:
        return ""
    try:
        joined = urljoin(base, address)
    except ValueError:
        return ""
    return joined if re.match(r"https?://[^/\s]", joined, re.IGNORECASE) else ""


def _tags(given: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tag for tag in given if tag.strip()))[:MAX_TAGS]


def _text(value: object) -> str:
    if isinstance(value, str):
        return value if value.isascii() else _without_surrogates(value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _without_surrogates(text: str) -> str:
    """Without halves of surrogate pairs, which JSON can say and UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode()


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
