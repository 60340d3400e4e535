"""The whole edition: every public path, and which place it is."""

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace

from aggregator.config import Config
from aggregator.errors import BadRequest
from aggregator.model import ALL, Feed, page_scope
from aggregator.render.public_urls import FEED_MEDIA_TYPES
from aggregator.site.builders import WIDGET_STORIES, DocumentBuilder
from aggregator.site.document import Document, Resource
from aggregator.site.feeds import FeedCatalog, FeedSpec
from aggregator.site.params import (
    LIST_PARAMS,
    MAX_LIMIT,
    NO_PARAMS,
    SEARCH_PARAMS,
    WIDGET_PARAMS,
    FeedParams,
    parse_params,
)
from aggregator.store import Store

__all__ = ["PublicSite"]

MAX_WIDGET_STORIES = 20
"""Headlines."""

_ENDING = r"(\.(?P<ending>rss|atom|json)(?P<readable>\.html)?)?"
_LIST = re.compile(
    r"(?P<path>/all|/topics/[a-z0-9+-]+|/sources/[a-z0-9-]+)"
    rf"(/archive/(?P<page>[1-9][0-9]{{0,8}}))?{_ENDING}"
)
_SEARCH = re.compile(f"/search{_ENDING}")
_EMBED = re.compile(r"/embed/(?P<topics>[a-z0-9+-]+)(?P<script>\.js)?")
_STORY = re.compile(r"/stories/(?P<id>[0-9a-f]{16})")


class PublicSite:
    """Everything that is published."""

    def __init__(self, config: Config, store: Store) -> None:
        self.config = config
        self.store = store
        self.lists = FeedCatalog(config, store)
        self.made = DocumentBuilder(config, store, self.lists)

    def accepted_params(self, path: str) -> Set[str]:
        """The parameters that can be asked of what stands at a path."""
        if match := _LIST.fullmatch(path):
            return frozenset() if match["page"] else LIST_PARAMS
        if _SEARCH.fullmatch(path):
            return SEARCH_PARAMS
        return WIDGET_PARAMS if _EMBED.fullmatch(path) else frozenset()

    def bounds(self, path: str) -> tuple[int, int]:
        """The number of stories at a path if none is asked for, and how many may be asked for."""
        limit = self.config.publish.limit
        if _EMBED.fullmatch(path):
            return WIDGET_STORIES, MAX_WIDGET_STORIES
        return limit, max(MAX_LIMIT, limit)

    def parse_params(self, path: str, parameters: Mapping[str, Sequence[str]]) -> FeedParams:
        """What is asked of what stands at a path. Raises WrongParameter."""
        return parse_params(
            parameters, self.accepted_params(path), self.bounds(path), self.is_source
        )

    def exists(self, path: str) -> bool:
        """True if something may stand at a path, whatever is asked of it."""
        try:
            return self.find(path) is not None
        except BadRequest:
            return True

    def is_source(self, id_: str) -> bool:
        """True for the id of an outlet that is listed, or was."""
        return self.lists.source(id_) is not None

    def find(self, path: str, asked: FeedParams = NO_PARAMS) -> Resource | None:
        """The place at a public path, or None if nothing ever stands there."""
        if path in (fixed := self.made.fixed_documents()):
            return Resource(path=path, scopes=(ALL,), build=fixed[path])
        if match := _LIST.fullmatch(path):
            return self._find_list(match, asked)
        if match := _SEARCH.fullmatch(path):
            return self._find_search(path, match, asked)
        if match := _EMBED.fullmatch(path):
            return self._find_widget(match, asked)
        if match := _STORY.fullmatch(path):
            id_ = match["id"]
            scopes = self.store.page_scopes(id_)
            return Resource(path=path, scopes=scopes, build=lambda: self.made.story(id_))
        return None

    def paths(self) -> Iterator[str]:
        """Every path at which something stands without being asked for."""
        yield from self.made.fixed_documents()
        for path in self._list_paths():
            listed = self.lists.find(path)
            yield path
            yield from _feed_paths(path)
            for number in self._pages(listed) if listed and len(listed.scopes) == 1 else ():
                yield f"{path}/archive/{number}"
                yield from _feed_paths(f"{path}/archive/{number}")
        for topic in self.config.topics:
            for id_ in (topic.id, *topic.was):
                yield f"/embed/{id_}"
                yield f"/embed/{id_}.js"
        yield from (f"/stories/{id_}" for id_ in self.store.story_ids())

    def _list_paths(self) -> Iterator[str]:
        yield "/all"
        for topic in self.config.topics:
            yield from (f"/topics/{id_}" for id_ in (topic.id, *topic.was))
        sources = {**self.store.sources(), **{s.id: s for s in self.config.all_sources}}
        yield from (f"/sources/{id_}" for id_ in sources)

    def _pages(self, listed: FeedSpec) -> Iterator[int]:
        """The documents of its archive, and the one after the last, which leads to the newest."""
        oldest, newest = self.store.pages(listed.scopes[0])
        if oldest:
            yield from range(newest + 1, oldest - 1, -1)

    # ---- places

    def _find_list(self, match: re.Match[str], asked: FeedParams) -> Resource | None:
        listed = self.lists.find(match["path"])
        if listed is None:
            return None
        if listed.is_gone:
            return Resource(path=listed.path, scopes=(ALL,), build=lambda: self.made.gone("topic"))
        number = int(match["page"] or 0)
        if number and len(listed.scopes) > 1:
            return None
        rest = match[0].removeprefix(match["path"])
        end = f"{rest.removeprefix(f'/archive/{number}')}{asked.query_string}"
        path = f"{listed.path}{rest}{asked.query_string}"

        def show(feed: Feed | None) -> Document | None:
            is_page = bool(match["readable"])
            return (
                self.made.feed_document(feed, match["ending"] or "", is_page=is_page)
                if feed
                else None
            )

        def newest() -> Document | None:
            return show(self.lists.newest(listed, asked))

        def archived() -> Document | None:
            if self.lists.is_expired_page(listed, number):
                return self.made.gone("archive")
            return show(self.lists.archive(listed, number))

        make, scopes = newest, listed.scopes
        if number and self.lists.is_next_page(listed, number):
            now = f"{listed.path}{end}"
            return Resource(
                path=path, scopes=scopes, build=lambda: _redirected(newest(), now, for_now=True)
            )
        if number:
            make, scopes = archived, (page_scope(listed.scopes[0], number),)
        if _is_former_path(match["path"], listed.path):
            former = f"{match[0]}{asked.query_string}"
            return Resource(path=former, scopes=scopes, build=lambda: _redirected(make(), path))
        return Resource(path=path, scopes=scopes, build=make)

    def _find_search(self, path: str, match: re.Match[str], asked: FeedParams) -> Resource | None:
        if match["ending"] and not asked.q:
            raise BadRequest("q must say what to look for, as in /search.rss?q=strike.")

        def make() -> Document | None:
            feed = self.lists.search_results(asked)
            is_page = bool(match["readable"])
            return self.made.feed_document(
                feed, match["ending"] or "", is_page=is_page, asked=asked.q
            )

        return Resource(path=f"{path}{asked.query_string}", scopes=(ALL,), build=make)

    def _find_widget(self, match: re.Match[str], asked: FeedParams) -> Resource | None:
        given = f"/topics/{match['topics']}"
        listed = self.lists.find(given)
        if listed is None:
            return None
        if listed.is_gone:
            return Resource(path=match[0], scopes=(ALL,), build=lambda: self.made.gone("topic"))
        script = match["script"] or ""
        path = f"/embed/{listed.path.removeprefix('/topics/')}{script}{asked.query_string}"

        def make() -> Document:
            return self.made.widget(listed, asked, is_script=bool(script))

        if _is_former_path(given, listed.path):
            former = f"{match[0]}{asked.query_string}"
            return Resource(
                path=former, scopes=listed.scopes, build=lambda: _redirected(make(), path)
            )
        return Resource(path=path, scopes=listed.scopes, build=make)


def _feed_paths(path: str) -> Iterator[str]:
    for ending in FEED_MEDIA_TYPES:
        yield f"{path}.{ending}"
        yield f"{path}.{ending}.html"


def _is_former_path(given: str, path: str) -> bool:
    """True if a topic has another name now; the order in which topics are joined is nothing."""
    return set(given.split("/")[-1].split("+")) != set(path.split("/")[-1].split("+"))


def _redirected(document: Document | None, path: str, *, for_now: bool = False) -> Document | None:
    return document and replace(document, redirect_to=path, is_permanent=not for_now)
