"""Pages and OPML."""

import feedparser
from lxml import etree
from selectolax.lexbor import LexborHTMLParser

from aggregator.model import SafeHtml, Site
from aggregator.render import pages
from aggregator.render.opml import sources_opml, topics_opml
from tests.harness.builders import SITE, entry, feed, source, story, topic

TOPICS = [topic("drug-war"), topic("labor")]


def _page(body: bytes) -> LexborHTMLParser:
    return LexborHTMLParser(body.decode())


def _text(page: LexborHTMLParser, css: str) -> str:
    (node, *_) = page.css(css)
    return node.text()


def _attribute(page: LexborHTMLParser, css: str, name: str) -> str | None:
    (node, *_) = page.css(css)
    return node.attributes[name]


def test_a_topic_page() -> None:
    """Headline, teaser, outlet, date, "also at", and feeds that a reader discovers."""
    found = story(entry("Cranes <stop>", "harbor"), entry("Cranes!", "plains"))
    page = _page(pages.list_page(feed(found), SITE, TOPICS))

    assert _text(page, "article h2 a") == "Cranes <stop>"
    assert _attribute(page, "article h2 a", "href") == found.lead.url
    assert "Cranes <stop> in short." in _text(page, "article")
    assert "Harbor" in _text(page, "article .credit")
    assert _attribute(page, "time", "datetime") == "2026-10-05T10:00:00+00:00"
    assert _attribute(page, ".also a", "href") == found.duplicates[0].url
    feeds = {link.attributes["href"] for link in page.css("link[rel=alternate]")}
    assert feeds == {
        f"https://commons.example/topics/drug-war.{e}" for e in ("rss", "atom", "json")
    }


def test_the_home_page() -> None:
    """The newest stories of each topic, and all feeds."""
    section = pages.Section(topic=TOPICS[0], feed=feed(story(entry("Cranes"))))
    page = _page(pages.home_page([section], SITE, TOPICS))

    assert [h.text() for h in page.css("section h2")] == ["Drug War"]
    assert [h.text() for h in page.css("section h3")] == ["Cranes"]
    assert len(page.css("link[rel=alternate]")) == 3 + len(TOPICS)


def test_a_story_page() -> None:
    """The excerpt, the credit, why it is here; search engines are sent to the original."""
    found = story(entry("Cranes"))
    reasons = {"labor": "rule found title: cranes"}
    body = pages.story_page(feed(found), feed(), reasons, SITE, TOPICS)
    page = _page(body)

    assert _attribute(page, "link[rel=canonical]", "href") == found.lead.url
    assert "rule found title: cranes" in _text(page, "dd")
    assert "in full" not in _text(page, "article")


def test_more_on_this() -> None:
    """Other reports of the event are linked, each with its outlet; none is hidden or merged."""
    other = story(entry("Dockers walk out", "plains"))
    body = pages.story_page(feed(story(entry("Cranes"))), feed(other), {}, SITE, TOPICS)
    page = _page(body)

    assert _text(page, "section h2") == "More on this"
    assert _attribute(page, "ul.more a", "href") == f"/stories/{other.id}"
    assert "Plains" in _text(page, "ul.more .credit")


def test_where_a_story_stood() -> None:
    """Readers and search engines are led to where it is told now, even by a file server."""
    page = _page(pages.moved_page("/stories/0123456789abcdef", SITE, TOPICS))
    address = "https://commons.example/stories/0123456789abcdef"

    assert _attribute(page, "link[rel=canonical]", "href") == address
    refresh = _attribute(page, "meta[http-equiv=refresh]", "content") or ""
    assert refresh.endswith("url=/stories/0123456789abcdef")


def test_a_full_text_stays_markup() -> None:
    """Where the outlet allows it, its article is shown as it is, everything else as text."""
    found = story(entry("A <b>", content=SafeHtml("<p>One <em>word</em>.</p>")))
    full = feed(found, sources=(source(show="full"),))
    body = pages.story_page(full, feed(), {}, SITE, TOPICS)

    assert b"<p>One <em>word</em>.</p>" in body
    assert b"A &lt;b&gt;" in body


def test_a_site_below_a_path() -> None:
    """Links work where the site is not at the root of its host."""
    below = Site(title="T", url="https://x.example/news")
    page = _page(pages.list_page(feed(story(entry("A"))), below, TOPICS))

    own = [a.attributes["href"] for a in page.css("nav a")]
    assert own == ["/news/all", "/news/topics/drug-war", "/news/topics/labor", "/news/search"]


def test_an_empty_topic() -> None:
    """It says that it is empty, not nothing."""
    assert b"No stories yet." in pages.list_page(feed(), SITE, TOPICS)


def test_a_language_of_its_own() -> None:
    """A story in another language than the site's is marked for screen readers."""
    body = pages.list_page(feed(story(entry("Golpe", language="es"))), SITE, TOPICS)

    assert b'<article lang="es">' in body


def test_topics_opml() -> None:
    """Every topic's feed, for a reader to import."""
    document = etree.fromstring(topics_opml(TOPICS, SITE))

    outlines = [outline.get("xmlUrl") for outline in document.iter("outline")]
    assert outlines == [
        "https://commons.example/topics/drug-war.atom",
        "https://commons.example/topics/labor.atom",
    ]
    assert not feedparser.parse(topics_opml(TOPICS, SITE)).bozo


def test_sources_opml() -> None:
    """The blogroll keeps private feeds to itself."""
    listed = [
        source("harbor"),
        source("secret", basic_auth="LOGIN"),
        source("half", basic_auth="LOGIN", public_feed="https://half.example/open"),
    ]
    document = etree.fromstring(sources_opml(listed, SITE))

    outlines = [outline.get("xmlUrl") for outline in document.iter("outline")]
    assert outlines == ["https://harbor.example/feed", "https://half.example/open"]
