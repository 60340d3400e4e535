"""Pages and OPML."""

from dataclasses import replace

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


def test_a_topic_page_shows_stories_and_feeds() -> None:
    """A story has headline, summary, outlet, date and "also at"; readers discover the feeds."""
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


def test_the_home_page_shows_each_topic() -> None:
    """The home page has the newest stories of each topic, and links to all feeds."""
    section = pages.Section(topic=TOPICS[0], feed=feed(story(entry("Cranes"))))
    page = _page(pages.home_page([section], SITE, TOPICS))

    assert [h.text() for h in page.css("section h2")] == ["Drug War"]
    assert [h.text() for h in page.css("section h3")] == ["Cranes"]
    assert len(page.css("link[rel=alternate]")) == 3 + len(TOPICS)


def test_a_story_page_says_why_the_story_is_there() -> None:
    """The page has the excerpt and the credit; its canonical URL is the original's."""
    found = story(entry("Cranes"))
    reasons = {"labor": "rule found title: cranes"}
    body = pages.story_page(feed(found), feed(), reasons, SITE, TOPICS)
    page = _page(body)

    assert _attribute(page, "link[rel=canonical]", "href") == found.lead.url
    assert "rule found title: cranes" in _text(page, "dd")
    assert "in full" not in _text(page, "article")


def test_a_story_page_links_to_related_stories() -> None:
    """Related stories are linked with their outlets."""
    other = story(entry("Dockers walk out", "plains"))
    body = pages.story_page(feed(story(entry("Cranes"))), feed(other), {}, SITE, TOPICS)
    page = _page(body)

    assert _text(page, "section h2") == "More on this"
    assert _attribute(page, "ul.more a", "href") == f"/stories/{other.id}"
    assert "Plains" in _text(page, "ul.more .credit")


def test_a_merged_story_page_redirects() -> None:
    """A static page leads readers and search engines to the remaining story."""
    page = _page(pages.moved_page("/stories/0123456789abcdef", SITE, TOPICS))
    address = "https://commons.example/stories/0123456789abcdef"

    assert _attribute(page, "link[rel=canonical]", "href") == address
    refresh = _attribute(page, "meta[http-equiv=refresh]", "content") or ""
    assert refresh.endswith("url=/stories/0123456789abcdef")


def test_only_the_full_text_is_shown_as_html() -> None:
    """Titles and other texts are escaped."""
    found = story(entry("A <b>", content=SafeHtml("<p>One <em>word</em>.</p>")))
    full = feed(found, sources=(source(show="full"),))
    body = pages.story_page(full, feed(), {}, SITE, TOPICS)

    assert b"<p>One <em>word</em>.</p>" in body
    assert b"A &lt;b&gt;" in body


def test_links_work_on_a_site_below_a_path() -> None:
    """Links contain the path of the site."""
    below = Site(title="T", url="https://x.example/news")
    page = _page(pages.list_page(feed(story(entry("A"))), below, TOPICS))

    own = [a.attributes["href"] for a in page.css("nav a")]
    assert own == ["/news/all", "/news/topics/drug-war", "/news/topics/labor", "/news/search"]


def test_an_empty_topic_page_says_so() -> None:
    """A topic without stories has a page."""
    assert b"No stories yet." in pages.list_page(feed(), SITE, TOPICS)


def test_a_story_in_another_language_is_marked() -> None:
    """Screen readers need its language if it is not that of the interface; its direction is
    that of its first letter, whatever stands around it."""
    given = entry("Golpe", language="es", summary="Un golpe.")
    body = pages.list_page(feed(story(given)), SITE, TOPICS)

    assert b'<h2 lang="es" dir="auto"><a' in body
    assert b'<p lang="es" dir="auto">Un golpe.</p>' in body
    assert b"<article>" in body
    assert b"<bdi>" in body


def test_the_own_words_of_a_site_in_another_language_are_marked() -> None:
    """They are English; the names of site and topics are not."""
    site = replace(SITE, language="fa", title="\u0645\u0631\u062f\u0645")
    body = pages.list_page(feed(story(entry("Golpe")), language="fa"), site, TOPICS).decode()

    assert '<html lang="fa">' in body
    assert '<body lang="en">' in body
    assert f'<a href="/" lang="fa" dir="auto">{site.title}</a>' in body
    assert '<html lang="en">' in pages.list_page(feed(), SITE, TOPICS).decode()
    assert "<body>" in pages.list_page(feed(), replace(SITE, language="en-GB"), TOPICS).decode()


def test_topics_opml_lists_every_topic() -> None:
    """A reader can import every topic's feed."""
    document = etree.fromstring(topics_opml(TOPICS, SITE))

    outlines = [outline.get("xmlUrl") for outline in document.iter("outline")]
    assert outlines == [
        "https://commons.example/topics/drug-war.atom",
        "https://commons.example/topics/labor.atom",
    ]
    assert not feedparser.parse(topics_opml(TOPICS, SITE)).bozo


def test_sources_opml_omits_private_feeds() -> None:
    """A private feed is listed only if it has a public URL."""
    listed = [
        source("harbor"),
        source("secret", basic_auth="LOGIN"),
        source("half", basic_auth="LOGIN", public_feed="https://half.example/open"),
    ]
    document = etree.fromstring(sources_opml(listed, SITE))

    outlines = [outline.get("xmlUrl") for outline in document.iter("outline")]
    assert outlines == ["https://harbor.example/feed", "https://half.example/open"]
