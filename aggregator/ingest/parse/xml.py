"""RSS 0.90 to 2.0, RDF, Atom 0.3 and 1.0, CDF, by feedparser; clean documents by a faster reader
that gives the same (fast_xml.py).

feedparser gets UTF-8, whatever the document was in (`charset`). It neither sanitizes nor
resolves URLs: that takes 72-95 % of its time, and is done later, for new entries only. It does not
get the feed's URL either, else it would rewrite ids that merely look relative, and they would
change with the host; URLs are made absolute here.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any
from xml.sax import SAXParseException

import feedparser

from aggregator.ingest.parse import channel, limits
from aggregator.ingest.parse.entry_dates import read_dates
from aggregator.ingest.parse.fast_names import Declined
from aggregator.ingest.parse.fast_xml import read_fast
from aggregator.ingest.parse.feedparser_ext import tidy_prolog
from aggregator.ingest.parse.references import repair_references
from aggregator.ingest.parse.values import join_sentences, to_text
from aggregator.ingest.parse.web_page import announced_feeds
from aggregator.ingest.parse.xml_entry import feed_context, parse_entry, site_of
from aggregator.model import Failed, FailureKind, Fetched, ParsedEntry, ParsedFeed

__all__ = ["parse_xml", "repaired"]

MAX_SALVAGED_BYTES = 20_000_000
"""Bytes of the feed's head that are parsed again in all, when entries are parsed one by one."""
_HEADERS = {"content-type": "application/xml; charset=utf-8"}
"""What feedparser is told; it would believe the server."""
_ZIP = b"PK\x03\x04"
_BEFORE_ENTRY = re.compile(rb"(?=<(?:[\w.-]+:)?(?:item|entry)[\s</>])", re.IGNORECASE)


def parse_xml(fetched: Fetched, *, is_fast: bool = True) -> ParsedFeed | Failed:
    """Parse an XML feed; without `is_fast`, by feedparser alone."""
    if problem := limits.xml_problem(fetched.body):
        if problem == limits.NOT_A_FEED:
            return _not_a_feed(fetched)
        return Failed(kind=FailureKind.TOO_LARGE, error=problem, status=fetched.status)
    body, loose = repaired(fetched.body)
    document = (_read_fast(body) if is_fast else None) or _parse_leniently(body)
    if document is None:
        return _parse_entry_by_entry(body, fetched)
    if not document["version"] and not document["entries"]:
        return _not_a_feed(fetched)
    entries, note = _entries(document, fetched)
    if entries and document["bozo"] and _is_cut_off(fetched.body):
        entries[-1] = ParsedEntry(
            id=entries[-1].id,
            url=entries[-1].url,
            title=entries[-1].title,
            broken="the feed was cut off in the middle of this entry",
        )
    return ParsedFeed(
        entries=tuple(entries),
        format=_FORMATS.get(document["version"], ""),
        title=channel.feed_title(document["feed"].get("title")),
        site=site_of(document, fetched.url),
        language=to_text(document["feed"].get("language")),
        problem=join_sentences(_problem(document, body, loose), note),
        polling_hints=channel.polling_hints(document["feed"], fetched.body),
        hub_link=channel.hub_link(document["feed"], fetched.url),
    )


def repaired(body: bytes) -> tuple[bytes, str]:
    """The document as the readers get it, and what was wrong with it, if anything: a phrase."""
    return repair_references(limits.strip_entity_bombs(tidy_prolog(body)))


def _read_fast(body: bytes) -> Mapping[str, Any] | None:
    try:
        return read_fast(body)
    except Declined:
        return None


def _parse_leniently(body: bytes) -> Mapping[str, Any] | None:
    """The document that feedparser returns, or None if it raises an exception.

    For some broken documents it raises KeyError, IndexError, AttributeError, TypeError,
    AssertionError and others (benchmarks/fuzz.py).
    """
    try:
        document: Mapping[str, Any] = feedparser.parse(
            body,
            response_headers=_HEADERS,
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except MemoryError:
        raise
    except Exception:
        return None
    return document


def _entries(document: Mapping[str, Any], fetched: Fetched) -> tuple[list[ParsedEntry], str]:
    """All entries, and a note on their dates; feedparser's are freed one by one, since they are
    large."""
    feed = feed_context(document, fetched.url)
    items = document["entries"]
    items.reverse()
    parsed = [parse_entry(items.pop(), feed) for _ in range(len(items))]
    entries, note = read_dates(parsed, feed, fetched.date_samples)
    return list(entries), note


def _parse_entry_by_entry(body: bytes, fetched: Fetched) -> ParsedFeed | Failed:
    """Parse the entries of a document one by one, if feedparser fails on the whole.

    Entries on which it fails again are broken; the others are not affected.
    """
    head, *pieces = _BEFORE_ENTRY.split(body)
    is_too_much = len(head) * len(pieces) > MAX_SALVAGED_BYTES
    feed = None if is_too_much else _parse_leniently(head)
    if not pieces or feed is None:
        error = "The feed is so broken that it cannot be read."
        return Failed(kind=FailureKind.MALFORMED, error=error, status=fetched.status)
    entries: list[ParsedEntry] = []
    for piece in pieces:
        document = _parse_leniently(head + piece)
        if document is None:
            digest = hashlib.blake2b(piece, digest_size=8).hexdigest()
            entries.append(ParsedEntry(id=f"broken {digest}", broken="it cannot be read"))
        else:
            entries += _entries(document, fetched)[0]
    problem = "The feed is so broken that it was read entry by entry."
    return ParsedFeed(
        entries=tuple(entries),
        title=channel.feed_title(feed["feed"].get("title")),
        site=site_of(feed, fetched.url),
        language=to_text(feed["feed"].get("language")),
        problem=problem,
        polling_hints=channel.polling_hints(feed["feed"], head),
        hub_link=channel.hub_link(feed["feed"], fetched.url),
    )


def _is_cut_off(body: bytes) -> bool:
    """True if the end tag of the last entry is missing."""
    last_start = max(body.rfind(b"<item"), body.rfind(b"<entry"))
    last_end = max(body.rfind(b"</item"), body.rfind(b"</entry"))
    return last_start > last_end


def _problem(document: Mapping[str, Any], body: bytes, loose: str) -> str:
    """A sentence that says what is wrong with a feed that could still be parsed; `loose`
    says what was repaired before."""
    error = document.get("bozo_exception")
    is_well_formed = not document["bozo"] or isinstance(error, feedparser.CharacterEncodingOverride)
    wrong = loose or ("" if is_well_formed else _describe(error, body))
    return f"The feed is not well-formed, but could be read ({wrong})." if wrong else ""


def _describe(error: object, body: bytes) -> str:
    """An error of the strict parser, with the line of the document."""
    if not isinstance(error, SAXParseException):
        return str(error)
    said = _MISTAKES.get(error.getMessage(), error.getMessage())
    added = 0 if body.lstrip().startswith(b"<?xml") else 1  # feedparser adds a declaration
    return f"line {max((error.getLineNumber() or 1) - added, 1)}: {said}"


_FORMATS = {
    "rss090": "RSS 0.90", "rss091n": "RSS 0.91", "rss091u": "RSS 0.91", "rss092": "RSS 0.92",
    "rss093": "RSS 0.93", "rss094": "RSS 0.94", "rss10": "RSS 1.0", "rss20": "RSS 2.0",
    "atom03": "Atom 0.3", "atom10": "Atom 1.0", "cdf": "CDF",
}  # fmt: skip
"""feedparser's name of a format -> the usual one."""

_MISTAKES = {
    "duplicate attribute": "a tag has an attribute twice",
    "junk after document element": "something follows the end of the feed",
    "mismatched tag": "a closing tag does not match",
    "no element found": "the feed ends too early",
    "not well-formed (invalid token)": "a character is not allowed there",
    "unbound prefix": "a prefix has no namespace",
    "unclosed CDATA section": "a CDATA section is not closed",
    "unclosed token": "a tag is not closed",
    "XML or text declaration not at start of entity": "the XML declaration is not at the beginning",
}
"""What expat says -> what the mistake is."""


def _not_a_feed(fetched: Fetched) -> Failed:
    start = fetched.body[:2000].lower()
    if b"<html" in start or b"<!doctype html" in start or "html" in fetched.content_type:
        error = "This is a web page, not a feed; open the feed's address in a browser to see it."
        announced = announced_feeds(fetched.body, fetched.url)
        return Failed(
            kind=FailureKind.NOT_A_FEED, error=error, status=fetched.status, announced=announced
        )
    if fetched.body.startswith(_ZIP):
        error = "This is a ZIP archive, not a feed; a feed may be compressed with gzip only."
    else:
        content_type = fetched.content_type or "no content type"
        error = f"This is not a feed ({content_type}, {len(fetched.body)} bytes)."
    return Failed(kind=FailureKind.NOT_A_FEED, error=error, status=fetched.status)
