"""The public lists and their stories: of topics, of a source, of everything, of a search; the
newest stories or an archive document."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from aggregator import query
from aggregator.calendar import week_start
from aggregator.config import Config
from aggregator.errors import BadRequest
from aggregator.images.wanted_pictures import wanted_pictures
from aggregator.model import (
    ALL,
    Feed,
    ListScope,
    ListSlice,
    OlderPages,
    Source,
    Story,
    shares,
    source_scope,
    topic_scope,
)
from aggregator.render.interface import Interface
from aggregator.render.pages import Week
from aggregator.site.params import NO_PARAMS, FeedParams
from aggregator.site.turns import Turns
from aggregator.store.base import Store
from aggregator.text.midnight import midnight
from aggregator.text.tokens import fold

__all__ = ["FeedCatalog", "FeedSpec"]

FEED_TIME = timedelta(days=1)
"""How often a feed reader must fetch a feed at least to miss nothing."""
FIRST_DAY, LAST_DAY = date(1, 1, 2), date(9999, 12, 30)
"""Days whose midnights exist in every time zone; what is beyond them is no limit."""
MAX_CORRECTED_WORDS = 5
"""Words of a query for which similar ones are looked up: each takes up to a tenth of a second."""
EMPTY_FEED_UPDATED = datetime(2026, 1, 1, tzinfo=UTC)
"""The time of an empty feed: constant, and plausible to feed readers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSpec:
    """A public list: its canonical path and the scopes that it joins.

    `original_path` is the path under which it was first published, empty if it is the same;
    `is_gone` is true for a topic that was removed.
    """

    path: str
    scopes: tuple[ListScope, ...]
    title: str
    description: str = ""
    language: str
    original_path: str = ""
    is_gone: bool = False


class FeedCatalog:
    """All public lists, as values for the renderers."""

    def __init__(self, config: Config, store: Store) -> None:
        self._config = config
        self._store = store
        self._interface = Interface(config.site.language, config.site.timezone)
        self._sources = {source.id: source for source in config.all_sources}
        self._topics = {topic.id: topic for topic in config.topics}
        self._current_ids = {id_: topic.id for topic in config.topics for id_ in topic.was}
        self._original_ids = store.topics.original_ids()
        self._current_source_ids = {
            id_: source.id for source in config.all_sources for id_ in source.was
        }
        self._original_source_ids = store.sources.original_ids()
        self._first_site = store.lists.first_site()
        self._search_turns = Turns()
        self._shares = shares(config.topics)

    # ---- lists

    def find(self, path: str) -> FeedSpec | None:
        """The list at a public path without extension; None if there never was one. Topics may be
        joined in any order and have former ids."""
        kind, _, name = path.removeprefix("/").partition("/")
        if kind == "topics":
            return self._joined_topics(name.split("+"))
        site = self._config.site
        if kind == "all":
            return FeedSpec(
                path="/all",
                scopes=(ALL,),
                title=self._interface.gettext("All stories at %(site)s", site=site.title),
                description=site.description,
                language=site.language,
            )
        source = self.source(name)
        if source is None:
            return None
        return FeedSpec(
            path=f"/sources/{source.id}",
            original_path=f"/sources/{self._original_source_ids.get(source.id, source.id)}",
            scopes=(source_scope(source.id),),
            title=source.name,
            description=self._interface.gettext(
                "What %(outlet)s publishes, as collected by %(site)s.",
                outlet=source.name,
                site=site.title,
            ),
            language=source.language or source.fallback_language or site.language,
        )

    def list_path(self, scope: ListScope) -> str:
        """The path of a list."""
        return f"/{scope.kind}s/{scope.name}" if scope.name else "/all"

    def _joined_topics(self, names: Sequence[str]) -> FeedSpec | None:
        ids = sorted({self._current_ids.get(name, name) for name in names})
        path = f"/topics/{'+'.join(ids)}"
        topics = [self._topics[id_] for id_ in ids if id_ in self._topics]
        if len(topics) < len(ids):
            unlisted = [id_ for id_ in ids if id_ not in self._topics]
            if not all(self._store.lists.revision(topic_scope(id_)).number for id_ in unlisted):
                return None
            if topics:  # the other topics are still published
                return self._joined_topics([topic.id for topic in topics])
            return FeedSpec(path=path, scopes=(), title="", language="", is_gone=True)
        language = topics[0].language
        is_one_language = all(topic.language == language for topic in topics)
        original_ids = sorted(self._original_ids.get(id_, id_) for id_ in ids)
        return FeedSpec(
            path=path,
            scopes=tuple(topic_scope(id_) for id_ in ids),
            title=" + ".join(topic.title for topic in topics),
            description=" ".join(topic.description for topic in topics if topic.description),
            language=language if is_one_language else self._config.site.language,
            original_path=f"/topics/{'+'.join(original_ids)}",
        )

    def source(self, id_: str) -> Source | None:
        """The source with this id, or that had it, also if it is no longer in feeds.toml: its
        stories stay."""
        id_ = self._current_source_ids.get(id_, id_)
        return self._sources.get(id_) or self._store.sources.by_id().get(id_)

    # ---- stories

    def newest(
        self, spec: FeedSpec, params: FeedParams = NO_PARAMS, *, is_feed: bool = False
    ) -> Feed:
        """The newest stories of a list: as many as [publish] limit or the parameters say. If it is
        for feed readers, which fetch it once a day or more often, all of the last day."""
        first, *joined = spec.scopes
        is_filtered = bool(params.language or params.excluded_sources)
        lists = self._store.lists
        self._check_place(params)
        part = lists.slice(
            first,
            params.limit or self._config.publish.limit,
            arrived_within=FEED_TIME if is_feed and not (params.limit or params.before) else None,
            joined=joined,
            language=params.language,
            without=self._current_sources(params.excluded_sources),
            share=None if is_filtered or joined else self._shares.get(first),
            before=params.before,
            since=params.since,
        )
        feed = _with_next(self.feed_of(spec.path, part.stories, spec), params, part)
        tombstones = {
            each.public_id: each for scope in spec.scopes for each in lists.tombstones(scope)
        }
        times = [feed.updated, *(each.removed_at for each in tombstones.values())]
        feed = replace(feed, tombstones=tuple(tombstones.values()), updated=max(times))
        if params != NO_PARAMS or joined:
            return _with_params(feed, params)
        return replace(feed, older_page=lists.archive_range(first)[1])

    def is_next_page(self, spec: FeedSpec, page: int) -> bool:
        """True for the archive document after the newest full one, which links to it."""
        return page > 1 and page == self._store.lists.archive_range(spec.scopes[0])[1] + 1

    def is_expired_page(self, spec: FeedSpec, page: int) -> bool:
        """True for an archive document whose stories, and those before, have been deleted."""
        oldest, newest = self._store.lists.archive_range(spec.scopes[0])
        return page <= newest and (page < oldest or not oldest)

    def archive(self, spec: FeedSpec, page: int) -> Feed | None:
        """An archive document of a list; None if it is not full yet."""
        (scope,) = spec.scopes
        lists = self._store.lists
        if page > lists.archive_range(scope)[1]:
            return None
        feed = self.feed_of(spec.path, lists.archive_page(scope, page), spec)
        tombstones = tuple(lists.tombstones(scope, page))
        return replace(
            feed,
            archive_page=page,
            older_page=page - 1,
            newer_page=page + 1,
            tombstones=tombstones,
            updated=max([feed.updated, *(each.removed_at for each in tombstones)]),
        )

    # ---- pages for people

    def newest_page(self, spec: FeedSpec) -> Feed:
        """The newest stories of a list, as many as a page for people has."""
        (scope,) = spec.scopes
        size = self._config.site.per_page
        stories = self._store.lists.newest_page(scope, size, self._shares.get(scope))
        return self.feed_of(spec.path, stories, spec)

    def older_page(self, spec: FeedSpec, page: int) -> Feed:
        """A page of older stories of a list."""
        (scope,) = spec.scopes
        size = self._config.site.per_page
        stories = self._store.lists.older_page(scope, page, size, self._shares.get(scope))
        return self.feed_of(spec.path, stories, spec)

    def older_pages(self, spec: FeedSpec) -> OlderPages:
        """The numbers of the pages of older stories of a list."""
        (scope,) = spec.scopes
        size = self._config.site.per_page
        return self._store.lists.older_pages(scope, size, self._shares.get(scope))

    def week(self, spec: FeedSpec) -> Week | None:
        """The stories of a list in the last seven days; None if there are none."""
        (scope,) = spec.scopes
        time = self._store.calendar.time()
        if time is None:
            return None
        since = week_start(time, self._config.site.timezone)
        counts = self._store.lists.source_counts(scope, since)
        outlets = [(source, n) for id_, n in counts if (source := self.source(id_))]
        return Week(stories=sum(n for _, n in counts), outlets=outlets) if counts else None

    # ---- other stories

    def search_results(self, params: FeedParams) -> Feed:
        """The results of a search; empty without a query. Raises BadRequest and Overloaded."""
        site, found = self._config.site, ListSlice([], "")
        self._check_place(params)
        if params.q:
            with self._search_turns.admit() as step:
                found = self._store.lists.search(
                    query.parse(params.q).root,
                    params.limit or self._config.publish.limit,
                    language=params.language,
                    without=self._current_sources(params.excluded_sources),
                    within=self._filters(params),
                    published_from=self._midnight(params.first_day),
                    published_before=self._midnight(params.last_day, days=1),
                    before=params.before,
                    since=params.since,
                    step=step,
                )
        title = self._interface.gettext("Search at %(site)s", site=site.title)
        if params.q:
            title = f"{params.q}: {title}"
        spec = FeedSpec(path="/search", scopes=(ALL,), title=title, language=site.language)
        feed = self.feed_of("/search", found.stories, spec)
        return _with_params(_with_next(feed, params, found), params)

    def _check_place(self, params: FeedParams) -> None:
        if params.before and not self._store.lists.has_place(params.before):
            raise BadRequest("before must be a story id, as in next_url.")

    def _filters(self, params: FeedParams) -> list[ListScope]:
        """The lists that the results of a search must be in."""
        current = self._current_ids.get(params.topic, params.topic)
        topics = [topic_scope(current)] if params.topic else []
        outlets = self._current_sources([params.outlet] if params.outlet else [])
        return topics + [source_scope(id_) for id_ in outlets]

    def _current_sources(self, ids: Iterable[str]) -> list[str]:
        """The present ids of sources that may be named by former ones."""
        return [self._current_source_ids.get(id_, id_) for id_ in ids]

    def _midnight(self, day: date | None, days: int = 0) -> datetime | None:
        """The midnight at which a day begins, or ends, in the time zone of the site."""
        if day is None or not FIRST_DAY <= day <= LAST_DAY:
            return None
        return midnight(day + timedelta(days=days), self._config.site.timezone)

    def suggestion(self, q: str) -> str:
        """The query with similar words for those that are in no entry; "" if there are none. Only
        the first few words are looked up, each in a turn, as a search is. Raises Overloaded."""
        words = dict.fromkeys(fold(word).strip() for word in re.findall(r"\w+", q))
        similar: dict[str, str] = {}
        with self._search_turns.admit() as step:
            for word in list(words)[:MAX_CORRECTED_WORDS]:
                with step():
                    similar |= self._store.lists.similar_words([word])
        if not similar:
            return ""
        return re.sub(r"\w+", lambda found: similar.get(fold(found[0]).strip(), found[0]), q)

    def feed_of(self, path: str, stories: Sequence[Story], spec: FeedSpec | None = None) -> Feed:
        """A feed of these stories, with the sources to credit."""
        ids = {entry.source for story in stories for entry in story.entries}
        times = (max(story.updated, story.listed_at) for story in stories)
        sources = {id_: source for id_ in ids if (source := self.source(id_))}
        description = spec.description if spec else ""
        if shortened := sum(_lacks_text(story, sources) for story in stories):
            note = self._interface.gettext(
                "To limit its size, this feed leaves out the full text of some stories "
                "(%(count)s); follow their links to read it.",
                count=shortened,
            )
            description = f"{description} {note}".strip()
        return Feed(
            path=path,
            original_path=spec.original_path if spec else "",
            first_site=self._first_site,
            title=spec.title if spec else "",
            description=description,
            language=spec.language if spec else self._config.site.language,
            updated=max(times, default=EMPTY_FEED_UPDATED),
            stories=tuple(stories),
            sources=sources,
            topics={topic.id: topic.title for topic in self._config.topics},
        )

    def with_thumbnails(self, feed: Feed) -> Feed:
        """The feed with our thumbnails of the pictures of its stories, for a page."""
        urls = {
            url
            for story in feed.stories
            for entry in story.entries
            if entry.source in feed.sources
            for url in wanted_pictures(entry, feed.sources[entry.source])
        }
        return replace(feed, thumbnails=self._store.pictures.thumbnails(urls)) if urls else feed


def _lacks_text(story: Story, sources: Mapping[str, Source]) -> bool:
    """True if a text that may be published was left out."""
    return not story.is_complete and any(
        not entry.content and sources[entry.source].show == "full"
        for entry in story.entries
        if entry.source in sources
    )


def _with_next(feed: Feed, params: FeedParams, part: ListSlice) -> Feed:
    """The feed with the query string of the stories that were listed before its own."""
    if not part.next_before:
        return feed
    return replace(feed, next_query=replace(params, before=part.next_before).query_string)


def _with_params(feed: Feed, params: FeedParams) -> Feed:
    """The feed with the query string and title that these parameters give it."""
    if not params.language:
        return replace(feed, query=params.query_string)
    title = f"{feed.title} ({params.language})"
    return replace(
        feed,
        query=params.query_string,
        title=title,
        title_language=feed.language,
        language=params.language,
    )
