"""Cleaning, whatever comes. Single quirks are in tests/corpus."""

import time

import pytest
from hypothesis import given as cases
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from aggregator.ingest.clean.cleaner import clean
from aggregator.ingest.clean.sanitizer import sanitize
from aggregator.model import Entry, Rejected
from aggregator.text.html import leading_text, plain_text, truncate, xml_legal
from tests.harness.builders import NOW, html, keyed, parsed_entry, source

BASE = "https://outlet.example/a/"

_pieces = st.sampled_from([
    "<p>",
    "</p>",
    "<b>",
    "</b>",
    "<pre>\n\n",
    "</pre>",
    "<table><tr><td>",
    "</table>",
    "<a href='x'>",
    "</a>",
    "<a href='javascript:alert(1)'>",
    "<img src=x onerror=alert(1) srcset='a 1x, javascript:b 2x'>",
    "<script>alert(1)</script>",
    "<style>p{}</style>",
    "<svg><script>",
    "<math><mi>",
    "&#1;",
    "&lt;b&gt;",
    "&amp;lt;",
    "\x00",
    "\x07",
    "\ufffe",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<textarea>",
    "<iframe src=x>",
    "<video poster='javascript:x' src='//v'>",
    "<IMG SRCSET='javascript:b 2x'>",
    "<video POSTER='javascript:x'>",
    "<form action=x>",
    "<ul><li>",
    "text ",
    "ünï ",
    "<h1>",
    "<",
])  # fmt: skip
_html = st.lists(_pieces | st.text(max_size=8), max_size=12).map("".join)


@cases(_html)
def test_safe_html_is_settled(text: str) -> None:
    """Sanitizing what we publish again changes nothing, ours or nh3's own way."""
    cleaned = sanitize(text, BASE)

    assert sanitize(cleaned, BASE) == cleaned
    assert "<script" not in cleaned
    addresses = [v for tag in LexborHTMLParser(cleaned).css("[src],[href],[poster],[srcset]")
                 for v in tag.attributes.values() if v]  # fmt: skip
    assert not any("javascript:" in address for address in addresses)
    assert xml_legal(cleaned) == cleaned


@cases(_html, st.text(max_size=40), st.text(max_size=40))
def test_any_entry(body: str, title: str, link: str) -> None:
    """It becomes an entry that has everything, or a rejection that says why."""
    entry = parsed_entry(title, content=html(body), url=f"https://outlet.example/{link}")

    cleaned = clean(keyed(entry), source(), NOW)

    if isinstance(cleaned, Rejected):
        assert cleaned.reason
    else:
        assert cleaned.title
        assert cleaned.title == xml_legal(cleaned.title).strip()
        assert cleaned.url.isascii()
        assert cleaned.url.startswith("https://")
        assert len(cleaned.summary) <= 420
        assert cleaned.published <= NOW


@cases(st.text(max_size=300), st.integers(min_value=2, max_value=60))
def test_cutting(text: str, limit: int) -> None:
    """What is cut is never longer than asked for, and what fits stays."""
    short = truncate(text, limit)

    assert len(short) <= limit
    assert short == text or short.endswith("…")


_prose = st.lists(
    st.sampled_from(["<p>", "</p>", "<b>", "</b>", "text ", "ünï ", "&amp; ", "&#8217;", "<br>"]),
    max_size=12,
).map("".join)


@cases(_prose)
def test_the_beginning_is_how_the_text_begins(text: str) -> None:
    """Of prose, reading only the beginning gives the same first words."""
    whole = plain_text(text * 30)

    assert leading_text(text * 30, 50)[:20] == whole[:20]


def test_attributes_in_capitals() -> None:
    """HTML does not care, so neither does what keeps addresses safe and absolute."""
    shouted = (
        '<IMG SRCSET="b.png 1x, javascript:x 2x">'
        '<VIDEO POSTER="javascript:x"></VIDEO><Q CITE="data:x">q</Q>'
    )

    assert sanitize(shouted, BASE) == (
        '<img srcset="https://outlet.example/a/b.png 1x"><video></video><q>q</q>'
    )


def test_many_tags_are_no_tower() -> None:
    """Drawings, long lists and old-fashioned paragraphs keep their markup."""
    drawing = "<p>A <b>chart</b></p><svg>" + "<path d='M0 0'/>" * 300 + "</svg>"
    paragraphs = "<p>One" * 300 + "<ul>" + "<li>x" * 300 + "</ul>"

    assert "<b>chart</b>" in sanitize(drawing, BASE)
    assert sanitize(paragraphs, BASE).count("<p>") == 300


@pytest.mark.parametrize("tower", ["<div>" * 30_000, "<div></i>" * 30_000, "<x><y>" * 30_000])
def test_a_tower(tower: str) -> None:
    """What is nested beyond reason is read as text, at once."""
    assert sanitize(f"{tower}Top", BASE).strip() == "Top"
    assert plain_text(f"{tower}Top") == "Top"


def test_links_that_may_stay() -> None:
    """Text, links, pictures and media survive, with absolute addresses."""
    given_html = (
        '<p>A <a href="b">b</a> <img src="/c.png" srcset="c.png 1x, /d,e.png 2x" alt="x"></p>'
        '<video src="v.mp4" poster="/p.png" controls></video><blockquote cite="q">q</blockquote>'
    )

    assert sanitize(given_html, BASE) == (
        '<p>A <a href="https://outlet.example/a/b" rel="noopener noreferrer">b</a> '
        '<img src="https://outlet.example/c.png" srcset="https://outlet.example/a/c.png 1x, '
        'https://outlet.example/d,e.png 2x" alt="x"></p><video '
        'src="https://outlet.example/a/v.mp4" poster="https://outlet.example/p.png" controls="">'
        '</video><blockquote cite="https://outlet.example/a/q">q</blockquote>'
    )


def test_a_text_longer_than_any_article() -> None:
    """It is not kept, its beginning is: cleaning it would take a minute."""
    began = time.monotonic()
    entry = clean(keyed(parsed_entry("A", content=html("word &amp; " * 1_500_000))), source(), NOW)

    assert time.monotonic() - began < 5
    assert isinstance(entry, Entry)
    assert entry.content == ""
    assert entry.summary.startswith("word & word & ")


@pytest.mark.parametrize("host", ["exa|mple.org", "xn--exa+0", "a b", "[::1", "xn--é"])
def test_a_host_that_is_none(host: str) -> None:
    """An address on it is none, and as a base it resolves nothing."""
    entry = clean(keyed(parsed_entry("A", url=f"http://{host}/a")), source(), NOW)

    assert isinstance(entry, Rejected)
    assert entry.reason == "it has no link to an article"
    assert sanitize('<p><a href="b">b</a></p>', f"http://{host}/a").startswith("<p><a")


_EXCLUDED = "the source's exclude rule matches"
FILTERS = [
    ("let in", {"include": "cranes"}, ""),
    ("not let in", {"include": "sport"}, "the source's include rule does not match"),
    ("left out", {"exclude": "tag:sponsored"}, _EXCLUDED + " (tag: sponsored)"),
    ("left out by absence", {"exclude": "NOT sport"}, _EXCLUDED + " (NOT sport)"),
    ("both", {"include": "cranes", "exclude": "sport"}, ""),
]  # fmt: skip


@pytest.mark.parametrize(("rules", "reason"), [c[1:] for c in FILTERS], ids=[c[0] for c in FILTERS])
def test_filters(rules: dict[str, str], reason: str) -> None:
    """A source's include and exclude rules say why an entry is not kept."""
    entry = parsed_entry("Cranes stop", tags=("Sponsored",))

    cleaned = clean(keyed(entry), source(**rules), NOW)

    assert (cleaned.reason if isinstance(cleaned, Rejected) else "") == reason


def test_the_same_words_have_the_same_content_hash() -> None:
    """What a reader would not notice is no revision; a new title is."""
    one = clean(keyed(parsed_entry("A", content=html("<p>x</p>"))), source(), NOW)
    same = clean(keyed(parsed_entry("A", content=html("<p >x</p>"))), source(), NOW)
    other = clean(
        keyed(parsed_entry("B", content=html("<p>x</p>"), url="https://outlet.example/a")),
        source(),
        NOW,
    )

    assert isinstance(one, Entry)
    assert isinstance(same, Entry)
    assert isinstance(other, Entry)
    assert one.raw_hash != same.raw_hash
    assert one.content_hash == same.content_hash
    assert one.content_hash != other.content_hash
