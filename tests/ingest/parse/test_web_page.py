"""A web page instead of a feed: the feeds that it announces."""

import pytest

from aggregator.ingest.parse.parser import parse
from aggregator.ingest.parse.web_page import MAX_ANNOUNCED_FEEDS, announced_feeds
from aggregator.model import Failed, Fetched, Validators

SITE = "https://harbor.example/news/"


def _found(head: str, body: str = "") -> list[str]:
    page = f"<!doctype html><html><head>{head}</head><body>{body}</body></html>".encode()
    return [feed.url for feed in announced_feeds(page, SITE)]


def _link(href: str, type_: str = "application/rss+xml", **attributes: str) -> str:
    rest = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f'<link rel="alternate" type="{type_}" href="{href}"{rest}>'


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (_link("/feed"), ["https://harbor.example/feed"]),
        (_link("atom.xml", "application/atom+xml"), ["https://harbor.example/news/atom.xml"]),
        (_link("//cdn.example/f", "Application/RSS+XML; charset=utf-8"), ["https://cdn.example/f"]),
        ('<base href="https://b.example/x/">' + _link("f"), ["https://b.example/x/f"]),
        (_link("/feed.json", "application/feed+json"), ["https://harbor.example/feed.json"]),
        (_link("/rss.xml", "text/xml"), ["https://harbor.example/rss.xml"]),
        ('<link rel="feed" href="/all">', ["https://harbor.example/all"]),
        ('<link rel="ALTERNATE" type="" href="/feed/">', ["https://harbor.example/feed/"]),
        (_link("/wp-json/oembed", "application/json+oembed"), []),
        (_link("/wp-json/wp/v2/posts/1", "application/json"), []),
        (_link("/es/", "text/html", hreflang="es"), []),
        (_link("javascript:alert(1)"), []),
        (_link("file:///etc/passwd"), []),
        (_link(""), []),
        (_link("/" + "x" * 3000), []),
    ],
    ids=[
        "RSS", "relative to the page", "type with parameters", "with a base", "JSON Feed",
        "text/xml", "rel=feed", "no type", "oEmbed", "another JSON", "a translation", "a script",
        "a file", "empty", "too long",
    ],
)  # fmt: skip
def test_links_in_the_head(head: str, expected: list[str]) -> None:
    """Feeds are recognised by their type, other alternates are not feeds."""
    assert _found(head) == expected


def test_feeds_of_comments_come_last() -> None:
    """WordPress announces the feed of comments of each page, too."""
    head = _link("/page/feed/", title="Page Comments Feed") + _link("/comments/feed/")

    assert _found(head + _link("/feed/"))[0] == "https://harbor.example/feed/"


def test_links_in_the_text_are_taken_if_the_head_has_none() -> None:
    """Some pages only have an orange button."""
    body = '<a href="/about">About</a> <a href="/rss.xml">RSS</a> <a href="/feed/">Feed</a>'

    assert _found("", body) == ["https://harbor.example/rss.xml", "https://harbor.example/feed/"]
    assert _found(_link("/main"), body) == ["https://harbor.example/main"]


def test_a_page_that_announces_hundreds_of_feeds() -> None:
    """Only the first ones are considered, each once."""
    head = "".join(_link(f"/feed/{n // 2}") for n in range(1000))

    assert len(_found(head)) == MAX_ANNOUNCED_FEEDS == len(set(_found(head)))


def test_titles_are_plain_text() -> None:
    """A title is shown to operators, in a terminal and on pages."""
    page = _link("/feed", title="News &amp;\n\x1b[31m<b>views</b>" + "x" * 500).encode()
    (feed,) = announced_feeds(page, SITE)

    assert feed.title.startswith("News & [31m<b>views</b>xxx")
    assert len(feed.title) <= 100


def test_a_web_page_is_no_feed() -> None:
    """The failure carries the feeds that it announces."""
    body = f"<!doctype html><html><head>{_link('/feed', title='News')}</head>".encode()
    given = Fetched(
        url=SITE, status=200, content_type="text/html", body=body, validators=Validators()
    )
    failed = parse(given)

    assert isinstance(failed, Failed)
    assert [feed.url for feed in failed.announced] == ["https://harbor.example/feed"]
