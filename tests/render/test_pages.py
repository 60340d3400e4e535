"""Pages and OPML."""

from dataclasses import replace

import feedparser
from lxml import etree
from selectolax.lexbor import LexborHTMLParser

from aggregator.model import SafeHtml, Site
from aggregator.render.item import feed_items
from aggregator.render.opml import sources_opml, topics_opml
from aggregator.render.pages import FrontPage, PageRenderer, Paging, Search
from aggregator.render.reasons import TopicReason, TopicReasonKind
from tests.harness.builders import SITE, at, entry, feed, source, story, topic

TOPICS = [topic("drug-war"), topic("labor")]
PAGES = PageRenderer(SITE, TOPICS)
PAGING = Paging(path="/topics/drug-war")


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
    page = _page(PAGES.list(feed(found), PAGING))

    assert _text(page, "article h2 a") == "Cranes <stop>"
    assert _attribute(page, "article h2 a", "href") == f"/stories/{found.id}"
    assert "Cranes <stop> in short." in _text(page, "article")
    assert "Harbor" in _text(page, "article .by")
    assert _attribute(page, "time", "datetime") == "2026-10-05T10:00:00+00:00"
    assert " ".join(_text(page, ".also").split()) == "Read it at Harbor · Also at Plains"
    links = [link.attributes["href"] for link in page.css(".also a")]
    assert links == [found.lead.url, found.duplicates[0].url]
    assert _attribute(page, ".topics [aria-current]", "href") == "/topics/drug-war"
    feeds = {link.attributes["href"] for link in page.css("link[rel=alternate]")}
    assert feeds == {
        f"https://commons.example/topics/drug-war.{e}" for e in ("rss", "atom", "json")
    }


def test_the_home_page_shows_lead_latest_and_topics() -> None:
    """It links to all feeds."""
    lead, latest, minor = feed_items(
        feed(story(entry("Cranes")), story(entry("Strike")), story(entry("Verdict")))
    )
    front = FrontPage(lead=lead, latest=[latest], sections=[(TOPICS[0], [minor])])
    page = _page(PAGES.home(front))

    assert _text(page, ".lead h2") == "Cranes"
    assert _text(page, ".latest li a") == "Strike"
    assert _text(page, ".latest h3") == "5 October"
    assert _text(page, ".latest li time") == "10:00"
    assert _text(page, ".sections h2") == "Drug War"
    assert _text(page, ".sections h3") == "Verdict"
    assert len(page.css("link[rel=alternate]")) == 3 + len(TOPICS)


def test_dates_of_another_year_have_it() -> None:
    """The lead may be old; the year of the others is understood."""
    old = story(entry("Cranes", published=at("2015-10-05 10:00")))
    lead, latest = feed_items(feed(old, story(entry("Strike"))))
    page = _page(PAGES.home(FrontPage(lead=lead, latest=[latest])))

    assert "5 October 2015" in _text(page, ".lead .by")
    assert _text(page, ".latest h3") == "5 October"


def test_no_page_is_linked_twice_as_a_copy() -> None:
    """Nor with what tracks who follows the link."""
    lead = entry("Cranes", "harbor", url="https://harbor.example/1")
    copies = [
        entry("Cranes", "plains", url="http://www.harbor.example/1/?utm_source=rss"),
        entry("Cranes", "redwood", url="https://redwood.example/c?id=7&utm_medium=feed#top"),
        entry("Cranes", "valley", url="https://redwood.example/c?id=7"),
        entry("Cranes", "mill", url="https://mill.example/c%20d?a=%C3%A9&b="),
    ]
    (item,) = feed_items(feed(story(lead, *copies)))

    assert [(other.name, other.url) for other in item.other_pages] == [
        ("Redwood", "https://redwood.example/c?id=7#top"),
        ("Mill", "https://mill.example/c%20d?a=%C3%A9&b="),
    ]


def test_a_story_at_many_outlets_is_valid() -> None:
    """The ones that are folded away stay within their line."""
    copies = [entry("Cranes", f"outlet-{n}") for n in range(30)]
    page = PAGES.list(feed(story(*copies)), PAGING).decode()

    also = page[page.index('<div class="also"') : page.index("</article>")]
    assert "<details><summary>and 25 more</summary>" in also
    assert also.rindex("</details>") < also.rindex("</div>")
    assert "<p" not in also


def test_a_story_page_says_why_the_story_is_there() -> None:
    """The page has the excerpt and the credit; its canonical URL is the original's."""
    found = story(entry("Cranes"))
    reasons = [
        TopicReason(topic=TOPICS[1], kind=TopicReasonKind.HEADLINE, words=("Cranes", "a <b>")),
        TopicReason(topic=TOPICS[0], kind=TopicReasonKind.OUTLET, outlet="Harbor"),
    ]
    page = _page(PAGES.story(feed(found), feed(), reasons))

    assert _attribute(page, "link[rel=canonical]", "href") == found.lead.url
    assert [p.text().strip() for p in page.css("details p")] == [
        "Filed under Labor because the headline mentions Cranes, a <b>.",
        "Filed under Drug War because it is from Harbor.",
    ]
    assert [a.text() for a in page.css("article > .by a")][1:] == ["Labor", "Drug War"]


def test_a_story_page_links_to_related_stories() -> None:
    """Related stories are linked with their outlets."""
    other = story(entry("Dockers walk out", "plains"))
    body = PAGES.story(feed(story(entry("Cranes"))), feed(other), [])
    page = _page(body)

    assert _text(page, "section h2") == "More on this"
    assert _attribute(page, "section li a", "href") == f"/stories/{other.id}"
    assert "Plains" in _text(page, "section li small")


def test_a_merged_story_page_redirects() -> None:
    """A static page leads readers and search engines to the remaining story."""
    page = _page(PAGES.moved_story("/stories/0123456789abcdef"))
    address = "https://commons.example/stories/0123456789abcdef"

    assert _attribute(page, "link[rel=canonical]", "href") == address
    refresh = _attribute(page, "meta[http-equiv=refresh]", "content") or ""
    assert refresh.endswith("url=/stories/0123456789abcdef")


def test_only_the_full_text_is_shown_as_html() -> None:
    """Titles and other texts are escaped."""
    found = story(entry("A <b>", content=SafeHtml("<p>One <em>word</em>.</p>")))
    full = feed(found, sources=(source(show="full"),))
    body = PAGES.story(full, feed(), [])

    assert b"<p>One <em>word</em>.</p>" in body
    assert b"A &lt;b&gt;" in body


def test_links_work_on_a_site_below_a_path() -> None:
    """Links contain the path of the site."""
    below = Site(title="T", url="https://x.example/news")
    page = _page(PageRenderer(below, TOPICS).list(feed(story(entry("A"))), PAGING))

    own = [a.attributes["href"] for a in page.css("nav a")]
    tools = ["/news/search", "/news/sources", "/news/subscribe"]
    assert own == [*tools, "/news/all", "/news/topics/drug-war", "/news/topics/labor"]


def test_an_empty_topic_page_says_so() -> None:
    """A topic without stories has a page."""
    assert b"No stories yet." in PAGES.list(feed(), PAGING)


def test_a_story_in_another_language_is_marked() -> None:
    """Screen readers need its language, and readers are told; its direction is that of its
    language, for the whole card."""
    spanish = entry("Golpe", language="es", summary="Un golpe.")
    body = PAGES.list(feed(story(spanish)), PAGING).decode()

    assert '<h2 lang="es"><a' in body
    assert '<p class="teaser" lang="es">Un golpe.</p>' in body
    assert "· Spanish</p>" in body
    assert '<article class="story">' in body

    arabic = entry("\u0625\u0636\u0631\u0627\u0628", language="ar")
    body = PAGES.list(feed(story(arabic)), PAGING).decode()

    assert '<article class="story" dir="rtl">' in body
    assert '<p class="by" dir="ltr">' in body
    assert '<h2 lang="ar" dir="rtl"><a' in body


def test_a_text_in_an_unknown_language_has_the_direction_of_its_letters() -> None:
    """No language is claimed for it."""
    body = PAGES.list(feed(story(entry("Golpe", language=""))), PAGING).decode()

    assert '<h2 dir="auto"><a' in body


def test_a_site_in_a_language_without_translation_is_marked() -> None:
    """The words of the interface are English, and pages say so; the names of site and topics are
    in the site's language."""
    site = replace(SITE, language="fa", title="\u0645\u0631\u062f\u0645")
    body = PageRenderer(site, TOPICS).list(feed(language="fa"), PAGING).decode()

    assert '<html lang="en">' in body
    assert f'<a href="/" lang="fa" dir="rtl">{site.title}</a>' in body
    british = PageRenderer(replace(SITE, language="en-GB"), TOPICS).list(feed(), PAGING).decode()
    assert '<html lang="en-GB">' in british


def test_words_that_were_searched_are_marked() -> None:
    """Markup around them stays text."""
    found = feed(story(entry("A <b>strike</b> & more")))
    body = PAGES.search(
        found, Search(query="strike"), lambda text, _: [(5, 11)] if "<b>" in text else []
    ).decode()

    assert ">A &lt;b&gt;<mark>strike</mark>&lt;/b&gt; &amp; more</a>" in body


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
