"""The table of routes: what is at which public URL. A new page is one row here, one builder and one
template.

The web server, the static export, the documentation and the tests use this table. Placeholders:

    {list}    /all, /topics/<topic> (`+` joins topics), /sources/<source>
    {topics}  one topic or several, joined with `+`
    {format}  a feed format (render/formats.py)
    {page}    the number of an archive document, or of a page of older stories
    {id}      the id of a story
    {day}     the day of an issue of the digest
    {picture} the key of a picture of which there are thumbnails
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from aggregator.config import Config
from aggregator.errors import BadRequest
from aggregator.model import ListScope
from aggregator.render.formats import FORMATS
from aggregator.render.stylesheet import LOGO_PATHS
from aggregator.site.builders import DocumentBuilder
from aggregator.site.digest_pages import DigestBuilder
from aggregator.site.digest_resources import (
    digest_issues,
    digest_resource,
    issue_paths,
    issue_resource,
)
from aggregator.site.document import Resource
from aggregator.site.feeds import FeedCatalog
from aggregator.site.file_builders import FileBuilder
from aggregator.site.file_resources import (
    embed_css_paths,
    embed_css_resource,
    file,
    list_card_paths,
    list_card_resource,
    logo,
    picture_paths,
    picture_resource,
    removed_paths,
    removed_resource,
    story_card_paths,
    story_card_resource,
    story_itself,
    thumbnails_of_picture,
)
from aggregator.site.params import (
    ACCENT_PARAMS,
    LIST_PARAMS,
    NO_PARAMS,
    PAGE_PARAMS,
    SEARCH_PARAMS,
    SINCE_PARAMS,
    WIDGET_PARAMS,
    AcceptedParams,
    FeedParams,
    parse_params,
)
from aggregator.site.resources import (
    Request,
    SiteContext,
    all_stories,
    archive_document,
    fixed,
    home_page,
    list_paths,
    list_resource,
    newest_page,
    news_of_hours,
    older_page,
    older_page_resource,
    redirecting,
    search_resource,
    search_results,
    stories_of_lists,
    stories_with_pictures,
    story_page,
    story_paths,
    story_resource,
    widget_paths,
    widget_resource,
)
from aggregator.store.base import Store

__all__ = ["ROUTES", "PublicSite", "Route"]


@dataclass(frozen=True)
class Route:
    """A row of the table of routes.

    `resource` returns the resource at a path that matches, None if there never was one; it is built
    again when one of the lists that it `depends_on` has changed. `accepts` are its query
    parameters. `paths` lists the paths to export of all rows of its kind; only one row of each kind
    has it.
    """

    template: str
    resource: Callable[[SiteContext, Request], Resource | None]
    depends_on: Callable[[SiteContext, Mapping[str, str]], tuple[ListScope, ...]]
    accepts: AcceptedParams = PAGE_PARAMS
    paths: Callable[[SiteContext], Iterator[str]] | None = None

    @property
    def is_fixed(self) -> bool:
        """True if the template has no placeholder and accepts no parameters."""
        return "{" not in self.template and not self.accepts.names

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        placeholders = {
            "list": r"(?P<list>/all|/topics/[a-z0-9+-]+|/sources/[a-z0-9-]+)",
            "topics": r"(?P<topics>[a-z0-9+-]+)",
            "format": f"(?P<format>{'|'.join(map(re.escape, FORMATS))})",
            "page": r"(?P<page>[1-9][0-9]{0,8})",
            "picture": r"(?P<picture>[0-9a-f]{24})",
            "day": r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})",
            "id": r"(?P<id>[0-9a-f]{16})",
        }
        parts = re.split(r"\{(\w+)\}", self.template)
        return re.compile(
            "".join(placeholders[p] if n % 2 else re.escape(p) for n, p in enumerate(parts))
        )

    def match(self, path: str) -> Mapping[str, str] | None:
        """The values of the placeholders; None if the path does not match."""
        found = self._pattern.fullmatch(path)
        return found.groupdict() if found else None


ROUTES: tuple[Route, ...] = (
    Route("/", fixed(DocumentBuilder.home), home_page),
    Route("/sources", fixed(DocumentBuilder.sources), all_stories),
    Route("/subscribe", fixed(DocumentBuilder.subscribe), all_stories),
    Route("/about", fixed(DocumentBuilder.about), all_stories),
    Route("/404.html", fixed(DocumentBuilder.not_found_file), all_stories),
    Route("/embed", fixed(DocumentBuilder.embed), all_stories),
    Route("/topics.opml", file(FileBuilder.topics_opml), all_stories),
    Route("/sources.opml", file(FileBuilder.sources_opml), all_stories),
    Route("/topics.json", file(FileBuilder.topics_json), all_stories),
    Route("/sources.json", file(FileBuilder.sources_json), all_stories),
    Route("/removed.json", removed_resource, all_stories, SINCE_PARAMS, removed_paths),
    Route("/feed", redirecting("/all.rss"), all_stories),
    Route("/rss", redirecting("/all.rss"), all_stories),
    Route("/atom", redirecting("/all.atom"), all_stories),
    Route("/topics", redirecting("/"), all_stories),
    Route("/favicon.ico", file(FileBuilder.favicon), all_stories),
    Route("/style.css", file(FileBuilder.style_css), all_stories),
    Route("/site.js", file(FileBuilder.site_js), all_stories),
    Route("/newsreader.woff2", file(FileBuilder.font), all_stories),
    Route("/embed.css", embed_css_resource, all_stories, ACCENT_PARAMS, embed_css_paths),
    Route("/embedding.js", file(FileBuilder.embedding_js), all_stories),
    *(Route(path, logo(media_type), all_stories) for media_type, path in LOGO_PATHS.items()),
    Route("/apple-touch-icon.png", file(FileBuilder.touch_icon), all_stories),
    Route("/manifest.webmanifest", file(FileBuilder.manifest), all_stories),
    Route("/favicon.svg", file(FileBuilder.favicon), all_stories),
    Route("/sitemap.xml", file(FileBuilder.sitemap), all_stories),
    Route("/sitemap-pages.xml", file(FileBuilder.pages_sitemap), all_stories),
    Route("/sitemap-news.xml", file(FileBuilder.news_sitemap), news_of_hours),
    Route("/robots.txt", file(FileBuilder.robots_txt), all_stories),
    Route("{list}", list_resource, newest_page, LIST_PARAMS, list_paths),
    Route("{list}.{format}", list_resource, stories_of_lists, LIST_PARAMS),
    Route("{list}.{format}.html", list_resource, stories_of_lists, LIST_PARAMS),
    Route("{list}/older/{page}", older_page_resource, older_page),
    Route("{list}/archive/{page}", list_resource, stories_of_lists),
    Route("{list}/archive/{page}.{format}", list_resource, archive_document),
    Route("{list}/archive/{page}.{format}.html", list_resource, archive_document),
    Route("/digest", digest_resource(DigestBuilder.sign_up), digest_issues),
    Route("/digest.atom", digest_resource(DigestBuilder.feed), digest_issues),
    Route("/digest.atom.html", digest_resource(DigestBuilder.feed_page), digest_issues),
    Route("/digest/{day}", issue_resource, digest_issues, paths=issue_paths),
    Route("/search", search_resource, search_results, SEARCH_PARAMS),
    Route("/search.{format}", search_resource, all_stories, SEARCH_PARAMS),
    Route("/search.{format}.html", search_resource, all_stories, SEARCH_PARAMS),
    Route("/embed/{topics}", widget_resource, stories_with_pictures, WIDGET_PARAMS, widget_paths),
    Route("/embed/{topics}.js", widget_resource, stories_with_pictures, WIDGET_PARAMS),
    Route(
        "/pictures/{picture}.webp",
        picture_resource("large"),
        thumbnails_of_picture,
        paths=picture_paths,
    ),
    Route("/pictures/{picture}-small.webp", picture_resource("small"), thumbnails_of_picture),
    Route("/card.png", file(FileBuilder.home_card), all_stories),
    Route("{list}.png", list_card_resource, stories_of_lists, paths=list_card_paths),
    Route("/stories/{id}.png", story_card_resource, story_itself, paths=story_card_paths),
    Route("/stories/{id}", story_resource, story_page, paths=story_paths),
)


class PublicSite:
    """Everything that is published, by its URL."""

    def __init__(self, config: Config, store: Store, routes: Sequence[Route] = ROUTES) -> None:
        self.config = config
        self.store = store
        self.routes = tuple(routes)
        self.catalog = FeedCatalog(config, store)
        self.builder = DocumentBuilder(config, store, self.catalog)
        self._context = SiteContext(
            config=config,
            store=store,
            catalog=self.catalog,
            builder=self.builder,
            files=FileBuilder(config, store, self.catalog),
        )

    def route(self, path: str) -> Route | None:
        """The route of a path."""
        return next((route for route in self.routes if route.match(path) is not None), None)

    def find(self, path: str, params: FeedParams = NO_PARAMS) -> Resource | None:
        """The resource at a public path; None if there never was one."""
        route = self.route(path)
        if route is None:
            return None
        values = {name: value for name, value in (route.match(path) or {}).items() if value}
        scopes = route.depends_on(self._context, values)
        request = Request(path=path, values=values, params=params, scopes=scopes)
        return route.resource(self._context, request)

    def exists(self, path: str) -> bool:
        """True if there may be a resource at a path, with some parameters."""
        try:
            return self.find(path) is not None
        except BadRequest:
            return True

    def parse_params(self, path: str, given: Mapping[str, Sequence[str]]) -> FeedParams:
        """The parameters that the route of a path accepts. Raises BadRequest."""
        route = self.route(path)
        accepted = route.accepts if route else PAGE_PARAMS
        limit = self.config.publish.limit
        return parse_params(given, accepted.with_limit(limit), self.is_source, self.is_topic)

    def unknown_params(self, path: str, given: Iterable[str]) -> list[str]:
        """The names of parameters that the route of a path does not know."""
        route = self.route(path)
        return sorted(set(given) - route.accepts.names) if route else []

    def is_source(self, id_: str) -> bool:
        """True for the id of a source that is in feeds.toml, or was."""
        return self.catalog.source(id_) is not None

    def is_topic(self, id_: str) -> bool:
        """True for the id, or a former id, of a topic that is in feeds.toml."""
        return any(id_ in (topic.id, *topic.was) for topic in self.config.topics)

    def paths(self) -> Iterator[str]:
        """Every path to export."""
        for route in self.routes:
            if route.is_fixed:
                yield from [route.template] if self.find(route.template) else []
            elif route.paths is not None:
                yield from route.paths(self._context)
