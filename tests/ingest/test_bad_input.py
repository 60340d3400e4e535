"""Odd values in valid feeds: what is published, and what is rejected with a reason.

One bad entry never affects another.
"""

import json
from datetime import datetime, timedelta
from typing import Any
from xml.sax.saxutils import escape

import feedparser
import pytest
from lxml import etree

from tests.harness.builders import NOW
from tests.harness.newsroom import Newsroom

ATOM = "{http://www.w3.org/2005/Atom}"
GOOD_ITEM = "<item><guid>good</guid><link>https://h.example/good</link><title>Good</title></item>"

ODD_ITEMS = {
    "a control character": "<title>Bell &#7; and \x0b</title>",
    "an unpaired surrogate": "<title>Half &#xD83D; of it</title>",
    "a title of a megabyte": f"<title>{'Long ' * 200_000}</title>",
    "the end of CDATA": f"<title>{escape('a ]]> b')}</title><description>]]&gt;</description>",
    "an unclosed tag": f"<title>{escape('Half <a href=')}</title>",
    "an unclosed tag in text": "<title>T</title><description>&lt;p&gt;x &lt;img src=</description>",
    "a huge enclosure": (
        '<title>T</title><enclosure url="https://h.example/a.mp3" type="audio/mpeg" '
        f'length="{"9" * 40}"/>'
    ),
    "an enclosure without a type": (
        '<title>T</title><enclosure url="https://h.example/a b.mp3?x" type="" length="-1"/>'
    ),
    "an enclosure without a URL": '<title>T</title><enclosure url="javascript:x" length="x"/>',
    "the year 9999": "<title>T</title><pubDate>Fri, 31 Dec 9999 23:59:59 +0000</pubDate>",
    "the year 0": "<title>T</title><pubDate>Sat, 01 Jan 0000 00:00:00 +0000</pubDate>",
    "an id with spaces": "<title>T</title><guid>https://h.example/an id with spaces</guid>",
    "an id of a megabyte": f"<title>T</title><guid>{'i' * 1_000_000}</guid>",
    "an id with an unpaired surrogate": "<title>T</title><guid>https://h.example/&#xDC00;</guid>",
    "a link that is not ASCII": "<title>T</title><link>https://bücher.example/straße ü</link>",
    "an author with markup": "<title>T</title><dc:creator>&lt;b&gt; &amp; ]]&gt;</dc:creator>",
    "a category with markup": "<title>T</title><category>&lt;b&gt; &amp;amp; \x01</category>",
    "an invalid language": "<title>T</title><dc:language>us</dc:language>",
    "a noncharacter": "<title>T &#xFFFE; &#xFFFF; &#x1FFFF;</title>",
    "nothing but a link": "",
    "an empty title": "<title>   </title><description>Text.</description>",
}
REJECTED_ITEMS = {
    "no link": "<title>T</title><link></link>",
    "a script as a link": "<title>T</title><link>javascript:alert(1)</link>",
    "neither title nor text": "<title></title>",
}


def _feed(item: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>H</title>'
        f"<link>https://h.example/</link><description>D</description>{GOOD_ITEM}{item}"
        "</channel></rss>"
    ).encode("utf-8", "surrogatepass")


def _publish_item(newsroom: Newsroom, item: str) -> list[dict[str, Any]]:
    """Ingest an item; return the published stories, after checking that all formats agree."""
    newsroom.lists("harbor", show='"full"')
    newsroom.answers("harbor", _feed(item))
    newsroom.ingests()
    rss, atom = (etree.fromstring(newsroom.get(f"/all.{end}").data) for end in ("rss", "atom"))
    document = json.loads(newsroom.get("/all.json").data)
    items: list[dict[str, Any]] = document["items"]
    ids = [item["id"] for item in items]
    assert [guid.text for guid in rss.iter("guid")] == ids
    assert [item.findtext(f"{ATOM}id") for item in atom.iter(f"{ATOM}entry")] == ids
    assert not feedparser.parse(newsroom.get("/all.rss").data).bozo
    _assert_valid(rss, atom, items)
    return items


def _assert_valid(rss: Any, atom: Any, items: list[dict[str, Any]]) -> None:
    """Check the rules that feed validators once found broken."""
    for item in items:
        assert item["title"] == item["title"].strip() != ""
        assert len(item["title"]) <= 300
        assert item["url"].isascii()
        assert " " not in item["id"]
        assert datetime.fromisoformat(item["date_published"]) <= NOW
        assert item.get("language", "en") not in ("us", "")
        for file in item.get("attachments", ()):
            assert 0 < file.get("size_in_bytes", 1) < 10**15
            assert "/" in file["mime_type"]
    for enclosure in rss.iter("enclosure"):
        assert enclosure.get("length").isdigit()
        assert "/" in enclosure.get("type")
        assert enclosure.get("url").isascii()
    for language in rss.iter("{http://purl.org/dc/elements/1.1/}language"):
        assert language.text not in ("us", "", None)
    for entry in atom.iter(f"{ATOM}entry"):
        alternates = [
            link for link in entry.iterfind(f"{ATOM}link") if link.get("rel") == "alternate"
        ]
        assert len(alternates) == 1
        source = entry.find(f"{ATOM}source")
        assert {etree.QName(child).localname for child in source} >= {"id", "title", "updated"}
        for summary in entry.iterfind(f"{ATOM}summary"):
            assert summary.get("type") == "html"
    updated = [entry.findtext(f"{ATOM}updated") for entry in atom.iter(f"{ATOM}entry")]
    assert len(set(updated)) == len(updated)  # undated entries are a second apart


@pytest.mark.parametrize("item", ODD_ITEMS.values(), ids=ODD_ITEMS)
def test_an_odd_item_is_published(newsroom: Newsroom, item: str) -> None:
    """Both entries are published, the odd one without its invalid values."""
    link = "" if "<link>" in item else "<link>https://h.example/bad</link>"
    guid = "" if "<guid>" in item else "<guid>bad</guid>"
    has_title = "<title>" in item
    items = _publish_item(newsroom, f"<item>{guid}{link}{item}</item>")

    assert "Good" in [item["title"] for item in items]
    assert len(items) == (2 if has_title else 1)
    health = newsroom.store.sources.health()[0]
    stored = newsroom.store.sources.count_entries()[health.source]
    assert stored + health.rejected == 2


@pytest.mark.parametrize("item", REJECTED_ITEMS.values(), ids=REJECTED_ITEMS)
def test_an_unpublishable_item_is_rejected(newsroom: Newsroom, item: str) -> None:
    """An unpublishable item is left out, and the operator sees the reason."""
    link = "" if "<link>" in item else "<link>https://h.example/bad</link>"
    items = _publish_item(newsroom, f"<item><guid>bad</guid>{link}{item}</item>")

    assert [item["title"] for item in items] == ["Good"]
    (rejected,) = newsroom.store.sources.rejected("harbor", 9)
    assert rejected.reason.startswith("it has ")


def test_undated_entries_keep_their_order(newsroom: Newsroom) -> None:
    """A reader that sorts by date shows undated entries in the outlet's order."""
    item = "".join(
        f"<item><guid>{n}</guid><link>https://h.example/{n}</link><title>T{n}</title></item>"
        for n in range(5)
    )
    items = _publish_item(newsroom, item)

    assert [item["title"] for item in items] == ["Good", *(f"T{n}" for n in range(5))]
    dates = [item["date_published"] for item in items]
    assert dates == sorted(dates, reverse=True)
    assert dates[-1] == (NOW - timedelta(seconds=5)).isoformat().replace("+00:00", "Z")
