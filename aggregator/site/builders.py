"""Builders of pages, feeds and widgets."""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

from aggregator import query
from aggregator.config import Config
from aggregator.errors import QueryError, RefusedRequest
from aggregator.model import (
    ALL,
    Feed,
    ListKind,
    ListScope,
    Notice,
    Source,
    Story,
    WidgetOptions,
    source_scope,
    topic_scope,
)
from aggregator.query.highlight import spans
from aggregator.render import widget
from aggregator.render.formats import FORMATS, PRIMARY_FORMAT
from aggregator.render.item import feed_items
from aggregator.render.links import feed_links
from aggregator.render.pages import FrontPage, Outlet, PageRenderer, Paging, Search, Week
from aggregator.render.public_urls import PublicUrls
from aggregator.site import front_page
from aggregator.site.digest_pages import DigestBuilder
from aggregator.site.document import SCRIPT_MEDIA_TYPE, Document, html_document
from aggregator.site.feeds import FeedCatalog, FeedSpec
from aggregator.site.log import log_theme_error
from aggregator.site.params import NO_PARAMS, WIDGET_PARAMS, FeedParams
from aggregator.site.topic_reasons import topic_reasons
from aggregator.store.base import Store

__all__ = ["DocumentBuilder"]

OUTLET_STORIES = 500
"""Newest stories of an outlet, by whose topics it is described."""
RELATED_STORIES = 5
"""Related stories on the page of a story."""


class DocumentBuilder:
    """Builds pages, feeds and widgets from the store and feeds.toml."""

    def __init__(self, config: Config, store: Store, catalog: FeedCatalog) -> None:
        self._config = config
        self._site = config.site
        self._topics = config.topics
        self._store = store
        self._catalog = catalog
        self._pages = PageRenderer(config.site, config.topics, config.theme, log_theme_error)
        self.digest = DigestBuilder(config, store, catalog, self._pages)

    # ---- pages

    def home(self) -> Document:
        """The home page: a lead, the latest, and the newest of each topic."""
        topics = [
            (topic, self._newest(topic_scope(topic.id), front_page.CANDIDATES_PER_TOPIC))
            for topic in self._topics
        ]
        newest = self._newest(ALL, front_page.CANDIDATES)
        chosen = front_page.select(newest, topics, self._lead())
        items = {
            item.story.id: item for item in feed_items(self._page_feed("/", list(chosen.stories)))
        }
        front = FrontPage(
            lead=items[chosen.lead.id] if chosen.lead else None,
            second=[items[story.id] for story in chosen.second],
            latest=[items[story.id] for story in chosen.latest],
            sections=[
                (topic, [items[s.id] for s in stories]) for topic, stories in chosen.sections
            ],
        )
        return html_document(self._pages.home(front, self._notices(())))

    def _page_feed(self, path: str, stories: Sequence[Story]) -> Feed:
        return self._catalog.with_thumbnails(self._catalog.feed_of(path, stories))

    def _lead(self) -> Story | None:
        """The story that an operator has chosen to lead the home page."""
        lead = next(iter(self._pinned("")), self._site.lead)
        return self._store.stories.get(lead) if lead else None

    def _pinned(self, topic: str) -> list[str]:
        """Ids of the stories that are pinned to a topic, or to the home page."""
        time, pins = self._store.calendar.time(), self._store.calendar.pins()
        return [pin.story for pin in pins if pin.topic == topic and time and pin.is_current(time)]

    def _notices(self, topics: Collection[str]) -> list[Notice]:
        """The notices of today for a page about these topics."""
        time = self._store.calendar.time()
        return [
            notice
            for notice in self._site.notices
            if time and notice.is_current(time)
            if not notice.topics or not set(notice.topics).isdisjoint(topics)
        ]

    def _newest(self, scope: ListScope, limit: int) -> list[Story]:
        return self._store.lists.latest(scope, limit, with_content=False)

    def sources(self) -> Document:
        """The page with all outlets that have delivered a story."""
        return html_document(self._pages.sources(self._outlets()))

    def _outlets(self) -> list[Source]:
        """The sources of feeds.toml that have delivered a story."""
        scopes = [source_scope(source.id) for source in self._config.all_sources]
        names = {scope.name for scope in self._store.lists.nonempty(scopes)}
        return [source for source in self._config.all_sources if source.id in names]

    def subscribe(self) -> Document:
        """The page that explains feeds and lists all of them."""
        return html_document(self._pages.subscribe())

    def about(self) -> Document:
        """The page about the site."""
        return html_document(self._pages.about(self._outlets()))

    def embed(self) -> Document:
        """The page where partner sites choose a widget."""
        return html_document(self._pages.embedding(self._outlets()), kind="tool")

    def story(self, id_: str) -> Document | None:
        """The page of a story; a redirect if it was merged into another one."""
        story = self._store.stories.get(id_)
        if story is None:
            return self._missing_story(id_)
        path = f"/stories/{id_}"
        feed = self._page_feed(path, [story])
        related = self._store.stories.related(story, RELATED_STORIES)
        page = self._pages.story(
            feed,
            self._catalog.feed_of(path, related),
            topic_reasons(story, self._store.stories.placements(id_), self._topics, feed.sources),
            self._notices(story.topics),
        )
        return html_document(page)

    def _missing_story(self, id_: str) -> Document | None:
        if target := self._store.stories.merged_into(id_):
            path = f"/stories/{target}"
            return html_document(self._pages.moved_story(path), redirect_to=path)
        return self.gone("story") if self._store.stories.is_taken_down(id_) else None

    def redirect(self, path: str, *, is_permanent: bool = True) -> Document:
        """A redirect from another address to a path."""
        page = html_document(self._pages.redirect(path), redirect_to=path)
        return replace(page, is_permanent=is_permanent)

    def gone(self, kind: Literal["topic", "story", "archive"]) -> Document:
        """The page for a "topic" that was removed, a "story" that was taken down, or an "archive"
        that is too old."""
        return html_document(self._pages.gone(kind), status=410)

    def not_found(self, path: str = "") -> Document:
        """The page for an unknown path; it suggests topics with similar names."""
        return html_document(self._pages.not_found(_path_words(path)), status=404)

    def not_found_file(self) -> Document:
        """The not-found page as a file, for file servers."""
        return html_document(self._pages.not_found())

    def gettext(self, message: str, **values: object) -> str:
        """A message in the language of the site."""
        return self._pages.interface.gettext(message, **values)

    def refusal(self, path: str, q: str, error: RefusedRequest, status: int) -> Document:
        """The page for a request that is invalid or costs too much, with the reason; for a search,
        with the query too."""
        gettext = self._pages.interface.gettext
        values = {
            name: gettext(value.message, **value.values) if isinstance(value, QueryError) else value
            for name, value in error.values.items()
        }
        reason = gettext(error.message, **values)
        if path == "/search":
            feed = self._catalog.search_results(NO_PARAMS)
            outlets = self._outlets()
            page = self._pages.search(feed, Search(query=q), sources=outlets, error=reason)
        else:
            page = self._pages.bad_request(reason)
        return html_document(page, status=status)

    # ---- lists

    def list_page(
        self,
        feed: Feed,
        paging: Paging | None = None,
        *,
        week: Week | None = None,
        notices: Sequence[Notice] = (),
        pinned: Collection[str] = (),
        outlet: Outlet | None = None,
    ) -> Document:
        """A list as a page."""
        older = f"{feed.path}{feed.next_query}" if feed.next_query else ""
        paging = paging or Paging(path=f"{feed.path}{feed.query}", older=older)
        page = self._pages.list(
            self._catalog.with_thumbnails(feed),
            paging,
            week=week,
            notices=notices,
            pinned=pinned,
            outlet=outlet,
        )
        return replace(html_document(page), links=self._links(feed, PRIMARY_FORMAT.extension))

    def newest_page(self, spec: FeedSpec) -> Document:
        """The page of a list with its newest stories."""
        numbers = self._catalog.older_pages(spec)
        older = f"{spec.path}/older/{numbers.newest}" if numbers.newest else ""
        (scope,) = spec.scopes
        topics = [scope.name] if scope.kind == ListKind.TOPIC else []
        return self.list_page(
            self._catalog.newest_page(spec),
            Paging(path=spec.path, older=older),
            week=self._catalog.week(spec),
            notices=self._notices(topics),
            pinned=[id_ for topic in topics for id_ in self._pinned(topic)],
            outlet=self._outlet(scope) if scope.kind == ListKind.SOURCE else None,
        )

    def _outlet(self, scope: ListScope) -> Outlet | None:
        """What the page of an outlet says about it."""
        source = self._catalog.source(scope.name)
        if source is None:
            return None
        counts = dict(self._store.lists.topic_counts(scope, OUTLET_STORIES))
        ranked = sorted(self._topics, key=lambda topic: -counts.get(topic.id, 0))
        return Outlet(source=source, topics=[topic for topic in ranked if topic.id in counts])

    def older_page(self, spec: FeedSpec, page: int) -> Document | None:
        """A page of older stories of a list. One that is closed never changes, so it links to the
        next number, also while there is no such page, and to the one before, also if that has
        expired."""
        numbers = self._catalog.older_pages(spec)
        if page > numbers.newest + 1:
            return None
        if page > numbers.newest:
            return self.redirect(spec.path, is_permanent=False)
        if page <= numbers.closed and not 0 < numbers.oldest <= page:
            return self.gone("archive")
        has_newer = page <= numbers.closed or page < numbers.newest
        paging = Paging(
            path=f"{spec.path}/older/{page}",
            number=page,
            older=f"{spec.path}/older/{page - 1}" if page > 1 else "",
            newer=f"{spec.path}/older/{page + 1}" if has_newer else spec.path,
        )
        return self.list_page(self._catalog.older_page(spec, page), paging)

    def search_page(self, feed: Feed, params: FeedParams) -> Document:
        """Search results as a page."""
        if not params.q:
            return html_document(self._pages.search(feed, Search(), sources=self._outlets()))
        suggestion = "" if feed.stories else self._catalog.suggestion(params.q)
        search = Search(
            query=params.q,
            topic=params.topic,
            outlet=params.outlet,
            first_day=params.first_day.isoformat() if params.first_day else "",
            last_day=params.last_day.isoformat() if params.last_day else "",
            is_limited=bool(feed.next_query),
            is_older=bool(params.before),
            suggestion=suggestion,
            suggestion_query=replace(params, q=suggestion).query_string,
        )
        find = partial(spans, query.parse(params.q).root)
        shown = self._catalog.with_thumbnails(feed)
        return html_document(self._pages.search(shown, search, find, sources=self._outlets()))

    def feed(self, feed: Feed, extension: str) -> Document:
        """A list as a feed."""
        format_ = FORMATS[extension]
        return Document(
            body=format_.render(feed, self._site),
            media_type=format_.media_type,
            kind="feed",
            links=self._links(feed, extension),
        )

    def feed_page(self, feed: Feed, extension: str) -> Document:
        """The page for people who open the URL of a feed."""
        return html_document(self._pages.feed(feed, FORMATS[extension]))

    def _links(self, feed: Feed, extension: str) -> tuple[tuple[str, str], ...]:
        """The hubs, and the topic URL to subscribe to there (WebSub 4)."""
        links = feed_links(feed, self._site, extension)
        hubs = [("hub", link.href) for link in links if link.rel == "hub"]
        own = ("self", PublicUrls(self._site.url).self_url(feed, extension))
        return (*hubs, own) if hubs else ()

    # ---- widgets

    def widget_script(self, spec: FeedSpec, params: FeedParams) -> Document:
        """A script that shows the headlines of a list on a partner's page."""
        feed = self._widget_feed(spec, params)
        body = widget.widget_script(
            feed, self._site, params.theme, self._pages.interface, params.options
        )
        return Document(body=body, media_type=SCRIPT_MEDIA_TYPE)

    def widget_frame(self, spec: FeedSpec, params: FeedParams) -> Document:
        """The headlines of a list as a page for a frame."""
        body = self._pages.widget(self._widget_feed(spec, params), params.theme, params.options)
        return html_document(body, kind="frame")

    def _widget_feed(self, spec: FeedSpec, params: FeedParams) -> Feed:
        limit = params.limit or WIDGET_PARAMS.limit
        feed = self._catalog.newest(
            spec, replace(params, theme="", options=WidgetOptions(), limit=limit)
        )
        return self._catalog.with_thumbnails(feed) if params.options.has_pictures else feed


def _path_words(path: str) -> str:
    """The words of the last part of a path."""
    return " ".join(re.findall(r"[a-z0-9]+", path.lower().rpartition("/")[2]))
