"""What each public list tells: of a topic or several, of an outlet, of all, of a search; the
newest of it, or an archive document."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from aggregator import query
from aggregator.config import Config
from aggregator.model import ALL, Feed, Source, Story, source_scope, topic_scope
from aggregator.site.params import NO_PARAMS, FeedParams
from aggregator.store import Store

__all__ = ["FeedCatalog", "FeedSpec"]

EMPTY_FEED_UPDATED = datetime(2026, 1, 1, tzinfo=UTC)
"""When an empty feed was updated: the same at every request, and no reader doubts it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSpec:
    """A list by its canonical path: the scopes that it joins. `was` is the path under which it
    was first published, if that was another; `is_gone` is true for a topic of the past."""

    path: str
    scopes: tuple[str, ...]
    title: str
    description: str = ""
    language: str
    original_path: str = ""
    is_gone: bool = False


class FeedCatalog:
    """Everything that can be subscribed to, as values for the publishers."""

    def __init__(self, config: Config, store: Store) -> None:
        self._config = config
        self._store = store
        self._sources = {source.id: source for source in config.all_sources}
        self._topics = {topic.id: topic for topic in config.topics}
        self._former = {was: topic.id for topic in config.topics for was in topic.was}
        self._first = store.first_names()
        self._shares = {topic_scope(topic.id): topic.share for topic in config.topics}

    # ---- which list

    def find(self, path: str) -> FeedSpec | None:
        """The list at a public path without ending, in whatever order topics are joined and under
        whatever name they had; None if there never was one."""
        kind, _, name = path.removeprefix("/").partition("/")
        if kind == "topics":
            return self._joined(name.split("+"))
        site = self._config.site
        if kind == "all":
            title = f"All stories at {site.title}"
            return FeedSpec(
                path="/all", scopes=(ALL,), title=title,
                description=site.description, language=site.language,
            )  # fmt: skip
        source = self.source(name)
        if source is None:
            return None
        return FeedSpec(
            path=f"/sources/{name}",
            scopes=(source_scope(name),),
            title=source.name,
            description=f"What {source.name} publishes, as collected by {site.title}.",
            language=source.language or site.language,
        )

    def _joined(self, names: Sequence[str]) -> FeedSpec | None:
        ids = sorted({self._former.get(name, name) for name in names})
        path = f"/topics/{'+'.join(ids)}"
        found = [self._topics[id_] for id_ in ids if id_ in self._topics]
        if len(found) < len(ids):
            left = [id_ for id_ in ids if id_ not in self._topics]
            if not all(self._store.revision(topic_scope(id_)).number for id_ in left):
                return None
            if found:  # what is left of it goes on
                return self._joined([topic.id for topic in found])
            return FeedSpec(path=path, scopes=(), title="", language="", is_gone=True)
        one = found[0]
        return FeedSpec(
            path=path,
            scopes=tuple(topic_scope(id_) for id_ in ids),
            title=" + ".join(topic.title for topic in found),
            description=" ".join(topic.description for topic in found if topic.description),
            language=one.language
            if all(topic.language == one.language for topic in found)
            else self._config.site.language,
            original_path=f"/topics/{'+'.join(sorted(self._first.get(id_, id_) for id_ in ids))}",
        )

    def source(self, id_: str) -> Source | None:
        """An outlet; one that left feeds.toml is credited as it was."""
        return self._sources.get(id_) or self._store.sources().get(id_)

    # ---- what it tells

    def newest(self, listed: FeedSpec, asked: FeedParams = NO_PARAMS, limit: int = 0) -> Feed:
        """The newest stories of a list; `limit` of them where nothing is asked."""
        first, *joined = listed.scopes
        is_whole = not (asked.language or asked.excluded_sources)
        found = self._store.latest(
            first,
            asked.limit or limit or self._config.publish.limit,
            joined=joined,
            language=asked.language,
            without=asked.excluded_sources,
            share=self._shares.get(first) if is_whole and not joined else None,
        )
        feed = self.feed_of(listed.path, found, of=listed)
        removed = {
            one.public_id: one for scope in listed.scopes for one in self._store.removed(scope)
        }
        times = [feed.updated, *(one.removed_at for one in removed.values())]
        feed = replace(feed, tombstones=tuple(removed.values()), updated=max(times))
        if asked != NO_PARAMS or joined:
            return self._narrowed(feed, asked)
        return replace(feed, older_page=self._store.pages(first)[1])

    def is_next_page(self, listed: FeedSpec, page: int) -> bool:
        """True for the archive document that is being filled: a full one leads on to it."""
        return page > 1 and page == self._store.pages(listed.scopes[0])[1] + 1

    def is_expired_page(self, listed: FeedSpec, page: int) -> bool:
        """True for an archive document of which nothing is kept any more, nor of those before."""
        oldest, newest = self._store.pages(listed.scopes[0])
        return page <= newest and (page < oldest or not oldest)

    def archive(self, listed: FeedSpec, page: int) -> Feed | None:
        """An archive document of a list; None if it is not full yet."""
        (scope,) = listed.scopes
        if page > self._store.pages(scope)[1]:
            return None
        feed = self.feed_of(listed.path, self._store.archived(scope, page), of=listed)
        removed = tuple(self._store.removed(scope, page))
        return replace(
            feed,
            archive_page=page,
            older_page=page - 1,
            newer_page=page + 1,
            tombstones=removed,
            updated=max([feed.updated, *(one.removed_at for one in removed)]),
        )

    def search_results(self, asked: FeedParams) -> Feed:
        """What a search finds; nothing if nothing is looked for."""
        site = self._config.site
        limit = asked.limit or self._config.publish.limit
        found = (
            self._store.found(
                query.parse(asked.q), limit, language=asked.language, without=asked.excluded_sources
            )
            if asked.q
            else []
        )
        title = f"{asked.q}: search at {site.title}" if asked.q else f"Search at {site.title}"
        listed = FeedSpec(path="/search", scopes=(ALL,), title=title, language=site.language)
        return self._narrowed(self.feed_of("/search", found, of=listed), asked)

    def feed_of(self, path: str, stories: Sequence[Story], of: FeedSpec | None = None) -> Feed:
        """These stories, and whatever is needed to credit them."""
        told = {entry.source for story in stories for entry in story.entries}
        return Feed(
            path=path,
            original_path=of.original_path if of else "",
            title=of.title if of else "",
            description=of.description if of else "",
            language=of.language if of else self._config.site.language,
            updated=max((max(s.updated, s.listed_at) for s in stories), default=EMPTY_FEED_UPDATED),
            stories=tuple(stories),
            sources={id_: source for id_ in told if (source := self.source(id_))},
            topics={topic.id: topic.title for topic in self._config.topics},
        )

    @staticmethod
    def _narrowed(feed: Feed, asked: FeedParams) -> Feed:
        """By what was asked, which stands in its address."""
        if not asked.language:
            return replace(feed, query=asked.query_string)
        title = f"{feed.title} ({asked.language})"
        return replace(feed, query=asked.query_string, title=title, language=asked.language)
