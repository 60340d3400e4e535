"""A format is one file and one row in FORMATS; the rest of the program reads that table."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from lxml import etree
from selectolax.lexbor import LexborHTMLParser

import aggregator
from aggregator.model import ALL, Feed, Site, topic_scope
from aggregator.render.formats import FORMATS, FeedFormat, is_feed_path
from aggregator.render.opml import topics_opml
from aggregator.site import PublicSite
from aggregator.site.export import export_site
from aggregator.site.routes import ROUTES
from aggregator.web import create_app
from aggregator.websub.topic_urls import FeedTopics
from tests.harness.builders import SITE, topic
from tests.harness.newsroom import Newsroom, article

PACKAGE = Path(aggregator.__file__).parent
PARTNER_DOCS = PACKAGE.parent / "docs" / "partners.md"
EXCEPTIONS = {"ingest/parse/fast_xml.py", "render/opml.py"}
"""The feeds of outlets begin with `<rss>`, and in OPML the outline of any feed has the type "rss".
"""
LISTS = ("/all", "/topics/labor", "/sources/harbor")


def _render_plain_text(feed: Feed, _: Site) -> bytes:
    """Render one title per line."""
    return "".join(f"{story.lead.title}\n" for story in feed.stories).encode()


@pytest.fixture
def plain_text() -> Iterator[FeedFormat]:
    """A format that is added for a test."""
    added = FeedFormat(
        extension="txt",
        name="Plain text",
        media_type="text/plain; charset=utf-8",
        render=_render_plain_text,
    )
    FORMATS[added.extension] = added
    yield added
    del FORMATS[added.extension]


@pytest.fixture
def site(newsroom: Newsroom, plain_text: FeedFormat) -> PublicSite:
    """The site of a newsroom with one story, restarted after the format was added."""
    assert plain_text.extension in FORMATS
    newsroom.has_topic("labor", "strike")
    newsroom.lists("harbor")
    newsroom.publishes("harbor", article("A strike"))
    newsroom.ingests()
    routes = [replace(route) for route in ROUTES]
    return PublicSite(newsroom.config, newsroom.store, routes)


@pytest.fixture
def reader(site: PublicSite) -> FlaskClient:
    """A client of that site's web server."""
    return create_app(site.config, site.store, site, FeedTopics(site)).test_client()


@pytest.mark.parametrize("path", LISTS)
def test_an_added_format_is_served(reader: FlaskClient, plain_text: FeedFormat, path: str) -> None:
    """Every list has a feed and a page in the format."""
    feed, page = reader.get(f"{path}.txt"), reader.get(f"{path}.txt.html")

    assert (feed.status_code, feed.data) == (200, b"A strike\n")
    assert feed.headers["Content-Type"] == plain_text.media_type
    assert feed.headers["Access-Control-Allow-Origin"] == "*"
    assert page.status_code == 200
    assert "Plain text" in page.text
    assert reader.get("/search.txt?q=strike").data == b"A strike\n"


@pytest.mark.parametrize("path", LISTS)
def test_an_added_format_is_linked(reader: FlaskClient, path: str) -> None:
    """Pages link to the format, for readers and for programs."""
    page = LexborHTMLParser(reader.get(path).text)

    (alternate,) = page.css("link[rel=alternate][type='text/plain']")
    assert alternate.attributes["href"] == f"https://commons.example{path}.txt"
    assert f"{path}.txt" in {a.attributes.get("href") for a in page.css(".follow a")}
    home = LexborHTMLParser(reader.get("/").text)
    assert home.css("link[rel=alternate][type='text/plain']")


def test_an_added_format_is_exported(site: PublicSite, tmp_path: Path) -> None:
    """The static export contains every list in the format."""
    export_site(site, tmp_path / "public")

    for path in LISTS:
        assert {f"{path}.txt", f"{path}.txt.html"} <= set(site.paths())
        assert (tmp_path / "public" / f"{path[1:]}.txt").read_bytes() == b"A strike\n"


def test_an_added_format_can_be_subscribed_to(site: PublicSite) -> None:
    """Our hub accepts the format as a topic for every list."""
    topics = FeedTopics(site)

    assert "https://commons.example/all.txt" in topics.feed_urls(ALL)
    assert topics.scopes("https://commons.example/topics/labor.txt") == (topic_scope("labor"),)
    document = topics.content("https://commons.example/topics/labor.txt")
    assert document
    assert document.body == b"A strike\n"


def test_opml_lists_a_format_that_exists() -> None:
    """A topic has one outline, so that nobody subscribes twice."""
    (outline,) = etree.fromstring(topics_opml([topic("labor")], SITE)).iter("outline")

    assert (outline.get("xmlUrl") or "").rpartition(".")[2] in FORMATS


@pytest.mark.parametrize("extension", FORMATS)
def test_every_format_is_documented(extension: str) -> None:
    """Every format is in docs/partners.md."""
    text = PARTNER_DOCS.read_text(encoding="utf-8")

    for path in ("/all", "/topics/<topic>", "/sources/<source>", "/search"):
        assert f"`{path}.{extension}" in text
        assert path == "/search" or f"`{path}.{extension}.html`" in text


def test_formats_are_listed_in_one_place() -> None:
    """A second list anywhere in the package would miss the next format."""
    lists = {}
    for file in PACKAGE.rglob("*.py"):
        constants = {
            node.value
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        name = file.relative_to(PACKAGE).as_posix()
        if len(named := constants & set(FORMATS)) > 1 and name not in EXCEPTIONS:
            lists[name] = named
    for template in (PACKAGE / "render" / "templates").iterdir():
        text = template.read_text(encoding="utf-8")
        if len(named := {each for each in FORMATS if f".{each}" in text}) > 1:
            lists[template.name] = named

    assert lists == {}


def test_no_format_has_the_extension_of_another_file() -> None:
    """A format must not make a file such as /robots.txt look like a feed; what is one has a page
    for people."""
    files = {route.template for route in ROUTES if route.is_fixed}

    assert set(filter(is_feed_path, files)) == {"/digest.atom"}
    assert "/digest.atom.html" in files


def test_nginx_serves_every_format() -> None:
    """The sample configuration contains every format with its media type."""
    text = (PACKAGE.parent / "deploy" / "nginx.conf").read_text(encoding="utf-8")

    assert f"location ~ \\.({'|'.join(FORMATS)})$" in text
    for format_ in FORMATS.values():
        assert re.search(rf"{re.escape(format_.link_type)}\s+{format_.extension};", text)
