"""Documents that are broken or not feeds: what is kept, and what the operator reads."""

import time
from datetime import timedelta

import pytest

from aggregator.model import (
    ALL,
    Outcome,
    SourceReport,
)
from tests.harness.newsroom import Newsroom, article

HOUR = timedelta(hours=1)


def _ingest(newsroom: Newsroom, body: bytes, content_type: str = "application/xml") -> SourceReport:
    newsroom.lists("harbor")
    newsroom.answers("harbor", body, content_type)
    (report,) = newsroom.ingests().sources
    assert report.counts.is_balanced
    return report


NOT_FEEDS = [
    (
        "a login page",
        b"<!DOCTYPE html><html><title>Log in</title></html>",
        "This is a web page, not a feed",
    ),
    ("an empty body", b"", "The feed is empty"),
    ("only whitespace", b"\xef\xbb\xbf \n\n", "The feed is empty"),
    ("random bytes", bytes(range(256)) * 8, "This is not a feed"),
    ("plain text", b"Come back later.", "This is not a feed"),
    ("broken JSON", b'{"items": [', "The JSON Feed cannot be read"),
    ("JSON that is not a feed", b'{"error": "no such feed"}', "This JSON is not a JSON Feed"),
    ("a number of 9,999 digits", b'{"items": ' + b"9" * 9999, "The JSON Feed cannot be read"),
    ("deeply nested JSON", b'{"items":' + b"[" * 50_000, "The JSON Feed cannot be read"),
    ("another kind of XML", b"<?xml version='1.0'?><sitemap/>", "This is not a feed"),
]


@pytest.mark.parametrize(
    ("body", "sentence"), [c[1:] for c in NOT_FEEDS], ids=[c[0] for c in NOT_FEEDS]
)
def test_a_document_that_is_not_a_feed_fails(
    newsroom: Newsroom, body: bytes, sentence: str
) -> None:
    """The error says what the document is instead, and no validators are kept."""
    report = _ingest(newsroom, body)

    assert report.outcome is Outcome.FAILED
    assert report.error.startswith(sentence)
    assert newsroom.store.sources.fetch_state("harbor").validators.etag == ""


def test_invalid_json_items_are_rejected(newsroom: Newsroom) -> None:
    """Items of the wrong type are rejected, and the valid one is published."""
    good = '{"id": "1", "url": "https://h.example/1", "title": "Good", "content_text": "x"}'
    odd = '{"id": {}, "url": ["x"], "title": 7, "tags": "a", "authors": [null], "attachments": 3}'
    report = _ingest(newsroom, f'{{"items": [null, 3, "x", [], {odd}, {good}]}}'.encode())

    assert (report.counts.new, report.counts.rejected) == (1, 5)
    assert newsroom.titles("/all.atom") == ["Good"]


ODD_JSON = [
    ("a date in the year 1", '"date_published": "0001-01-01T00:00:00+01:00"'),
    ("a date in the year 9999", '"date_published": "9999-12-31T23:59:59-05:00"'),
    ("tags that are not a list", '"tags": 5'),
    ("an unpaired surrogate in the id", '"id": "\\ud800"'),
    ("an unpaired surrogate in the text", '"content_html": "<p>\\udfff</p>"'),
    ("an unpaired surrogate in the title", '"title": "a\\ud83d"'),
]


@pytest.mark.parametrize("odd", [c[1] for c in ODD_JSON], ids=[c[0] for c in ODD_JSON])
def test_an_entry_with_an_odd_json_value_is_published(newsroom: Newsroom, odd: str) -> None:
    """An odd value costs neither its own entry nor the others."""
    first = '{"id": "1", "url": "https://h.example/1", "title": "Good"}'
    second = f'{{"url": "https://h.example/2", "title": "Odd", {odd}}}'
    report = _ingest(newsroom, f'{{"items": [{first}, {second}]}}'.encode())

    assert (report.counts.new, report.error) == (2, "")
    assert len(newsroom.titles("/all.atom")) == 2


REFERENCES = [
    ("a surrogate pair", "party &#xD83C;&#xDF89; time", "party 🎉 time"),
    ("a surrogate pair in decimals", "party &#55356;&#57225; time", "party 🎉 time"),
    ("an unpaired surrogate", "a&#xD800;b", "ab"),
    ("numbers out of range", "a&#99999999999;&#x110000;b", "ab"),
    ("a control character", "a&#1;b", "ab"),
    ("XML syntax next to an unpaired surrogate", "5 &#60; 6 &#38; 7 &#xD83C;", "5 < 6 & 7"),
    ("valid references", "&#8217;&#x1F389;&#233;", "’🎉é"),
]


@pytest.mark.parametrize(
    ("given", "title"), [c[1:] for c in REFERENCES], ids=[c[0] for c in REFERENCES]
)
def test_invalid_character_references_are_dropped(
    newsroom: Newsroom, given: str, title: str
) -> None:
    """Valid references are decoded, invalid ones are dropped, and every entry is kept."""
    item = "<item><title>{}</title><link>https://h.example/{}</link></item>"
    items = item.format("Good", 1) + item.format(given, 2)

    report = _ingest(newsroom, f"<rss version='2.0'><channel>{items}</channel></rss>".encode())

    assert (report.counts.new, report.error) == (2, "")
    assert set(newsroom.titles("/all.atom")) == {"Good", title}


def test_repairing_an_entry_changes_no_other_links(newsroom: Newsroom) -> None:
    """Repairing a reference in one entry leaves the links of the others unchanged."""
    items = (
        "<item><title>A</title><link>https://h.example/?a=1&#38;copy=2</link></item>"
        "<item><title>B &#xD83C;</title><link>https://h.example/b</link></item>"
    )
    report = _ingest(newsroom, f"<rss version='2.0'><channel>{items}</channel></rss>".encode())

    assert report.note == ""
    links = {s.lead.title: s.lead.url for s in newsroom.store.lists.latest(ALL, 5)}
    assert links == {"A": "https://h.example/?a=1&copy=2", "B": "https://h.example/b"}


def test_long_numeric_ids_stay_distinct(newsroom: Newsroom) -> None:
    """Numeric ids of 31 digits that differ in the last one are different entries."""
    items = ", ".join(
        f'{{"id": {"9" * 30}{n}, "url": "https://h.example/{n}", "title": "{n}"}}' for n in range(3)
    )
    assert _ingest(newsroom, f'{{"items": [{items}]}}'.encode()).counts.new == 3


def test_deeply_nested_markup_is_read_as_text(newsroom: Newsroom) -> None:
    """An entry nested 50,000 deep loses its markup within seconds, and others lose nothing."""
    tower = "&lt;div&gt;" * 50_000 + "Top"
    items = (
        f"<item><title>Tower</title><link>https://h.example/1</link><description>{tower}"
        "</description></item><item><title>Good</title><link>https://h.example/2</link></item>"
    )
    began = time.monotonic()

    report = _ingest(newsroom, f"<rss version='2.0'><channel>{items}</channel></rss>".encode())

    assert time.monotonic() - began < 5
    assert report.counts.new == 2
    tower_story = next(s for s in newsroom.store.lists.latest(ALL, 5) if s.lead.title == "Tower")
    assert (tower_story.lead.summary, tower_story.lead.content.strip()) == ("Top", "Top")


def test_a_broken_entry_is_rejected_alone(newsroom: Newsroom) -> None:
    """The good entries are kept, and the broken one is rejected with a reason."""
    items = "".join(
        f"<item><title>{n}</title><link>https://h.example/{n}</link></item>" for n in range(3)
    )
    broken = "<item><title>Broken &nosuch; <b></title><link>mailto:x</link></item>"
    rss = f"<rss version='2.0'><channel><title>T</title>{items}{broken}</channel></rss>"

    report = _ingest(newsroom, rss.encode())

    assert (report.counts.new, report.counts.rejected) == (3, 1)
    assert "not well-formed" in report.note
    (rejected,) = newsroom.store.sources.rejected("harbor", 5)
    assert rejected.reason == "it has no link to an article"


def test_an_unparsable_entry_is_isolated(newsroom: Newsroom) -> None:
    """The entries before and after one that cannot be parsed are kept."""
    item = "<item><title>{0}</title><link>https://h.example/{0}</link></item>"
    bad = "<item<textinput<description>"
    body = f"<rss version='2.0'><channel>{item.format('A')}{bad}</item>{item.format('B')}</channel>"

    report = _ingest(newsroom, body.encode())

    assert report.error == ""
    assert set(newsroom.titles("/all.atom")) >= {"A", "B"}


def test_a_truncated_feed_is_fetched_again(newsroom: Newsroom) -> None:
    """Complete entries are kept, and the next, unconditional fetch brings the rest."""
    whole = [article(f"Story {n}", "Long enough. " * 20) for n in range(3)]
    newsroom.lists("harbor")
    newsroom.publishes("harbor", *whole)
    body = newsroom.document_of("harbor")
    newsroom.answers("harbor", body[: body.rindex(b"Long enough")])
    report = newsroom.ingests()

    assert (report.total.new, report.total.rejected) == (2, 1)
    newsroom.publishes("harbor", *whole)
    newsroom.ingests(later=HOUR)

    assert "if-none-match" not in newsroom.press.requests[-1].headers
    assert set(newsroom.titles("/all.atom")) == {"Story 0", "Story 1", "Story 2"}


def test_control_characters_do_not_break_feeds(newsroom: Newsroom) -> None:
    """Control characters in one entry do not make our feeds unreadable.

    (changedetection.io#1766, ckan#6371, linkding#552)
    """
    items = (
        "<item><title>A\x0bB &#1;C</title><link>https://h.example/1</link>"
        "<description>\x00x\x1b[31m&#x1f;y \ufffe</description></item>"
        "<item><title>Good</title><link>https://h.example/2</link></item>"
    )

    report = _ingest(newsroom, f"<rss version='2.0'><channel>{items}</channel></rss>".encode())

    assert report.counts.new == 2
    for form in ("atom", "rss", "json"):
        assert newsroom.get(f"/all.{form}").status_code == 200
    assert "Good" in newsroom.titles("/all.rss")


def test_the_declared_encoding_is_used(newsroom: Newsroom) -> None:
    """The encoding in the XML declaration is used, not a guess."""
    item = "<item><title>Peña – ñandú</title><link>https://h.example/1</link></item>"
    for encoding in ("windows-1252", "utf-16"):
        text = f"<?xml version='1.0' encoding='{encoding}'?><rss><channel>{item}</channel></rss>"
        newsroom.answers("harbor", text.encode(encoding), "text/xml")
        if "harbor" not in newsroom.written:
            newsroom.lists("harbor")
        newsroom.ingests(later=HOUR)

    assert newsroom.titles("/all.atom") == ["Peña – ñandú"]


@pytest.mark.slow
def test_a_hundred_thousand_entries_are_stored(newsroom: Newsroom) -> None:
    """All entries are stored, and our feed holds a thousand at most."""
    items = "".join(
        f"<item><title>Entry {n}</title><link>https://h.example/{n}</link></item>"
        for n in range(100_000)
    )
    rss = f"<rss version='2.0'><channel><title>T</title>{items}</channel></rss>"

    report = _ingest(newsroom, rss.encode())

    assert (report.counts.new, report.error) == (100_000, "")
    assert newsroom.titles("/all.atom") == [f"Entry {n}" for n in range(1_000)]


def test_an_entity_bomb_is_harmless(newsroom: Newsroom) -> None:
    """A "billion laughs" document is parsed within seconds and does not expand."""
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    bomb = (
        f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "lol">{entities}]>'
        "<rss version='2.0'><channel><title>&l11;</title><item><title>&l11;</title>"
        "<link>https://h.example/1</link></item></channel></rss>"
    )
    began = time.monotonic()
    _ingest(newsroom, bomb.encode())

    assert time.monotonic() - began < 10
    assert all(len(title) < 1000 for title in newsroom.titles("/all.atom"))
