"""No text keeps a worker busy: reading takes time that is linear in the length, whatever it is.

Every kind of text that makes regular expressions backtrack, in every place of a document.
"""

import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import TimeoutError as Timeout
from html import escape
from typing import Any

import pytest
from pebble import ProcessPool

from aggregator.ingest.clean.cleaner import clean
from aggregator.ingest.dedupe.fingerprints import fingerprints_of
from aggregator.ingest.match.keys import assign_keys
from aggregator.ingest.parse.chunks import split_into_chunks
from aggregator.ingest.parse.parser import parse
from aggregator.model import Entry, Failed
from tests.harness.builders import NOW, fetched, source

CHARS = 60_000
MAX_SECONDS = 5
"""Processor time for one document; all of them take less than a second."""
KILLED_AFTER_SECONDS = 30

UNITS = (
    "a", "A", "1", " ", "\n", "-", ".", "_", "@", "a@", "a@b.", "a.", "a-", "/", "a/", "//", "%",
    "%a", "?", "?a=", "&", "&a", "&amp;", "#", ";", "=", "a=", "'", '"', 'a="', "(", ")", "[", "]",
    "[[", "{", "<", "<a", "<a ", "</a", "<a>", "<p>", "<b><i>", "<!", "<!--", "-->", "<![CDATA[",
    "<img src=", "<img src='x", "<table><tr>", "http://", "https://a/", "by ", "The post ",
    "Read more", "a b. ", "\u0301", "\u00e9", "\ufb03", "\u0663", "\u65e5\u672c", "0 ", "1:", "12:",
    "+", "Mon, ", "://", "|", " - ", ": ", "\t", 'encoding="a" ', "url(", "javascript:",
    'xml:base="a" ',
)  # fmt: skip
ELEMENTS = (
    "title", "link", "guid", "pubDate", "author", "category", "comments", "description", "source",
    "dc:creator", "dc:date", "dc:subject", "dc:language", "dc:rights", "content:encoded",
    "media:title", "media:credit", "media:keywords", "media:rating", "itunes:author",
    "itunes:duration", "itunes:keywords", "itunes:image", "atom:link", "atom:author",
    "atom:published", "georss:point", "georss:polygon",
)  # fmt: skip
ATTRIBUTES = (
    "enclosure url", "enclosure type", "enclosure length", "source url", "guid isPermaLink",
    "media:content url", "media:content type", "media:thumbnail url", "atom:link href",
    "atom:link rel", "category domain", "itunes:image href", "psc:chapter start",
    "description xml:base", "title xml:lang", "atom:content type", "atom:content src",
)  # fmt: skip
CHANNEL_ELEMENTS = (
    "title", "link", "ttl", "language", "copyright", "managingEditor", "generator", "skipHours",
    "skipDays", "category", "pubDate", "itunes:owner",
)  # fmt: skip
JSON_KEYS = (
    "id", "url", "title", "content_html", "content_text", "summary", "date_published", "image",
    "language", "external_url",
)  # fmt: skip
PROLOGS = ("<!--{}-->", "<?x {}?>", "<!DOCTYPE rss [{}]>", "{}")
DECLARATION = "<?xml version='1.0' encoding='utf-8'?>"
NAMESPACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "media": "http://search.yahoo.com/mrss/",
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "atom": "http://www.w3.org/2005/Atom",
    "georss": "http://www.georss.org/georss",
    "psc": "http://podlove.org/simple-chapters",
}


def _rss(item: str = "", channel: str = "", prolog: str = "") -> str:
    names = " ".join(f"xmlns:{prefix}='{uri}'" for prefix, uri in NAMESPACES.items())
    return (
        f"{DECLARATION}{prolog}<rss version='2.0' {names}><channel><title>T</title>{channel}<item>"
        f"<title>T</title><link>https://a.example/1</link>{item}</item></channel></rss>"
    )


def _json(**fields: Any) -> str:
    item = {"id": "1", "url": "https://a.example/1", "title": "T", **fields}
    return json.dumps(
        {"version": "https://jsonfeed.org/version/1.1", "title": "T", "items": [item]}
    )


def _documents(unit: str) -> Iterator[tuple[str, str]]:
    """A document for each place, with this text there, and a name for it."""
    text = (unit * (CHARS // len(unit) + 1))[:CHARS]
    escaped = escape(text)
    for name in ELEMENTS:
        yield name, _rss(f"<{name}>{escaped}</{name}>")
        yield f"{name}, not well-formed", _rss(f"<{name}>{escaped}</{name}&nope;>")
    for name in ("title", "description", "content:encoded"):
        yield f"CDATA in {name}", _rss(f"<{name}><![CDATA[{text.replace(']]>', '')}]]></{name}>")
    for place in ATTRIBUTES:
        name, attribute = place.split()
        yield place, _rss(f'<{name} {attribute}="{escaped}">x</{name}>')
    for name in CHANNEL_ELEMENTS:
        yield f"channel {name}", _rss(channel=f"<{name}>{escaped}</{name}>")
    for prolog in PROLOGS:
        yield f"before the root: {prolog}", _rss(prolog=prolog.format(text.replace("--", "")))
    yield "markup of an item", _rss(text)
    yield "inside a tag", _rss(f"<x {text}>y</x>")
    yield "after the document", _rss() + text
    for name in JSON_KEYS:
        yield f"JSON {name}", _json(**{name: text})
    yield (
        "JSON lists",
        _json(
            authors=[{"name": text}], tags=[text], attachments=[{"url": text, "mime_type": text}]
        ),
    )


def _seconds(document: str) -> float:
    """Processor time for a document, from its bytes to fingerprints."""
    began = time.process_time()
    chunked = split_into_chunks(fetched(document.encode("utf-8", "surrogatepass"), ""))
    parsed = chunked if isinstance(chunked, Failed) else parse(chunked[0].document)
    for item in () if isinstance(parsed, Failed) else assign_keys(parsed.entries):
        cleaned = clean(item, source(show="full"), NOW)
        if isinstance(cleaned, Entry):
            fingerprints_of(cleaned)
    return time.process_time() - began


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPool]:
    """Processes that can be killed: a regular expression cannot be interrupted."""
    with ProcessPool(os.cpu_count() or 1) as opened:
        yield opened


@pytest.mark.slow
@pytest.mark.parametrize("unit", UNITS)
def test_no_text_is_slow(pool: ProcessPool, unit: str) -> None:
    """In no place of a document."""
    running = {
        place: pool.schedule(_seconds, args=(document,), timeout=KILLED_AFTER_SECONDS)
        for place, document in _documents(unit)
    }
    slow = []
    for place, future in running.items():
        try:
            seconds = future.result()
        except Timeout:
            seconds = float("inf")
        if seconds > MAX_SECONDS:
            slow.append((place, seconds))

    assert slow == []


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("ann@a.example (Ann)", "Ann"),
        ("Ann ann@a.example", "Ann"),
        ("Ann  Lee", "Ann Lee"),
        ("(Ann)", "(Ann)"),
        ("Ann (Lee)", "Ann (Lee)"),
        ("ann@localhost", "ann@localhost"),
        ("@ann", "@ann"),
        ("a@" * 5_000, "a@" * 1_000),
    ],
)
def test_a_name_is_shown_without_its_address(given: str, name: str) -> None:
    """A very long one too."""
    parsed = parse(fetched(_rss(f"<author>{given}</author>").encode(), ""))

    assert not isinstance(parsed, Failed)
    assert parsed.entries[0].author == name
