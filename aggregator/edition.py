"""Which document stands at which public path; for the web server and the static export alike.

    path --find--> Place (scope, how to make it) --make--> Document

A Document is a function of what the store holds and of feeds.toml, never of the request or
the clock, so whoever keeps one under its place's revision need not make it again.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from aggregator.config import Config
from aggregator.model import ALL, Source, Story, TopicFeed, source_scope, topic_scope
from aggregator.publish import pages
from aggregator.publish.addresses import ENDINGS
from aggregator.publish.atom import atom
from aggregator.publish.jsonfeed import jsonfeed
from aggregator.publish.opml import sources_opml, topics_opml
from aggregator.publish.rss import rss
from aggregator.store import Store

__all__ = ["Document", "Edition", "Place"]

ON_HOME_PAGE = 4
"""Stories of each topic."""
ON_STORY_PAGE = 5
"""Related stories."""
HTML = "text/html; charset=utf-8"
OPML = "text/x-opml; charset=utf-8"
NEVER = datetime(2026, 1, 1, tzinfo=UTC)
"""When an empty feed was updated: the same at every request, and no reader doubts it."""

_LIST = re.compile(r"(?P<path>/all|/topics/[a-z0-9-]+|/sources/[a-z0-9-]+)(\.(?P<ending>\w+))?")
_STORY = re.compile(r"/stories/(?P<id>[0-9a-f]{16})")
_RENDER = {"rss": rss, "atom": atom, "json": jsonfeed}


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file to publish."""

    body: bytes
    media_type: str
    leads_to: str = ""
    """The public path that a web server sends readers to instead; the body does so too."""

    @property
    def etag(self) -> str:
        """The same for the same bytes, and only for them (a strong validator)."""
        return hashlib.blake2b(self.body, digest_size=12).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A public path, with what is asked of it. What stands there changes only when its `scope`
    does.

    `make` gives None if there is no such story after all.
    """

    path: str
    scope: str
    make: Callable[[], Document | None]


class Edition:
    """Everything that is published."""

    def __init__(self, config: Config, store: Store) -> None:
        self.config = config
        self.store = store
        self._listed = {source.id: source for source in config.all_sources}
        self._topics = {topic.id: topic for topic in config.topics}
        self._shares = {topic_scope(topic.id): topic.share for topic in config.topics}

    def find(self, path: str, language: str = "") -> Place | None:
        """The place at a public path, or None if nothing ever stands there. A list may be asked
        for in one language."""
        if path in (fixed := self._fixed()):
            return Place(path=path, scope=ALL, make=fixed[path])
        if match := _LIST.fullmatch(path):
            return self._find_list(path, match["path"], match["ending"], language)
        if match := _STORY.fullmatch(path):
            id_ = match["id"]
            return Place(path=path, scope=ALL, make=lambda: self._story(id_))
        return None

    def is_list(self, path: str) -> bool:
        """True for what can be asked for in one language."""
        return _LIST.fullmatch(path) is not None

    def paths(self) -> Iterator[str]:
        """Every path at which something stands."""
        yield from self._fixed()
        lists = ["/all"]
        lists += [f"/topics/{topic.id}" for topic in self.config.topics]
        lists += [f"/sources/{id_}" for id_ in {**self.store.sources(), **self._listed}]
        for path in lists:
            yield path
            yield from (f"{path}.{ending}" for ending in ENDINGS)
        yield from (f"/stories/{id_}" for id_ in self.store.story_ids())

    def not_found(self) -> Document:
        """The page for a path where nothing stands."""
        return _html(pages.not_found_page(self.config.site, self.config.topics))

    # ---- places

    def _fixed(self) -> dict[str, Callable[[], Document]]:
        config = self.config
        return {
            "/": self._home,
            "/sources": lambda: _html(
                pages.sources_page(config.all_sources, config.site, config.topics)
            ),
            "/topics.opml": lambda: Document(
                body=topics_opml(config.topics, config.site), media_type=OPML
            ),
            "/sources.opml": lambda: Document(
                body=sources_opml(config.all_sources, config.site), media_type=OPML
            ),
            "/style.css": lambda: Document(
                body=pages.stylesheet(), media_type="text/css; charset=utf-8"
            ),
            "/robots.txt": lambda: Document(
                body=b"User-agent: *\nAllow: /\n", media_type="text/plain; charset=utf-8"
            ),
        }

    def _find_list(self, path: str, listed: str, ending: str | None, language: str) -> Place | None:
        scope = self._scope(listed)
        if scope is None or (ending and ending not in ENDINGS):
            return None
        return Place(
            path=f"{path}{_query(language)}",
            scope=scope,
            make=lambda: self._list(listed, scope, ending, language),
        )

    def _scope(self, path: str) -> str | None:
        kind, _, name = path.removeprefix("/").partition("/")
        if kind == "all":
            return ALL
        if kind == "topics":
            return topic_scope(name) if name in self._topics else None
        return source_scope(name) if self._source(name) else None

    # ---- documents

    def _list(self, path: str, scope: str, ending: str | None, language: str) -> Document:
        feed = self._feed(path, scope, self.config.publish.limit, language)
        if ending is None:
            return _html(pages.list_page(feed, self.config.site, self.config.topics))
        body = _RENDER[ending](feed, self.config.site)
        return Document(body=body, media_type=ENDINGS[ending])

    def _home(self) -> Document:
        sections = [
            pages.Section(topic=topic, feed=feed)
            for topic in self.config.topics
            if (feed := self._topic_feed(topic.id)).stories
        ]
        return _html(pages.home_page(sections, self.config.site, self.config.topics))

    def _topic_feed(self, topic: str) -> TopicFeed:
        return self._feed(f"/topics/{topic}", topic_scope(topic), ON_HOME_PAGE)

    def _story(self, id_: str) -> Document | None:
        story = self.store.story(id_)
        if story is None:
            return self._moved(self.store.heir(id_))
        feed = self._told(f"/stories/{id_}", [story])
        related = self._told(f"/stories/{id_}", self.store.related(story, ON_STORY_PAGE))
        why = self.store.why(id_)
        return _html(pages.story_page(feed, related, why, self.config.site, self.config.topics))

    def _moved(self, heir: str) -> Document | None:
        """Where a story stood that turned out to be another one."""
        if not heir:
            return None
        path = f"/stories/{heir}"
        page = pages.moved_page(path, self.config.site, self.config.topics)
        return Document(body=page, media_type=HTML, leads_to=path)

    def _feed(self, path: str, scope: str, limit: int, language: str = "") -> TopicFeed:
        share = None if language else self._shares.get(scope)  # few outlets speak it
        found = self.store.latest(scope, limit, language=language, share=share)
        feed = self._told(path, found)
        if not language:
            return feed
        title = f"{feed.title} ({language})"
        return replace(feed, query=_query(language), title=title, language=language)

    def _told(self, path: str, stories: list[Story]) -> TopicFeed:
        title, description, language = self._head(path)
        told = {entry.source for story in stories for entry in story.entries}
        return TopicFeed(
            path=path,
            title=title,
            description=description,
            language=language,
            updated=max((max(s.updated, s.arrived) for s in stories), default=NEVER),
            stories=tuple(stories),
            sources={id_: source for id_ in told if (source := self._source(id_))},
            topics={topic.id: topic.title for topic in self.config.topics},
        )

    def _head(self, path: str) -> tuple[str, str, str]:
        """Title, description and language of the list at a path."""
        site = self.config.site
        kind, _, name = path.removeprefix("/").partition("/")
        if kind == "topics" and (topic := self._topics.get(name)):
            return topic.title, topic.description, topic.language
        if kind == "sources" and (source := self._source(name)):
            description = f"What {source.name} publishes, as collected by {site.title}."
            return source.name, description, source.language or site.language
        return f"All stories at {site.title}", site.description, site.language

    def _source(self, id_: str) -> Source | None:
        """An outlet; one that left feeds.toml is credited as it was."""
        return self._listed.get(id_) or self.store.sources().get(id_)


def _query(language: str) -> str:
    return f"?lang={language}" if language else ""


def _html(body: bytes) -> Document:
    return Document(body=body, media_type=HTML)


def file_of(path: str) -> str:
    """The file of a static export for a public path; a page is the index of a folder."""
    if path.endswith("/"):
        return f"{path[1:]}index.html"
    is_file = "." in path.rpartition("/")[2]
    return path[1:] if is_file else f"{path[1:]}/index.html"
