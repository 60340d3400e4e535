"""Ampersands: a table of what outlets write, and what is meant."""

import pytest

from aggregator.ingest.parse.parser import parse
from aggregator.ingest.parse.references import repair_references
from aggregator.model import ParsedFeed
from tests.harness.builders import fetched

TABLE = [
    ("R&D cuts at AT&T", "R&D cuts at AT&T"),
    ("R&amp;D", "R&D"),
    ("R & D && E &", "R & D && E &"),
    ("Q&A; and more", "Q&A; and more"),
    ("Caf&eacute;&nbsp;&mdash; day", "Café\xa0— day"),
    ("&copy; 2026, &copy 2026", "© 2026, &copy 2026"),
    ("&notit; &NotEqualTilde;", "&notit; ≂̸"),
    ("&#233;&#xE9;&#0;&#xD83C;&#xDF89;", "éé🎉"),
    ("&#12 and &#x; and &#;", "&#12 and &#x; and &#;"),
    ("&lt;b&gt; &apos;&quot;", "<b> '\""),
    ("<![CDATA[R&D &amp; &nbsp;]]>", "R&D &amp; &nbsp;"),
    ("<!-- R&D --> S&P", "S&P"),
]


@pytest.mark.parametrize(("written", "meant"), TABLE)
def test_an_ampersand(written: str, meant: str) -> None:
    """What begins no reference is an ampersand; names of HTML are read without a DTD."""
    item = f"<title type='text'>{written}</title><id>1</id>"
    feed = f'<feed xmlns="http://www.w3.org/2005/Atom"><entry>{item}</entry></feed>'
    parsed = parse(fetched(feed))

    assert isinstance(parsed, ParsedFeed)
    (entry,) = parsed.entries
    assert entry.title is not None
    assert entry.title.value == meant


def test_an_ampersand_in_an_address() -> None:
    """It separates parameters, whatever they are called."""
    url = "https://c.example/view.php?id=7&cat=news&copy=1&lt=2"
    item = (
        f"<item><title>T</title><link>{url}</link><guid>{url}</guid><enclosure url='{url}'/></item>"
    )
    parsed = parse(fetched(f"<rss version='2.0'><channel>{item}</channel></rss>"))

    assert isinstance(parsed, ParsedFeed)
    assert (parsed.entries[0].url, parsed.entries[0].id) == (url, url)
    assert parsed.entries[0].enclosures[0].url == url
    assert parsed.problem == (
        'The feed is not well-formed, but could be read (line 1: "&" must be written "&amp;").'
    )


def test_an_entity_that_the_document_declares() -> None:
    """It is left to the parser."""
    body = b'<!DOCTYPE feed [<!ENTITY desk "Desk & more">]><feed>&desk; &other;</feed>'

    repaired, wrong = repair_references(body)
    assert wrong == "line 1: &other; is not defined in XML"
    assert repaired.endswith(b"<feed>&desk; &amp;other;</feed>")
    assert repaired.startswith(body[:45])


def test_a_good_document_is_left_alone() -> None:
    """Byte for byte."""
    body = b"<rss>&amp; &#38; <![CDATA[R&D]]></rss>"

    assert repair_references(body) == (body, "")


def test_ampersands_take_time_in_proportion() -> None:
    """A megabyte of them, and of beginnings that never end."""
    for piece in (
        b"&",
        b"&a",
        b"<!--",
        b"<![CDATA[",
        b"<!DOCTYPE [",
        b"<a",
        b"&#1",
        b"<?",
        b"&aaaaaaaa",
    ):
        repaired, _ = repair_references(b"<a>&" + piece * (1_000_000 // len(piece)))
        assert len(repaired) <= 6_000_000
