"""Every format keeps what a licence requires: credit, no cuts, a counter pixel, a link."""

import json
from dataclasses import replace
from typing import Any

import feedparser
import pytest
from lxml import etree

from aggregator.model import Feed, SafeHtml
from aggregator.render.atom import render_atom
from aggregator.render.jsonfeed import render_jsonfeed
from aggregator.render.pages import PageRenderer
from aggregator.render.rss import render_rss
from tests.harness.builders import SITE, entry, feed, source, story

CRANES = entry("Cranes", "harbor", author="Night Desk")
LICENSED = {"license": "CC BY-ND 4.0", "license_url": "https://cc.example/by-nd/"}
CREDIT = replace(SITE, credit_line="By {author} at {outlet} <{license}>.")
BY_LINE = (
    '<p>By Night Desk at <a href="https://harbor.example/cranes">Harbor</a> &lt;'
    '<a href="https://cc.example/by-nd/" rel="license">CC BY-ND 4.0</a>&gt;.</p>'
)


def _read(feed_: Feed, site: Any = SITE) -> tuple[Any, Any, dict[str, Any]]:
    """The first story as parsed from each format."""
    by_rss, by_atom = (
        feedparser.parse(render(feed_, site)).entries[0] for render in (render_rss, render_atom)
    )
    item: dict[str, Any] = json.loads(render_jsonfeed(feed_, site))["items"][0]
    return by_rss, by_atom, item


def _texts(feed_: Feed, site: Any = SITE) -> list[str]:
    """The last text of the first story in each format."""
    by_rss, by_atom, item = _read(feed_, site)
    return [
        by_rss.content[0].value if "content" in by_rss else by_rss.summary,
        by_atom.content[0].value if "content" in by_atom else by_atom.summary,
        item.get("content_html", ""),
    ]


@pytest.mark.parametrize("show", ["title", "excerpt", "full"])
def test_a_credit_line_ends_every_text(show: str) -> None:
    """The credit line follows the text, whatever the outlet shows, and is never in the title."""
    outlets = (source("harbor", show=show, **LICENSED),)
    feed_ = feed(story(CRANES), sources=outlets)

    for render in (render_rss, render_atom):
        document = etree.fromstring(render(feed_, CREDIT))
        texts = [element.text or "" for element in document.iter()]
        assert sum(text.endswith(BY_LINE) for text in texts) == 1
    by_rss, by_atom, item = _read(feed_, CREDIT)
    assert item["content_html"].endswith(BY_LINE)
    assert by_rss.title == by_atom.title == item["title"] == "Cranes"


def test_there_is_no_credit_line_by_default() -> None:
    """The text is as the outlet gave it unless the operator configures a credit line."""
    feed_ = feed(story(CRANES), sources=(source("harbor", show="full"),))

    assert _texts(feed_) == ["<p>Cranes in full.</p>"] * 3


def test_the_licence_is_linked() -> None:
    """The licence is a link with rel="license" (RFC 4946) in feeds and on the page."""
    feed_ = feed(story(CRANES), sources=(source("harbor", **LICENSED),))
    by_rss, by_atom, item = _read(feed_)

    for links in (by_rss.links, by_atom.links):
        assert [link.href for link in links if link.rel == "license"] == [
            "https://cc.example/by-nd/"
        ]
    assert by_atom.rights == item["_source"]["license"] == "CC BY-ND 4.0"
    assert item["_source"]["license_url"] == "https://cc.example/by-nd/"
    page = PageRenderer(SITE, ()).story(feed_, feed(), []).decode()
    assert '<a rel="license" href="https://cc.example/by-nd/"><bdi>CC BY-ND 4.0</bdi></a>' in page


def test_a_cut_summary_is_omitted_if_cuts_are_forbidden() -> None:
    """The full text and a summary that the outlet wrote itself are shown."""
    cut = entry("Cranes", "harbor", summary="It began on Monday when…")
    whole = entry("Ferries", "harbor", summary="It ends today.")
    outlets = (source("harbor", show="full", uncut=True),)
    items = json.loads(render_jsonfeed(feed(story(cut), story(whole), sources=outlets), SITE))[
        "items"
    ]

    assert [item.get("summary") for item in items] == [None, "It ends today."]
    assert [item["content_html"] for item in items] == [cut.content, whole.content]
    assert b"Monday" not in render_rss(feed(story(cut), sources=outlets), SITE)


def test_a_counter_pixel_ends_the_full_text() -> None:
    """The pixel has the article's own URL, occurs once, and only with the full text."""
    counted = entry("Cranes", "harbor", id="tag:h,1", url="https://harbor.example/c?a=1&b=2")
    counter = "https://count.example/1.gif?u={link}&id={id}"
    pixel = (
        '<img src="https://count.example/1.gif?u=https%3A%2F%2Fharbor.example%2Fc%3Fa%3D1%26b%3D2'
        '&amp;id=tag%3Ah%2C1" alt="" width="1" height="1">'
    )
    outlets = (source("harbor", show="full", counter=counter),)
    feed_ = feed(story(counted), sources=outlets)

    for render in (render_rss, render_atom):
        texts = [element.text or "" for element in etree.fromstring(render(feed_, CREDIT)).iter()]
        assert [text.count(pixel) for text in texts if pixel in text] == [1]
    assert _read(feed_)[2]["content_html"] == counted.content + pixel
    assert pixel in PageRenderer(SITE, ()).story(feed_, feed(), []).decode()
    again = replace(
        counted, content=SafeHtml(counted.content + pixel)
    )  # the outlet has added it itself
    assert _read(feed(story(again), sources=outlets))[2]["content_html"] == again.content


def test_the_licence_is_that_of_the_shown_text() -> None:
    """A duplicate whose text is shown is credited for it, with its own licence."""
    lead = entry("Cranes", "harbor", content=SafeHtml(""))
    copy = entry("Cranes", "plains", content=SafeHtml("<p>The whole.</p>"))
    outlets = (
        source("harbor", license="All rights reserved"),
        source("plains", show="full", license="CC BY 4.0"),
    )
    by_rss, by_atom, item = _read(feed(story(lead, copy), sources=outlets))

    assert by_atom.rights == item["_source"]["license"] == "CC BY 4.0"
    assert by_atom.source.rights == "All rights reserved"
    assert item["_source"]["text_from"] == "Plains"
    for links in (by_rss.links, by_atom.links):
        assert [link.href for link in links if link.rel == "via"] == [copy.url]
