"""The resource at a public URL, and what it depends on.

fixed    one document at one path
lists    newest stories or an archive document: as a page, as a feed, or as the page of a feed
search   the results of a query, in the same forms
widgets  headlines for partner sites
stories  one page each
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from aggregator.config import Config
from aggregator.errors import BadRequest
from aggregator.model import (
    ALL,
    ALL_STORY_PAGES,
    DAYS,
    HOURS,
    NOTICES,
    PICTURES,
    PINS,
    Feed,
    ListScope,
    story_scope,
)
from aggregator.render.formats import FORMATS
from aggregator.site.builders import DocumentBuilder
from aggregator.site.document import Document, Resource
from aggregator.site.feeds import FeedCatalog, FeedSpec
from aggregator.site.file_builders import FileBuilder
from aggregator.site.params import NO_PARAMS, FeedParams
from aggregator.store.base import Store

__all__ = [
    "Request",
    "SiteContext",
    "all_stories",
    "archive_document",
    "base_paths",
    "fixed",
    "home_page",
    "list_paths",
    "list_resource",
    "newest_page",
    "news_of_hours",
    "older_page",
    "older_page_resource",
    "redirecting",
    "search_resource",
    "search_results",
    "stories_of_lists",
    "stories_with_pictures",
    "story_page",
    "story_paths",
    "story_resource",
    "widget_paths",
    "widget_resource",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteContext:
    """Everything that resources are built from."""

    config: Config
    store: Store
    catalog: FeedCatalog
    builder: DocumentBuilder
    files: FileBuilder


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A path that matches a route, the values of the placeholders, and the parameters.

    `scopes` are the lists that the resource depends on, from the route.
    """

    path: str
    values: Mapping[str, str]
    params: FeedParams
    scopes: tuple[ListScope, ...]


# ---- what a resource depends on


def all_stories(_site: SiteContext, _values: Mapping[str, str]) -> tuple[ListScope, ...]:
    """The list of all stories, which changes whenever another list does. Files that depend on none
    name it too: its time is their Last-Modified."""
    return (ALL,)


def stories_of_lists(site: SiteContext, values: Mapping[str, str]) -> tuple[ListScope, ...]:
    """The lists in the path; all stories for a topic that was removed."""
    spec = site.catalog.find(_list_path(values))
    return spec.scopes or (ALL,) if spec else ()


def stories_with_pictures(site: SiteContext, values: Mapping[str, str]) -> tuple[ListScope, ...]:
    """The lists in the path, and the pictures of which there are thumbnails."""
    return (*stories_of_lists(site, values), PICTURES)


def search_results(site: SiteContext, values: Mapping[str, str]) -> tuple[ListScope, ...]:
    """All stories, and the pictures of which there are thumbnails."""
    return (*all_stories(site, values), PICTURES)


def home_page(site: SiteContext, values: Mapping[str, str]) -> tuple[ListScope, ...]:
    """All stories, and what begins or ends at a date."""
    return (*all_stories(site, values), NOTICES, PINS, PICTURES)


def news_of_hours(site: SiteContext, values: Mapping[str, str]) -> tuple[ListScope, ...]:
    """All stories, and the hour."""
    return (*all_stories(site, values), HOURS)


def newest_page(site: SiteContext, values: Mapping[str, str]) -> tuple[ListScope, ...]:
    """The lists in the path, and what begins or ends at a date."""
    return (*stories_of_lists(site, values), NOTICES, PINS, DAYS, PICTURES)


def archive_document(site: SiteContext, values: Mapping[str, str]) -> tuple[ListScope, ...]:
    """One archive document; the whole list for the next one, which redirects to the newest
    stories."""
    spec, page = site.catalog.find(_list_path(values)), int(values["page"])
    if spec is None or len(spec.scopes) != 1 or site.catalog.is_next_page(spec, page):
        return stories_of_lists(site, values)
    return (spec.scopes[0].archive_page(page),)


def older_page(site: SiteContext, values: Mapping[str, str]) -> tuple[ListScope, ...]:
    """A closed page of older stories; the whole list for the others."""
    spec, page = site.catalog.find(_list_path(values)), int(values["page"])
    if spec is None or len(spec.scopes) != 1 or page > site.catalog.older_pages(spec).closed:
        return stories_with_pictures(site, values)
    return (spec.scopes[0].older_page(page),)


def story_page(_site: SiteContext, values: Mapping[str, str]) -> tuple[ListScope, ...]:
    """A story with those that are related to it, and the notices."""
    return (story_scope(values["id"]), ALL_STORY_PAGES, NOTICES)


def _list_path(values: Mapping[str, str]) -> str:
    return values.get("list") or f"/topics/{values['topics']}"


# ---- fixed


def fixed(
    build: Callable[[DocumentBuilder], Document],
) -> Callable[[SiteContext, Request], Resource | None]:
    """The resource of a path without placeholders."""

    def resource(site: SiteContext, request: Request) -> Resource:
        return Resource(path=request.path, scopes=request.scopes, build=lambda: build(site.builder))

    return resource


def redirecting(path: str) -> Callable[[SiteContext, Request], Resource | None]:
    """The resource of a usual address that redirects to a path."""
    return fixed(lambda builder: builder.redirect(path))


# ---- lists


def list_resource(site: SiteContext, request: Request) -> Resource | None:
    """A list or an archive document of it, in one of its forms."""
    given, params = request.values["list"], request.params
    spec = site.catalog.find(given)
    if spec is None:
        return None
    if spec.is_gone:
        gone = site.builder.gone
        return Resource(path=spec.path, scopes=request.scopes, build=lambda: gone("topic"))
    page = int(request.values.get("page", 0))
    if page and len(spec.scopes) > 1:
        return None
    rest = request.path.removeprefix(given)
    path = f"{spec.path}{rest}{params.query_string}"

    def newest() -> Document | None:
        is_feed = "format" in request.values
        if not is_feed and params == NO_PARAMS and len(spec.scopes) == 1:
            return site.builder.newest_page(spec)
        return _in_form(site, request, site.catalog.newest(spec, params, is_feed=is_feed))

    if page and "format" not in request.values:
        resource = _page_of_archive(site, spec, page)
    elif not page:
        resource = Resource(path=path, scopes=request.scopes, build=newest)
    elif site.catalog.is_next_page(spec, page):
        current = f"{spec.path}{rest.removeprefix(f'/archive/{page}')}{params.query_string}"
        return Resource(
            path=path,
            scopes=request.scopes,
            build=lambda: _redirected(newest(), current, is_permanent=False),
        )
    else:
        resource = _archive_resource(site, request, spec, page, path)
    if _is_former_path(given, spec.path):
        return _redirect_resource(f"{request.path}{params.query_string}", resource)
    return resource


def _archive_resource(
    site: SiteContext, request: Request, spec: FeedSpec, page: int, path: str
) -> Resource:
    def build() -> Document | None:
        if site.catalog.is_expired_page(spec, page):
            return site.builder.gone("archive")
        return _in_form(site, request, site.catalog.archive(spec, page))

    return Resource(path=path, scopes=request.scopes, build=build)


def _page_of_archive(site: SiteContext, spec: FeedSpec, page: int) -> Resource:
    """A redirect from the former page of an archive document to the page for people with its
    newest stories."""

    def build() -> Document | None:
        (scope,) = spec.scopes
        if page > site.store.lists.archive_range(scope)[1] + 1:
            return None
        number = site.store.lists.older_page_of_archive(scope, page)
        target = f"{spec.path}/older/{number}" if number else spec.path
        return site.builder.redirect(target, is_permanent=number > 0)

    return Resource(path=f"{spec.path}/archive/{page}", scopes=spec.scopes, build=build)


def older_page_resource(site: SiteContext, request: Request) -> Resource | None:
    """A page of older stories of a list."""
    given, page = request.values["list"], int(request.values["page"])
    spec = site.catalog.find(given)
    if spec is None or len(spec.scopes) > 1:
        return None
    if spec.is_gone:
        gone = site.builder.gone
        return Resource(path=spec.path, scopes=request.scopes, build=lambda: gone("topic"))
    build = site.builder.older_page
    path = f"{spec.path}/older/{page}"
    resource = Resource(path=path, scopes=request.scopes, build=lambda: build(spec, page))
    return _redirect_resource(request.path, resource) if given != spec.path else resource


def _in_form(site: SiteContext, request: Request, feed: Feed | None) -> Document | None:
    """A list in the form that the route gives: page, feed, or page of a feed."""
    if feed is None:
        return None
    extension = request.values.get("format", "")
    if not extension:
        return site.builder.list_page(feed)
    if request.path.endswith(".html"):
        return site.builder.feed_page(feed, extension)
    return site.builder.feed(feed, extension)


def _redirect_resource(path: str, target: Resource) -> Resource:
    """A redirect from a former path of a resource."""
    return replace(target, path=path, build=lambda: _redirected(target.build(), target.path))


def _redirected(
    document: Document | None, path: str, *, is_permanent: bool = True
) -> Document | None:
    return document and replace(document, redirect_to=path, is_permanent=is_permanent)


def _is_former_path(given: str, path: str) -> bool:
    """True if a topic or source in the path has another id now; the order of joined topics does
    not count."""
    return set(given.split("/")[-1].split("+")) != set(path.split("/")[-1].split("+"))


def list_paths(site: SiteContext) -> Iterator[str]:
    """The paths of every list, its pages and its archive, in every form."""
    for path in base_paths(site):
        spec = site.catalog.find(path)
        yield from _forms(path)
        if spec is None or len(spec.scopes) != 1:
            continue
        yield from _older_paths(site, path, spec)
        oldest, newest = site.store.lists.archive_range(spec.scopes[0])
        if oldest:  # also the next page, which redirects to the newest stories
            for page in range(newest + 1, oldest - 1, -1):
                yield from _forms(f"{path}/archive/{page}")


def _older_paths(site: SiteContext, path: str, spec: FeedSpec) -> Iterator[str]:
    """The paths of the pages of older stories; of the next one too, to which the last closed one
    links, and which leads to the newest stories."""
    numbers = site.catalog.older_pages(spec)
    if numbers.oldest:
        for page in range(numbers.newest + 1, numbers.oldest - 1, -1):
            yield f"{path}/older/{page}"


def base_paths(site: SiteContext) -> Iterator[str]:
    """The path of every list, also under its former ids."""
    yield "/all"
    for topic in site.config.topics:
        yield from (f"/topics/{id_}" for id_ in (topic.id, *topic.was))
    listed = [id_ for source in site.config.all_sources for id_ in (source.id, *source.was)]
    stored = site.store.sources.by_id()
    yield from (f"/sources/{id_}" for id_ in dict.fromkeys([*stored, *listed]))


def _forms(path: str) -> Iterator[str]:
    yield path
    for extension in FORMATS:
        yield f"{path}.{extension}"
        yield f"{path}.{extension}.html"


# ---- search, widgets, stories


def search_resource(site: SiteContext, request: Request) -> Resource | None:
    """Search results in one of their forms. Raises BadRequest for a feed without a query."""
    params, extension = request.params, request.values.get("format", "")
    if extension and not params.q:
        raise BadRequest("q must say what to search for, as in /search.rss?q=strike.")

    def build() -> Document | None:
        feed = site.catalog.search_results(params)
        if not extension:
            return site.builder.search_page(feed, params)
        return _in_form(site, request, feed)

    path = f"{request.path}{params.query_string}"
    return Resource(path=path, scopes=request.scopes, build=build)


def widget_resource(site: SiteContext, request: Request) -> Resource | None:
    """The widget of topics, as a script or as a page for a frame."""
    given, params = _list_path(request.values), request.params
    spec = site.catalog.find(given)
    if spec is None:
        return None
    if spec.is_gone:
        gone = site.builder.gone
        return Resource(path=request.path, scopes=request.scopes, build=lambda: gone("topic"))
    is_script = request.path.endswith(".js")
    build = site.builder.widget_script if is_script else site.builder.widget_frame
    name = spec.path.removeprefix("/topics/")
    path = f"/embed/{name}{'.js' if is_script else ''}{params.query_string}"
    resource = Resource(path=path, scopes=request.scopes, build=lambda: build(spec, params))
    if _is_former_path(given, spec.path):
        return _redirect_resource(f"{request.path}{params.query_string}", resource)
    return resource


def widget_paths(site: SiteContext) -> Iterator[str]:
    """The paths of the widgets of every topic."""
    for topic in site.config.topics:
        for id_ in (topic.id, *topic.was):
            yield f"/embed/{id_}"
            yield f"/embed/{id_}.js"


def story_resource(site: SiteContext, request: Request) -> Resource | None:
    """The page of a story."""
    id_ = request.values["id"]
    return Resource(path=request.path, scopes=request.scopes, build=lambda: site.builder.story(id_))


def story_paths(site: SiteContext) -> Iterator[str]:
    """The paths of the pages of all stories."""
    return (f"/stories/{id_}" for id_ in site.store.stories.ids())
