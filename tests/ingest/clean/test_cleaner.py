"""Cleaning arbitrary entries. Single quirks are in tests/corpus."""

import time

import pytest
from hypothesis import example
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
@example("Two words, a/b & <pre>\n\n\n\n\n\n<![CDATA[<pre>\n\n-->")
@example("&lt;b&gt;<pre>\n\n<![CDATA[<pre>\n\n-->")
def test_sanitizing_is_idempotent(text: str) -> None:
    """Sanitized HTML is safe, and does not change when it is sanitized again."""
    cleaned = sanitize(text, BASE)

    assert sanitize(cleaned, BASE) == cleaned
    assert "<script" not in cleaned
    addresses = [v for tag in LexborHTMLParser(cleaned).css("[src],[href],[poster],[srcset]")
                 for v in tag.attributes.values() if v]  # fmt: skip
    assert not any("javascript:" in address for address in addresses)
    assert xml_legal(cleaned) == cleaned


@cases(_html, st.text(max_size=40), st.text(max_size=40))
def test_any_entry_is_cleaned_or_rejected(body: str, title: str, link: str) -> None:
    """Any entry becomes complete, or is rejected with a reason."""
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
def test_truncated_text_fits(text: str, limit: int) -> None:
    """Truncated text is never longer than the limit, and text that fits stays."""
    short = truncate(text, limit)

    assert len(short) <= limit
    assert short == text or short.endswith("…")


_prose = st.lists(
    st.sampled_from(["<p>", "</p>", "<b>", "</b>", "text ", "ünï ", "&amp; ", "&#8217;", "<br>"]),
    max_size=12,
).map("".join)


@cases(_prose)
def test_leading_text_is_the_beginning_of_the_text(text: str) -> None:
    """The leading text of prose has the same first words as the whole text."""
    whole = plain_text(text * 30)

    assert leading_text(text * 30, 50)[:20] == whole[:20]


def test_attributes_in_capitals_are_sanitized() -> None:
    """URLs in uppercase attributes are made safe and absolute too."""
    shouted = (
        '<IMG SRCSET="b.png 1x, javascript:x 2x">'
        '<VIDEO POSTER="javascript:x"></VIDEO><Q CITE="data:x">q</Q>'
    )

    assert sanitize(shouted, BASE) == (
        '<img srcset="https://outlet.example/a/b.png 1x"><video></video><q>q</q>'
    )


def test_many_tags_keep_their_markup() -> None:
    """Drawings, long lists and unclosed paragraphs are not mistaken for deep nesting."""
    drawing = "<p>A <b>chart</b></p><svg>" + "<path d='M0 0'/>" * 300 + "</svg>"
    paragraphs = "<p>One" * 300 + "<ul>" + "<li>x" * 300 + "</ul>"

    assert "<b>chart</b>" in sanitize(drawing, BASE)
    assert sanitize(paragraphs, BASE).count("<p>") == 300


@pytest.mark.parametrize("nested", ["<div>" * 30_000, "<div></i>" * 30_000, "<x><y>" * 30_000])
def test_deeply_nested_markup_is_read_as_text(nested: str) -> None:
    """Markup that is nested too deeply is read as text."""
    assert sanitize(f"{nested}Top", BASE).strip() == "Top"
    assert plain_text(f"{nested}Top") == "Top"


def test_safe_markup_is_kept() -> None:
    """Text, links, images and media are kept, with absolute URLs."""
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


def test_a_text_that_is_too_long_is_not_kept() -> None:
    """Of a text that would take a minute to clean, only the beginning is kept."""
    began = time.monotonic()
    entry = clean(keyed(parsed_entry("A", content=html("word &amp; " * 1_500_000))), source(), NOW)

    assert time.monotonic() - began < 5
    assert isinstance(entry, Entry)
    assert entry.content == ""
    assert entry.summary.startswith("word & word & ")


@pytest.mark.parametrize(("length", "is_kept"), [(300_000, True), (300_001, False)])
def test_a_text_may_be_as_long_as_a_book(length: int, is_kept: bool) -> None:
    """A longer one is left out whole: half a text would be taken for all of it."""
    text = ("word " * 60_001)[: length - 7] + "</p>"
    entry = clean(keyed(parsed_entry("A", content=html(f"<p>{text}"))), source(), NOW)

    assert isinstance(entry, Entry)
    assert bool(entry.content) is is_kept
    assert entry.summary.startswith("word word")


def test_a_title_is_made_of_the_summary() -> None:
    """Its first sentence, as long as a headline, without the address that it begins with."""
    words = (
        "https://outlet.example/a The harbor council has voted {} on the new cranes. We ask why."
    )
    short, long = (
        clean(keyed(parsed_entry("", content=html(words.format(again)))), source(), NOW)
        for again in ("again", "again and " * 9)
    )

    assert isinstance(short, Entry)
    assert short.title == "The harbor council has voted again on the new cranes."
    assert isinstance(long, Entry)
    assert 60 < len(long.title) <= 80
    assert long.title.endswith("…")


def test_what_is_published_of_a_field_is_limited() -> None:
    """A headline of a thousand words is cut, and so are names and tags."""
    long = "word " * 1000
    given = parsed_entry(long, content=html(f"<p>{long}"), author=long, tags=(long,))
    entry = clean(keyed(given), source(), NOW)
    unknown = clean(keyed(parsed_entry("A", language="en-" + "a" * 33)), source(), NOW)

    assert isinstance(entry, Entry)
    cut = {"title": entry.title, "summary": entry.summary, "author": entry.author,
           "tag": entry.tags[0]}  # fmt: skip
    limits = {"title": 300, "summary": 420, "author": 200, "tag": 200}
    assert all(limits[name] - 5 <= len(text) <= limits[name] for name, text in cut.items())
    assert all(text.endswith("word…") for text in cut.values())
    assert isinstance(unknown, Entry)
    assert unknown.language != "en-" + "a" * 33


def test_origins_of_an_entry_are_limited() -> None:
    """An entry that names a hundred articles as its origin is a list of links."""
    urls = tuple(f"https://h.example/{number}" for number in range(100))
    entry = clean(keyed(parsed_entry("A", source_urls=urls)), source(), NOW)

    assert isinstance(entry, Entry)
    assert entry.source_urls == tuple(f"h.example/{number}" for number in range(8))


@pytest.mark.parametrize("host", ["exa|mple.org", "xn--exa+0", "a b", "[::1", "xn--é"])
def test_an_invalid_host_is_rejected(host: str) -> None:
    """A URL with an invalid host is not a link, and relative links are not resolved by it."""
    entry = clean(keyed(parsed_entry("A", url=f"http://{host}/a")), source(), NOW)

    assert isinstance(entry, Rejected)
    assert entry.reason == "it has no link to an article"
    assert sanitize('<p><a href="b">b</a></p>', f"http://{host}/a").startswith("<p><a")


_EXCLUDED = "the source's exclude rule matches"
FILTERS = [
    ("included", {"include": "cranes"}, ""),
    ("not included", {"include": "sport"}, "the source's include rule does not match"),
    ("excluded", {"exclude": "tag:sponsored"}, _EXCLUDED + " (tag: sponsored)"),
    ("excluded by a negation", {"exclude": "NOT sport"}, _EXCLUDED + " (NOT sport)"),
    ("both", {"include": "cranes", "exclude": "sport"}, ""),
]  # fmt: skip


@pytest.mark.parametrize(("rules", "reason"), [c[1:] for c in FILTERS], ids=[c[0] for c in FILTERS])
def test_filters_give_a_reason(rules: dict[str, str], reason: str) -> None:
    """A source's include and exclude rules say why an entry is rejected."""
    entry = parsed_entry("Cranes stop", tags=("Sponsored",))

    cleaned = clean(keyed(entry), source(**rules), NOW)

    assert (cleaned.reason if isinstance(cleaned, Rejected) else "") == reason


def test_invisible_changes_keep_the_content_hash() -> None:
    """A change that a reader would not notice is not a revision; a new title is."""
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


@pytest.mark.parametrize("control", list("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))
def test_bidi_controls_do_not_falsify_credits(control: str) -> None:
    """A title, name or tag cannot turn around what stands after it; marks stay."""
    text = f"Ports {control}reopen\u200f \u05d0"
    given = parsed_entry(text, summary=html(text), author=text, tags=(text,))

    entry = clean(keyed(given), source("outlet"), NOW)

    assert isinstance(entry, Entry)
    plain = text.replace(control, "")
    assert (entry.title, entry.summary, entry.author) == (plain, plain, plain)
    assert entry.tags == (plain,)
