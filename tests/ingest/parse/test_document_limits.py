"""What is read of a document, and of the fields that any entry may repeat, is bounded."""

import json

import pytest

from aggregator.ingest.parse.channel import HEAD_BYTES
from aggregator.ingest.parse.chunks import ChunkedDocument, split_into_chunks
from aggregator.ingest.parse.parser import parse
from aggregator.model import Failed, Fetched, HubLink, ParsedEntry, ParsedFeed
from tests.harness.builders import fetched

ATOM = "http://www.w3.org/2005/Atom"


def _rss(*items: str, head: str = "") -> Fetched:
    inner = "".join(f"<item><title>T</title>{item}</item>" for item in items)
    return fetched(
        f"<rss version='2.0' xmlns:a='{ATOM}' xmlns:gml='http://www.opengis.net/gml'><channel>"
        f"<title>T</title>{head}{inner}</channel></rss>"
    )


def _read(document: Fetched) -> ParsedFeed:
    parsed = parse(document)
    assert isinstance(parsed, ParsedFeed), parsed
    return parsed


def _entry(document: Fetched) -> ParsedEntry:
    (entry,) = _read(document).entries
    return entry


@pytest.mark.parametrize(("items", "is_read"), [(90, True), (110, False)])
def test_what_each_chunk_repeats_is_limited_in_total(items: int, is_read: bool) -> None:
    """A head of 200 KB may be repeated ninety times, not a hundred and ten times."""
    document = _rss(
        *["<link>https://h.example/1</link>"] * items, head="<!-- " + "x" * 200_000 + "-->"
    )

    found = split_into_chunks(document, chunk_entries=1)

    assert isinstance(found, ChunkedDocument if is_read else Failed)
    if isinstance(found, Failed):
        assert (
            "bytes outside its entries, the limit for a feed with that many entries" in found.error
        )


@pytest.mark.parametrize(("items", "is_read"), [(90, True), (110, False)])
def test_a_broken_document_is_parsed_again_within_a_limit(
    monkeypatch: pytest.MonkeyPatch, items: int, is_read: bool
) -> None:
    """Entries are parsed one by one, each with the head, unless that takes too long."""
    monkeypatch.setattr("aggregator.ingest.parse.xml.MAX_SALVAGED_BYTES", 2_000_000)
    breaks_the_parser = "<gml:pos>1</gml:pos>"
    document = _rss(breaks_the_parser, *[""] * (items - 1), head="<!-- " + "x" * 20_000 + "-->")

    parsed = parse(document)

    if is_read:
        assert isinstance(parsed, ParsedFeed)
        assert [bool(entry.broken) for entry in parsed.entries] == [True] + [False] * (items - 1)
    else:
        assert isinstance(parsed, Failed)
        assert parsed.error == "The feed is so broken that it cannot be read."


CATEGORIES = [f"c{number}" for number in range(60)]
FILES = [f"https://h.example/{number}.mp3" for number in range(30)]
REPEATED_FIELDS = [
    (
        "RSS",
        _rss(
            "".join(f"<category>{name}</category>" for name in CATEGORIES)
            + "".join(f"<enclosure url='{url}' type='audio/mpeg' length='1'/>" for url in FILES)
        ),
    ),
    (
        "Atom",
        fetched(
            f"<feed xmlns='{ATOM}'><title>T</title><entry><title>T</title>"
            + "".join(f"<category term='{name}'/>" for name in CATEGORIES)
            + "".join(f"<link rel='enclosure' href='{url}'/>" for url in FILES)
            + "</entry></feed>"
        ),
    ),
    (
        "JSON",
        fetched(
            json.dumps(
                {
                    "version": "https://jsonfeed.org/version/1.1", "title": "T",
                    "items": [{
                        "id": "1", "title": "T", "tags": CATEGORIES,
                        "attachments": [{"url": url, "mime_type": "audio/mpeg"} for url in FILES],
                    }],
                }
            ),
            "application/feed+json",
        ),
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    "document", [row[1] for row in REPEATED_FIELDS], ids=[row[0] for row in REPEATED_FIELDS]
)
def test_categories_and_files_are_limited(document: Fetched) -> None:
    """The first fifty categories and the first twenty files of an entry are read."""
    entry = _entry(document)

    assert list(entry.tags) == CATEGORIES[:50]
    assert [file.url for file in entry.enclosures] == FILES[:20]


@pytest.mark.parametrize(("length", "is_read"), [(2000, True), (2001, False)])
def test_a_long_hub_or_topic_is_none(length: int, is_read: bool) -> None:
    """No server accepts such a URL; the feed is polled."""
    hub, long = "https://hub.example/", "https://h.example/".ljust(length, "x")
    for hub_url, topic in ((hub, long), (long, hub)):
        head = f"<a:link rel='hub' href='{hub_url}'/><a:link rel='self' href='{topic}'/>"
        found = _read(_rss("", head=head)).hub_link
        assert (found == HubLink(hub=hub_url, topic=topic)) is is_read


def test_skipped_hours_are_looked_for_at_the_beginning() -> None:
    """A long document is not searched to its end."""
    hours = "<skipHours><hour>3</hour></skipHours>"
    padding = "<!--" + "x" * HEAD_BYTES + "-->"

    assert _read(_rss("", head=hours + padding)).polling_hints.skip_hours == (3,)
    assert _read(_rss("", head=padding + hours)).polling_hints.skip_hours == ()


@pytest.mark.parametrize(("references", "is_expanded"), [(4_000, True), (6_000, False)])
def test_entities_of_a_document_expand_to_half_a_megabyte(
    references: int, is_expanded: bool
) -> None:
    """With more, they are all left out."""
    declaration = f'<!DOCTYPE rss [\n<!ENTITY long "{"x" * 100}">\n]>\n'
    item = f"<item><description>{'&long;' * references}</description></item>"
    document = f"{declaration}<rss version='2.0'><channel><title>T</title>{item}</channel></rss>"

    entry = _entry(fetched(document))

    assert entry.summary is not None
    assert ("x" * 1000 in entry.summary.value) is is_expanded
