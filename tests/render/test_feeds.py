"""Published feeds, parsed again, have the content that we meant, in every format."""

import json
from datetime import timedelta
from typing import Any

import feedparser
from hypothesis import given as cases
from hypothesis import strategies as st
from lxml import etree

from aggregator.ingest.clean.sanitizer import sanitize
from aggregator.model import Enclosure, Feed, SafeHtml
from aggregator.render.atom import render_atom
from aggregator.render.jsonfeed import render_jsonfeed
from aggregator.render.rss import render_rss
from aggregator.text.html import one_line
from tests.harness.builders import NOW, SITE, entry, feed, source, story

HOUR = timedelta(hours=1)
ATOM = "{http://www.w3.org/2005/Atom}"


def _parse(feed_: Feed) -> list[Any]:
    """The RSS feed and the Atom feed as a parser reads them."""
    parsed = [feedparser.parse(render(feed_, SITE)) for render in (render_rss, render_atom)]
    assert not any(p.bozo for p in parsed)
    return parsed


def _items(feed_: Feed) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads(render_jsonfeed(feed_, SITE))["items"]
    return items


_texts = st.text(max_size=60).map(one_line)
_words = _texts.filter(bool)
_entries = st.builds(
    entry,
    title=_words,
    source=st.sampled_from(["harbor", "plains"]),
    summary=_texts,
    content=st.text(max_size=80).map(lambda text: sanitize(text, "https://x.example/")),
    author=_texts,
    url=st.integers(0, 9**9).map(lambda n: f"https://x.example/{n}?a=1&b=2"),
    id=st.integers(0, 9**9).map(lambda n: f"https://x.example/?p={n}"),
    published=st.integers(0, 10**6).map(lambda n: NOW - timedelta(seconds=n)),
    tags=st.lists(_words, max_size=3).map(tuple),
)


@cases(st.lists(_entries, max_size=4))
def test_every_format_survives_a_round_trip(entries: list[Any]) -> None:
    """Id, title, link, date, text, author and order survive, whatever the content."""
    full = tuple(source(id_, show="full") for id_ in ("harbor", "plains"))
    feed_ = feed(*(story(each) for each in entries), sources=full)

    for parsed in _parse(feed_):
        assert [item.id for item in parsed.entries] == [each.id for each in entries]
        for item, each in zip(parsed.entries, entries, strict=True):
            assert item.link == each.url
            assert item.published_parsed[:6] == each.published.timetuple()[:6]
    # feedparser "repairs" letters that look wrongly encoded, so lxml reads the texts
    titles = [each.title for each in entries]
    assert [
        t.text for t in etree.fromstring(render_rss(feed_, SITE)).iterfind(".//item/title")
    ] == titles
    document = etree.fromstring(render_atom(feed_, SITE))
    assert [t.text for t in document.iterfind(f"{ATOM}entry/{ATOM}title")] == titles
    for item, each in zip(_items(feed_), entries, strict=True):
        assert item["title"] == each.title
        assert item.get("summary", "") == each.summary
        assert item["authors"] == [{"name": each.author or each.source.title()}]
        assert item["date_published"] == each.published.isoformat().replace("+00:00", "Z")


@cases(st.lists(_entries, max_size=3))
def test_the_same_stories_give_the_same_bytes(entries: list[Any]) -> None:
    """Nothing in a feed depends on when it is rendered."""
    feed_ = feed(*(story(each) for each in entries))

    for render in (render_rss, render_atom, render_jsonfeed):
        assert render(feed_, SITE) == render(feed_, SITE)


# ---- rights and credit ---------------------------------------------------------------

CRANES = entry("Cranes", "harbor", author="Night Desk", image="https://harbor.example/c.jpg")


def _published_items(show: str) -> str:
    feed_ = feed(story(CRANES), sources=(source("harbor", show=show),))
    return " ".join(
        render(feed_, SITE).decode() for render in (render_rss, render_atom, render_jsonfeed)
    )


def test_show_title_publishes_the_title_only() -> None:
    """No text or image is published of an outlet that shows titles only."""
    assert "in short" not in _published_items("title")
    assert "c.jpg" not in _published_items("title")
    assert "Cranes" in _published_items("title")


def test_show_excerpt_publishes_the_summary() -> None:
    """By default the summary is published, but not the content."""
    assert _published_items("excerpt").count("Cranes in short.") >= 3
    assert "in full" not in _published_items("excerpt")


def test_show_full_publishes_the_content() -> None:
    """The content is published only if the outlet allows it."""
    assert _published_items("full").count("Cranes in full.") == 3


def test_every_format_contains_the_credit() -> None:
    """Credit is the outlet, its feed, its licence, the author, and other outlets."""
    copy = entry("Cranes!", "plains")
    outlets = (source("harbor", name="Harbor Dispatch", license="CC BY 4.0"), source("plains"))
    feed_ = feed(story(CRANES, copy), sources=outlets)

    by_rss, by_atom = (parsed.entries[0] for parsed in _parse(feed_))
    item = _items(feed_)[0]

    assert by_rss.source == {"href": "https://harbor.example/feed", "title": "Harbor Dispatch"}
    assert by_rss.author == by_atom.author == item["authors"][0]["name"] == "Night Desk"
    assert by_atom.source.title == "Harbor Dispatch"
    assert by_atom.rights == by_atom.source.rights == "CC BY 4.0"
    assert item["_source"]["license"] == "CC BY 4.0"
    assert item["_source"]["feed_url"] == "https://harbor.example/feed"
    assert item["_source"]["also_at"] == [{"name": "Plains", "url": copy.url}]
    related = [link for link in by_atom.links if link.rel == "related"]
    assert [(link.href, link.title) for link in related] == [(copy.url, "Plains")]


def test_a_private_feed_url_is_not_published() -> None:
    """The outlet's site is linked instead, or its public feed (FreshRSS GHSA-rpmm)."""
    secret = source("harbor", basic_auth="LOGIN", feed="https://harbor.example/secret-feed")
    public = source("harbor", basic_auth="LOGIN", public_feed="https://harbor.example/open",
                    feed="https://harbor.example/secret-feed")  # fmt: skip

    for listed in (secret, public):
        feed_ = feed(story(CRANES), sources=(listed,))
        assert all(
            b"secret-feed" not in render(feed_, SITE)
            for render in (render_rss, render_atom, render_jsonfeed)
        )
    assert b"https://harbor.example/open" in render_rss(feed_, SITE)


# ---- what feedgen omits or gets wrong --------------------------------------------------


def test_atom_links_keep_rel_type_and_length() -> None:
    """feedgen drops these attributes, which makes an enclosure a second alternate link."""
    sound = Enclosure(url="https://harbor.example/a.mp3", type="audio/mpeg", length=12)
    document = etree.fromstring(render_atom(feed(story(entry("A", enclosures=(sound,)))), SITE))

    (enclosure,) = document.iterfind(f"{ATOM}entry/{ATOM}link[@rel='enclosure']")
    assert (enclosure.get("href"), enclosure.get("type"), enclosure.get("length")) == (
        sound.url, "audio/mpeg", "12",
    )  # fmt: skip


def test_atom_source_is_complete() -> None:
    """feedgen omits id and updated, which RFC 4287 4.2.11 requires."""
    document = etree.fromstring(render_atom(feed(story(CRANES)), SITE))

    source_ = document.find(f"{ATOM}entry/{ATOM}source")
    assert source_ is not None
    assert {etree.QName(child).localname for child in source_} >= {"id", "title", "updated", "link"}


def test_channel_link_is_the_html_page() -> None:
    """In feedgen the last link wins, which could be the feed itself."""
    (parsed, _) = _parse(feed(story(CRANES)))

    assert parsed.feed.link == "https://commons.example/topics/drug-war"
    self_link = [link for link in parsed.feed.links if link.rel == "self"]
    assert self_link[0].href == "https://commons.example/topics/drug-war.rss"


def test_a_guid_is_a_permalink_only_if_it_is_the_link() -> None:
    """A wrong `isPermaLink` gives readers a wrong URL (openSUSE's rss20 tests for '://' only)."""
    other, same = (
        entry("Other"),
        entry("Same", id="https://o.example/x", url="https://o.example/x"),
    )
    document = etree.fromstring(render_rss(feed(story(other), story(same)), SITE))

    assert [guid.get("isPermaLink") for guid in document.iter("guid")] == ["false", "true"]


def test_feed_is_updated_when_its_newest_story_was() -> None:
    """feedgen's default is now, which breaks every ETag (dylang/node-rss#52)."""
    later = story(entry("B"), updated=NOW + HOUR)
    (by_rss, by_atom) = _parse(feed(story(CRANES), later))

    assert by_atom.feed.updated == "2026-10-05T13:00:00+00:00"
    assert by_rss.feed.updated == "Mon, 05 Oct 2026 13:00:00 +0000"


def test_an_image_is_a_thumbnail_and_media_content() -> None:
    """Some readers support media:thumbnail, others only media:content (FreshRSS#5925)."""
    for parsed in _parse(feed(story(CRANES))):
        assert parsed.entries[0].media_thumbnail[0]["url"] == CRANES.image
        assert parsed.entries[0].media_content[0]["url"] == CRANES.image


def test_the_end_of_cdata_in_a_text_is_escaped() -> None:
    """`]]>` stays text (FreshRSS rss.phtml and openSUSE atom.xml do not escape it)."""
    lead = entry("a ]]> b", content=SafeHtml("<p>a ]]&gt; b</p>"), summary="]]>")

    for parsed in _parse(feed(story(lead), sources=(source(show="full"),))):
        assert parsed.entries[0].title == "a ]]> b"


def test_markup_in_plain_text_is_escaped() -> None:
    """A tag in a headline stays text in every format, whatever the outlet shows."""
    safe = SafeHtml("<p>All of it.</p>")
    lead = entry("The <script>alert(1)</script> tag", summary="Why <b> is bold", content=safe)

    for show in ("title", "excerpt", "full"):
        feed_ = feed(story(lead), sources=(source(show=show),))
        description = etree.fromstring(render_rss(feed_, SITE)).findtext(".//item/description")
        assert description is not None
        assert "<" not in description
        (item,) = _items(feed_)
        assert item["title"] == lead.title
        assert "script" not in item.get("content_html", "")


def test_an_empty_feed_is_valid() -> None:
    """A topic without stories has a valid feed."""
    for parsed in _parse(feed()):
        assert parsed.entries == []
        assert parsed.feed.title == "Drug War"
    assert json.loads(render_jsonfeed(feed(), SITE))["items"] == []


def test_a_duplicate_fills_in_missing_fields() -> None:
    """The longest permitted text is used; title, link and credit are always the lead's."""
    lead = entry("Cranes", "harbor", summary="Short.", content=SafeHtml(""))
    copy = entry(
        "Cranes, again", "commons", summary="A longer teaser.", author="Ana Reyes",
        content=SafeHtml("<p>The whole.</p>"), image="https://commons.example/p.jpg",
    )  # fmt: skip
    outlets = (source("harbor"), source("commons", show="full"))
    (item,) = _items(feed(story(lead, copy), sources=outlets))

    assert (item["title"], item["url"], item["_source"]["name"]) == ("Cranes", lead.url, "Harbor")
    assert (item["summary"], item["content_html"]) == ("A longer teaser.", "<p>The whole.</p>")
    assert (item["image"], item["authors"]) == (copy.image, [{"name": "Ana Reyes"}])


def test_nobody_completes_a_full_text() -> None:
    """Author and picture of a copy say nothing about the text of another outlet."""
    lead = entry("Cranes", "harbor", content=SafeHtml("<p>The whole.</p>"))
    copy = entry("Cranes", "commons", author="Ana Reyes", image="https://commons.example/p.jpg")
    outlets = (source("harbor", show="full"), source("commons", show="full"))
    (item,) = _items(feed(story(lead, copy), sources=outlets))

    assert item["authors"] == [{"name": "Harbor"}]
    assert "image" not in item


def test_a_duplicate_that_shows_titles_only_adds_nothing() -> None:
    """No text or image of that outlet is published with another's lead."""
    lead = entry("Cranes", "harbor", summary="Short.")
    copy = entry("Cranes", "commons", summary="A much longer teaser.", image="https://c/p.jpg")
    outlets = (source("harbor"), source("commons", show="title"))
    (item,) = _items(feed(story(lead, copy), sources=outlets))

    assert item["summary"] == "Short."
    assert "image" not in item
    assert "content_html" not in item


def test_a_duplicate_with_a_footer_does_not_replace_the_lead() -> None:
    """A text that is longer only by its licence note is not preferred."""
    text = "The cranes stood still. " * 20
    lead = entry("Cranes", "harbor", content=SafeHtml(f"<p>{text}</p>"))
    copy = entry("Cranes", "commons", content=SafeHtml(f"<p>{text}</p><p>Republished.</p>"))
    outlets = (source("harbor", show="full"), source("commons", show="full"))
    (item,) = _items(feed(story(lead, copy), sources=outlets))

    assert item["content_html"] == lead.content
