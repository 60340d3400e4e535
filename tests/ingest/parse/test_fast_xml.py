"""The fast parser gives what feedparser gives, or nothing.

The differential test parses real, odd and mutated documents with both, and compares the parsed
feeds as wholes; `python -m benchmarks parsers` prints its counts.
"""

import re
from textwrap import dedent

import pytest

from aggregator.ingest.parse import fast_values
from aggregator.ingest.parse.fast_names import Declined
from aggregator.ingest.parse.fast_xml import read_fast
from aggregator.model import ParsedFeed
from benchmarks.parsers import MATERIAL, Comparison, compare, compare_mutations, documents, mutation

MUTATIONS = 20_000
MIN_NEWS_SHARE = 0.9
"""Share of the entries of news outlets that the fast parser must answer."""


def _comparison(group: str) -> Comparison:
    comparison = Comparison()
    for name, body in documents(group):
        comparison.add(body, name)
    return comparison


@pytest.mark.parametrize("group", ["corpus", "made"])
def test_our_own_documents(group: str) -> None:
    """Both parsers say the same of the corpus, and of feeds as WordPress writes them."""
    comparison = _comparison(group)

    assert comparison.differences == []
    assert comparison.fast > 0.75 * comparison.documents


@pytest.mark.slow
@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize("group", sorted(MATERIAL.keys() - {"corpus", "made", "news"}))
def test_real_and_odd_documents(group: str) -> None:
    """Both parsers say the same of every document of others."""
    comparison = _comparison(group)

    assert comparison.differences == []
    assert comparison.fast > 0.6 * comparison.documents


@pytest.mark.slow
@pytest.mark.usefixtures("shared")
def test_most_entries_of_news_outlets_are_read_fast() -> None:
    """What it declines costs five times as much."""
    comparison = _comparison("news")

    assert comparison.differences == []
    assert comparison.fast_entries > MIN_NEWS_SHARE * comparison.entries


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, MUTATIONS, 1000))
def test_mutated_documents(start: int) -> None:
    """Changed bytes, and elements and attributes where nobody expects them."""
    comparison = compare_mutations(start, 1000)

    assert comparison.differences == []
    assert comparison.fast > 200


def test_some_mutated_documents() -> None:
    """A few of them, each time."""
    comparison = compare_mutations(MUTATIONS, 150)

    assert comparison.differences == []


@pytest.mark.parametrize(
    ("function", "mistake"),
    [
        ("_CONTROLS", re.compile("never")),
        ("address", lambda uri: uri),
        ("_looks_like_html", lambda _: False),
    ],
)
def test_a_mistake_of_the_reader_is_found(
    function: str, mistake: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the differential test can fail."""
    monkeypatch.setattr(fast_values, function, mistake)
    monkeypatch.setattr("aggregator.ingest.parse.fast_elements.address", fast_values.address)
    bodies = [_rss(f"<title>{text}</title><link>{link}</link>") for text, link in _ODD]

    assert any(compare(body)[2] for body in bodies)


_ODD = [
    ("a&#150;b", "https://o.example/a"),
    ("a", "https:///o.example/a"),
    ("&lt;b&gt;a&lt;/b&gt;", "https://o.example/a"),
]


def _rss(item: str, root: str = "", channel: str = "") -> bytes:
    return dedent(f"""\
        <?xml version="1.0" encoding="UTF-8"?>
        <rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" {root}><channel>
        <title>T</title><link>https://o.example/</link>{channel}<item>{item}</item>
        </channel></rss>""").encode()


def _atom(entry: str, root: str = "") -> bytes:
    return (
        f'<feed xmlns="http://www.w3.org/2005/Atom" {root}><title>T</title><id>urn:t</id>'
        f"<entry>{entry}</entry></feed>"
    ).encode()


_XML_BASE = 'xml:base="https://b.example/"'


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE rss [<!ENTITY a 'b'>]>" + _rss("<title>&a;</title>")[39:],
        _rss("<title>a</title>").replace(b'version="1.0"', b'version="1.1"', 1),
        _rss("<title>a</title>", root=_XML_BASE),
        _rss(f"<title {_XML_BASE}>a</title>"),
        _rss("<title>a</title><title>b</title>"),
        _rss("<title>a<b>c</b></title>"),
        _rss("<title>a</title>", root='xmlns:x="http://purl.org/rss/1.0/"'),
        _rss("<title>a</title>", root='xmlns:media="http://purl.org/dc/terms/"'),
        _rss(
            '<content:encoded xmlns="http://purl.org/rss/1.0/modules/content/">a</content:encoded>',
            root='xmlns:content="urn:another"',
        ),
        _rss("<title>a</title>", channel="<textInput><item/></textInput>"),
        _rss("<title>a</title>").replace(b"</rss>", b""),
        _atom('<title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">a</div></title>'),
        _atom('<content type="image/png">aGFsbG8=</content>'),
        _atom('<content type="">aGFsbG8=</content>'),
        b"<rss version='2.0'><channel/><channel/></rss>",
        b"<html><body/></html>",
    ],
)
def test_what_it_declines(body: bytes) -> None:
    """Documents that feedparser reads in ways of its own."""
    with pytest.raises(Declined):
        read_fast(body)


@pytest.mark.parametrize(
    "body",
    [
        _rss("<title>a&#150;b</title><guid>x</guid><dc:creator>A</dc:creator>"),
        _rss("<description>a</description><pubDate>Mon, 5 Oct 2026 10:00:00 GMT</pubDate>"),
        _atom('<id>x</id><link rel="enclosure" href="https://o.example/a.mp3"/>'),
        _atom('<title type="html">&lt;b&gt;a&lt;/b&gt;</title>', root='xml:lang="de"'),
        _atom("<author>a</author><author><uri>x</uri><name>b</name></author>"),
        _atom("<author>a</author><author><email>b@c.example</email></author>"),
    ],
)
def test_what_it_answers(body: bytes) -> None:
    """Ordinary documents, as feedparser does."""
    parsed, reason, difference = compare(body)

    assert (reason, difference) == ("", "")
    assert isinstance(parsed, ParsedFeed)
    assert parsed.entries


def test_a_hostile_name_is_not_remembered() -> None:
    """Names are remembered, so they may not be long."""
    with pytest.raises(Declined, match="a long name"):
        read_fast(_rss(f"<{'a' * 400}/>"))


def test_a_mutation_is_the_same_each_time() -> None:
    """So a number is enough to find a difference again."""
    assert mutation(7) == mutation(7)
