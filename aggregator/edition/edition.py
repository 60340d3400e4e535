"""The whole edition: every public path, and what is made for it."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import replace

from aggregator.config import Config
from aggregator.edition.asking import LISTED, MOST, NOTHING, SEARCHED, WIDGET, Asked, asked
from aggregator.edition.documents import Document, Place, page
from aggregator.edition.lists import Listed, Lists
from aggregator.errors import WrongParameter
from aggregator.model import ALL, Topic, TopicFeed, page_scope, topic_scope
from aggregator.publish import pages, widget
from aggregator.publish.addresses import ENDINGS, Addresses
from aggregator.publish.atom import atom
from aggregator.publish.jsonfeed import jsonfeed
from aggregator.publish.links import feed_links
from aggregator.publish.opml import sources_opml, topics_opml
from aggregator.publish.rss import rss
from aggregator.store import Store

__all__ = ["Edition"]

ON_HOME_PAGE = 4
"""Stories of each topic."""
ON_STORY_PAGE = 5
"""Related stories."""
IN_WIDGET, MOST_IN_WIDGET = 5, 20
"""Headlines."""
OPML = "text/x-opml; charset=utf-8"
SCRIPT = "text/javascript; charset=utf-8"
ROBOTS = b"User-agent: *\nAllow: /\nDisallow: /search\nDisallow: /embed\n"

_ENDING = r"(\.(?P<ending>rss|atom|json)(?P<readable>\.html)?)?"
_LIST = re.compile(
    r"(?P<path>/all|/topics/[a-z0-9+-]+|/sources/[a-z0-9-]+)"
    rf"(/archive/(?P<page>[1-9][0-9]{{0,8}}))?{_ENDING}"
)
_SEARCH = re.compile(f"/search{_ENDING}")
_EMBED = re.compile(r"/embed/(?P<topics>[a-z0-9+-]+)(?P<script>\.js)?")
_STORY = re.compile(r"/stories/(?P<id>[0-9a-f]{16})")
_RENDER = {"rss": rss, "atom": atom, "json": jsonfeed}


class Edition:
    """Everything that is published."""

    def __init__(self, config: Config, store: Store) -> None:
        self.config = config
        self.store = store
        self.lists = Lists(config, store)

    def takes(self, path: str) -> Set[str]:
        """The parameters that can be asked of what stands at a path."""
        if match := _LIST.fullmatch(path):
            return frozenset() if match["page"] else LISTED
        if _SEARCH.fullmatch(path):
            return SEARCHED
        return WIDGET if _EMBED.fullmatch(path) else frozenset()

    def bounds(self, path: str) -> tuple[int, int]:
        """The number of stories at a path if none is asked for, and how many may be asked for."""
        limit = self.config.publish.limit
        if _EMBED.fullmatch(path):
            return IN_WIDGET, MOST_IN_WIDGET
        return limit, max(MOST, limit)

    def asked(self, path: str, parameters: Mapping[str, Sequence[str]]) -> Asked:
        """What is asked of what stands at a path. Raises WrongParameter."""
        return asked(parameters, self.takes(path), self.bounds(path), self.is_outlet)

    def has(self, path: str) -> bool:
        """True if something may stand at a path, whatever is asked of it."""
        try:
            return self.find(path) is not None
        except WrongParameter:
            return True

    def is_outlet(self, id_: str) -> bool:
        """True for the id of an outlet that is listed, or was."""
        return self.lists.source(id_) is not None

    def find(self, path: str, asked: Asked = NOTHING) -> Place | None:
        """The place at a public path, or None if nothing ever stands there."""
        if path in (fixed := self._fixed()):
            return Place(path=path, scopes=(ALL,), make=fixed[path])
        if match := _LIST.fullmatch(path):
            return self._find_list(match, asked)
        if match := _SEARCH.fullmatch(path):
            return self._find_search(path, match, asked)
        if match := _EMBED.fullmatch(path):
            return self._find_widget(match, asked)
        if match := _STORY.fullmatch(path):
            id_ = match["id"]
            return Place(path=path, scopes=(ALL,), make=lambda: self._story(id_))
        return None

    def paths(self) -> Iterator[str]:
        """Every path at which something stands without being asked for."""
        yield from self._fixed()
        for path in self._list_paths():
            listed = self.lists.named(path)
            yield path
            yield from _feed_paths(path)
            for number in self._pages(listed) if listed and len(listed.scopes) == 1 else ():
                yield f"{path}/archive/{number}"
                yield from _feed_paths(f"{path}/archive/{number}")
        for topic in self.config.topics:
            yield f"/embed/{topic.id}"
            yield f"/embed/{topic.id}.js"
        yield from (f"/stories/{id_}" for id_ in self.store.story_ids())

    def _list_paths(self) -> Iterator[str]:
        yield "/all"
        for topic in self.config.topics:
            yield from (f"/topics/{id_}" for id_ in (topic.id, *topic.was))
        sources = {**self.store.sources(), **{s.id: s for s in self.config.all_sources}}
        yield from (f"/sources/{id_}" for id_ in sources)

    def _pages(self, listed: Listed) -> Iterator[int]:
        """The documents of its archive, and the one after the last, which leads to the newest."""
        oldest, newest = self.store.pages(listed.scopes[0])
        if oldest:
            yield from range(newest + 1, oldest - 1, -1)

    def not_found(self, path: str = "") -> Document:
        """The page for a path where nothing stands, with the topics that may have been meant."""
        site, topics = self.config.site, self.config.topics
        return page(pages.not_found_page(site, topics, _wanted(path)), status=404)

    def refused(self, path: str, q: str, why: str) -> Document:
        """The page for what cannot be meant, and why; of a search, with what was looked for."""
        site, topics = self.config.site, self.config.topics
        if path == "/search":
            feed = self.lists.found(NOTHING)
            return page(pages.search_page(feed, site, topics, q, why), status=400)
        return page(pages.refused_page(site, topics, why), status=400)

    # ---- places

    def _fixed(self) -> dict[str, Callable[[], Document]]:
        config = self.config
        site, topics = config.site, config.topics
        return {
            "/": self._home,
            "/sources": lambda: page(pages.sources_page(config.all_sources, site, topics)),
            "/404.html": lambda: page(pages.not_found_page(site, topics)),  # for file servers
            "/embed": lambda: page(
                pages.embedding_page(site, topics, config.all_sources), kind="tool"
            ),
            "/topics.opml": lambda: Document(body=topics_opml(topics, site), media_type=OPML),
            "/sources.opml": lambda: Document(
                body=sources_opml(config.all_sources, site), media_type=OPML
            ),
            "/style.css": lambda: _css("style.css"),
            "/embed.css": lambda: _css("widget.css", "embed.css"),
            "/embedding.js": lambda: Document(body=pages.file("embedding.js"), media_type=SCRIPT),
            "/favicon.svg": lambda: Document(
                body=pages.file("favicon.svg"), media_type="image/svg+xml"
            ),
            "/robots.txt": lambda: Document(body=ROBOTS, media_type="text/plain; charset=utf-8"),
        }

    def _find_list(self, match: re.Match[str], asked: Asked) -> Place | None:
        listed = self.lists.named(match["path"])
        if listed is None:
            return None
        if listed.is_gone:
            return Place(path=listed.path, scopes=(ALL,), make=lambda: self._gone("topic"))
        number = int(match["page"] or 0)
        if number and len(listed.scopes) > 1:
            return None
        rest = match[0].removeprefix(match["path"])
        end = f"{rest.removeprefix(f'/archive/{number}')}{asked.query}"
        path = f"{listed.path}{rest}{asked.query}"

        def show(feed: TopicFeed | None) -> Document | None:
            is_page = bool(match["readable"])
            return self._of_feed(feed, match["ending"] or "", is_page=is_page) if feed else None

        def newest() -> Document | None:
            return show(self.lists.newest(listed, asked))

        def archived() -> Document | None:
            if self.lists.is_over(listed, number):
                return self._gone("archive")
            return show(self.lists.archive(listed, number))

        make, scopes = newest, listed.scopes
        if number and self.lists.is_next(listed, number):
            now = f"{listed.path}{end}"
            return Place(path=path, scopes=scopes, make=lambda: _moved(newest(), now, for_now=True))
        if number:
            make, scopes = archived, (page_scope(listed.scopes[0], number),)
        if _is_renamed(match["path"], listed.path):
            former = f"{match[0]}{asked.query}"
            return Place(path=former, scopes=scopes, make=lambda: _moved(make(), path))
        return Place(path=path, scopes=scopes, make=make)

    def _find_search(self, path: str, match: re.Match[str], asked: Asked) -> Place | None:
        if match["ending"] and not asked.q:
            raise WrongParameter("q must say what to look for, as in /search.rss?q=strike.")

        def make() -> Document | None:
            feed = self.lists.found(asked)
            is_page = bool(match["readable"])
            return self._of_feed(feed, match["ending"] or "", is_page=is_page, asked=asked.q)

        return Place(path=f"{path}{asked.query}", scopes=(ALL,), make=make)

    def _find_widget(self, match: re.Match[str], asked: Asked) -> Place | None:
        given = f"/topics/{match['topics']}"
        listed = self.lists.named(given)
        if listed is None:
            return None
        if listed.is_gone:
            return Place(path=match[0], scopes=(ALL,), make=lambda: self._gone("topic"))
        script = match["script"] or ""
        path = f"/embed/{listed.path.removeprefix('/topics/')}{script}{asked.query}"

        def make() -> Document:
            feed = self.lists.newest(listed, replace(asked, theme=""), limit=IN_WIDGET)
            if script:
                body = widget.script(feed, self.config.site, asked.theme)
                return Document(body=body, media_type=SCRIPT)
            return page(widget.frame(feed, self.config.site, asked.theme), kind="frame")

        if _is_renamed(given, listed.path):
            former = f"{match[0]}{asked.query}"
            return Place(path=former, scopes=listed.scopes, make=lambda: _moved(make(), path))
        return Place(path=path, scopes=listed.scopes, make=make)

    # ---- documents

    def _of_feed(self, feed: TopicFeed, ending: str, *, is_page: bool, asked: str = "") -> Document:
        """A list as a page, as a feed, or as the page for people who open a feed's address."""
        site, topics = self.config.site, self.config.topics
        if not ending:
            if feed.path == "/search":
                return page(pages.search_page(feed, site, topics, asked))
            return replace(
                page(pages.list_page(feed, site, topics)), links=self._links(feed, "atom")
            )
        if is_page:
            return page(pages.feed_page(feed, ending, site, topics))
        body = _RENDER[ending](feed, site)
        return Document(
            body=body, media_type=ENDINGS[ending], kind="feed", links=self._links(feed, ending)
        )

    def _links(self, feed: TopicFeed, ending: str) -> tuple[tuple[str, str], ...]:
        """Where a subscriber finds the hubs, and the address to name there (WebSub 4)."""
        hubs = [link for link in feed_links(feed, self.config.site, ending) if link.rel == "hub"]
        own = ("self", Addresses(self.config.site.url).own(feed, ending))
        return (*(("hub", link.href) for link in hubs), own) if hubs else ()

    def _home(self) -> Document:
        sections = [
            pages.Section(topic=topic, feed=feed)
            for topic in self.config.topics
            if (feed := self._on_home_page(topic)).stories
        ]
        return page(pages.home_page(sections, self.config.site, self.config.topics))

    def _on_home_page(self, topic: Topic) -> TopicFeed:
        listed = Listed(
            path=f"/topics/{topic.id}", scopes=(topic_scope(topic.id),),
            title=topic.title, language=topic.language,
        )  # fmt: skip
        return self.lists.newest(listed, limit=ON_HOME_PAGE)

    def _story(self, id_: str) -> Document | None:
        story = self.store.story(id_)
        if story is None:
            return self._no_story(id_)
        site, topics = self.config.site, self.config.topics
        feed = self.lists.told(f"/stories/{id_}", [story])
        related = self.lists.told(f"/stories/{id_}", self.store.related(story, ON_STORY_PAGE))
        return page(pages.story_page(feed, related, self.store.why(id_), site, topics))

    def _no_story(self, id_: str) -> Document | None:
        """Where a story stood that turned out to be another one, or was taken down."""
        site, topics = self.config.site, self.config.topics
        if heir := self.store.heir(id_):
            path = f"/stories/{heir}"
            return page(pages.moved_page(path, site, topics), leads_to=path)
        if self.store.is_hidden(id_):
            return self._gone("story")
        return None

    def _gone(self, what: str) -> Document:
        """A topic of the past, a story that was taken down, an archive that is too old."""
        site, topics = self.config.site, self.config.topics
        return page(pages.gone_page(site, topics, what), status=410)


def _feed_paths(path: str) -> Iterator[str]:
    for ending in ENDINGS:
        yield f"{path}.{ending}"
        yield f"{path}.{ending}.html"


def _is_renamed(given: str, path: str) -> bool:
    """True if a topic has another name now; the order in which topics are joined is nothing."""
    return set(given.split("/")[-1].split("+")) != set(path.split("/")[-1].split("+"))


def _moved(document: Document | None, path: str, *, for_now: bool = False) -> Document | None:
    return document and replace(document, leads_to=path, is_for_good=not for_now)


def _wanted(path: str) -> str:
    """The words of a path."""
    return " ".join(re.findall(r"[a-z0-9]+", path.lower().rpartition("/")[2]))


def _css(*names: str) -> Document:
    body = b"".join(pages.file(name) for name in names)
    return Document(body=body, media_type="text/css; charset=utf-8")
