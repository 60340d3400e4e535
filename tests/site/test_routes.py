"""The table of routes: a page is one row, rebuilt only when what it depends on has changed."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from aggregator.model import (
    ALL,
    ALL_STORY_PAGES,
    DAYS,
    NOTICES,
    PICTURES,
    PINS,
    ListScope,
    source_scope,
    story_scope,
    topic_scope,
)
from aggregator.site import ROUTES, PublicSite
from aggregator.site.builders import DocumentBuilder
from aggregator.site.document import Document, html_document
from aggregator.site.export import export_site
from aggregator.site.resources import SiteContext, fixed
from aggregator.site.routes import Route
from aggregator.web import create_app
from aggregator.websub.topic_urls import FeedTopics
from tests.harness.newsroom import Newsroom, article

HOUR = timedelta(hours=1)
LABOR, COURTS = topic_scope("labor"), topic_scope("courts")
PARTNER_DOCS = Path(__file__).parents[2] / "docs" / "partners.md"

DEPENDENCIES: list[tuple[str, tuple[ListScope, ...]]] = [
    ("/", (ALL, NOTICES, PINS, PICTURES)),
    ("/topics.opml", (ALL,)),
    ("/all.rss", (ALL,)),
    ("/topics/labor", (LABOR, NOTICES, PINS, DAYS, PICTURES)),
    ("/topics/labor+courts.atom", (COURTS, LABOR)),
    ("/sources/harbor.json", (source_scope("harbor"),)),
    ("/search", (ALL, PICTURES)),
    ("/embed/labor", (LABOR, PICTURES)),
    ("/embed/courts+labor.js", (COURTS, LABOR, PICTURES)),
    ("/topics/labor/archive/1.atom", (LABOR.archive_page(1),)),
    ("/topics/labor/archive/2.rss", (LABOR,)),
    ("/topics/labor/archive/3.rss", (LABOR.archive_page(3),)),
    ("/topics/labor/archive/3", (LABOR,)),
    ("/topics/labor/older/1", (LABOR, PICTURES)),
]


@pytest.mark.parametrize(("path", "scopes"), DEPENDENCIES, ids=[path for path, _ in DEPENDENCIES])
def test_a_document_depends_on_the_lists_that_its_route_names(
    docks: Newsroom, path: str, scopes: tuple[ListScope, ...]
) -> None:
    """A page of all stories depends on all, a topic on itself, an archive document on its page;
    archive document 2 is the next one, which redirects to the newest stories."""
    docks.archives(2)

    resource = docks.site.find(path)

    assert resource is not None
    assert resource.scopes == scopes


def test_a_story_depends_on_its_lists(docks: Newsroom) -> None:
    """A story page shows related stories, with which it changes, and notices."""
    (id_, *_) = docks.store.stories.ids()

    resource = docks.site.find(f"/stories/{id_}")

    assert resource is not None
    assert set(resource.scopes) == {story_scope(id_), ALL_STORY_PAGES, NOTICES}


class _WeatherBuilder:
    """A builder that counts how often it is called."""

    def __init__(self) -> None:
        self.calls = 0

    def weather(self, _: DocumentBuilder) -> Document:
        """A page that says how often it was built."""
        self.calls += 1
        return html_document(f"<p>Build {self.calls}".encode())


def _labor(_site: SiteContext, _values: Mapping[str, str]) -> tuple[ListScope, ...]:
    return (LABOR,)


def _site_with(docks: Newsroom, builder: _WeatherBuilder) -> PublicSite:
    row = Route("/weather", fixed(builder.weather), _labor)
    return PublicSite(docks.config, docks.store, (*ROUTES, row))


def _reader(docks: Newsroom, site: PublicSite) -> FlaskClient:
    return create_app(docks.config, docks.store, site, FeedTopics(site)).test_client()


def test_an_added_row_is_a_page(docks: Newsroom, tmp_path: Path) -> None:
    """One row is served, with a validator, and exported."""
    site = _site_with(docks, _WeatherBuilder())
    reader = _reader(docks, site)

    page = reader.get("/weather")
    again = reader.get("/weather", headers={"If-None-Match": page.headers["ETag"]})
    export_site(site, tmp_path / "public")

    assert (page.status_code, page.text) == (200, "<p>Build 1")
    assert again.status_code == 304
    assert (
        (tmp_path / "public" / "weather" / "index.html")
        .read_text(encoding="utf-8")
        .startswith("<p>Build")
    )


def test_a_page_is_built_again_when_its_lists_change(docks: Newsroom) -> None:
    """News in a topic that the row does not depend on costs nothing."""
    builder = _WeatherBuilder()
    reader = _reader(docks, _site_with(docks, builder))
    reader.get("/weather")

    docks.publishes("harbor", article("Another verdict"))
    docks.ingests(later=HOUR)
    unrelated = reader.get("/weather").text
    docks.publishes("harbor", article("Another strike"))
    docks.ingests(later=HOUR)

    assert unrelated == "<p>Build 1"
    assert reader.get("/weather").text == "<p>Build 2"


@pytest.mark.parametrize("route", ROUTES, ids=[route.template for route in ROUTES])
def test_accepted_parameters_are_documented(route: Route) -> None:
    """Partners can look up every parameter; those of another route change nothing."""
    text = PARTNER_DOCS.read_text(encoding="utf-8")

    assert {name for name in route.accepts.names if f"{name}=" not in text} == set()


def test_a_parameter_that_a_route_does_not_accept_is_ignored(docks: Newsroom) -> None:
    """It makes neither another document nor an error, however wrong its value is."""
    plain = docks.get("/topics/labor.atom")
    with_theme = docks.get("/topics/labor.atom?theme=purple")

    assert with_theme.status_code == 200
    assert with_theme.headers["ETag"] == plain.headers["ETag"]
    assert docks.get("/embed/labor?theme=purple").status_code == 400


def test_a_widget_shows_fewer_stories(docks: Newsroom) -> None:
    """A widget has a limit of its own; a list has that of [publish]."""
    assert docks.get("/embed/labor?limit=21").status_code == 400
    assert docks.get("/topics/labor.atom?limit=21").status_code == 200
    assert docks.get("/topics/labor.atom?limit=201").status_code == 400
