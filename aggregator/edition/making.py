"""What is made for a place: pages, feeds, lists for readers, files."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from aggregator.config import Config
from aggregator.edition.asking import NOTHING, Asked
from aggregator.edition.documents import Document, page
from aggregator.edition.lists import Listed, Lists
from aggregator.model import Topic, TopicFeed, topic_scope
from aggregator.publish import pages, widget
from aggregator.publish.addresses import ENDINGS, Addresses
from aggregator.publish.atom import atom
from aggregator.publish.jsonfeed import jsonfeed
from aggregator.publish.links import feed_links
from aggregator.publish.opml import sources_opml, topics_opml
from aggregator.publish.rss import rss
from aggregator.store import Store

__all__ = ["IN_WIDGET", "Maker"]

ON_HOME_PAGE = 4
"""Stories of each topic."""
ON_STORY_PAGE = 5
"""Related stories."""
IN_WIDGET = 5
"""Headlines."""
OPML = "text/x-opml; charset=utf-8"
SCRIPT = "text/javascript; charset=utf-8"
ROBOTS = b"User-agent: *\nAllow: /\nDisallow: /search\nDisallow: /embed\n"
_RENDER = {"rss": rss, "atom": atom, "json": jsonfeed}


class Maker:
    """Makes documents of what the store holds."""

    def __init__(self, config: Config, store: Store, lists: Lists) -> None:
        self._config = config
        self._store = store
        self._lists = lists

    def fixed(self) -> Mapping[str, Callable[[], Document]]:
        """What stands at one path for ever, by that path."""
        config = self._config
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

    def widget(self, listed: Listed, asked: Asked, *, is_script: bool) -> Document:
        """A list for the page of a partner."""
        feed = self._lists.newest(listed, replace(asked, theme=""), limit=IN_WIDGET)
        if is_script:
            body = widget.script(feed, self._config.site, asked.theme)
            return Document(body=body, media_type=SCRIPT)
        return page(widget.frame(feed, self._config.site, asked.theme), kind="frame")

    def of_feed(self, feed: TopicFeed, ending: str, *, is_page: bool, asked: str = "") -> Document:
        """A list as a page, as a feed, or as the page for people who open a feed's address."""
        site, topics = self._config.site, self._config.topics
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
        hubs = [link for link in feed_links(feed, self._config.site, ending) if link.rel == "hub"]
        own = ("self", Addresses(self._config.site.url).own(feed, ending))
        return (*(("hub", link.href) for link in hubs), own) if hubs else ()

    def _home(self) -> Document:
        sections = [
            pages.Section(topic=topic, feed=feed)
            for topic in self._config.topics
            if (feed := self._on_home_page(topic)).stories
        ]
        return page(pages.home_page(sections, self._config.site, self._config.topics))

    def _on_home_page(self, topic: Topic) -> TopicFeed:
        listed = Listed(
            path=f"/topics/{topic.id}", scopes=(topic_scope(topic.id),),
            title=topic.title, language=topic.language,
        )  # fmt: skip
        return self._lists.newest(listed, limit=ON_HOME_PAGE)

    def story(self, id_: str) -> Document | None:
        """The page of a story."""
        story = self._store.story(id_)
        if story is None:
            return self._no_story(id_)
        site, topics = self._config.site, self._config.topics
        feed = self._lists.told(f"/stories/{id_}", [story])
        related = self._lists.told(f"/stories/{id_}", self._store.related(story, ON_STORY_PAGE))
        return page(pages.story_page(feed, related, self._store.why(id_), site, topics))

    def _no_story(self, id_: str) -> Document | None:
        """Where a story stood that turned out to be another one, or was taken down."""
        site, topics = self._config.site, self._config.topics
        if heir := self._store.heir(id_):
            path = f"/stories/{heir}"
            return page(pages.moved_page(path, site, topics), leads_to=path)
        if self._store.is_hidden(id_):
            return self.gone("story")
        return None

    def gone(self, what: str) -> Document:
        """A topic of the past, a story that was taken down, an archive that is too old."""
        site, topics = self._config.site, self._config.topics
        return page(pages.gone_page(site, topics, what), status=410)

    def not_found(self, path: str = "") -> Document:
        """The page for a path where nothing stands, with the topics that may have been meant."""
        site, topics = self._config.site, self._config.topics
        return page(pages.not_found_page(site, topics, _wanted(path)), status=404)

    def refused(self, path: str, q: str, why: str) -> Document:
        """The page for what cannot be meant, and why; of a search, with what was looked for."""
        site, topics = self._config.site, self._config.topics
        if path == "/search":
            feed = self._lists.found(NOTHING)
            return page(pages.search_page(feed, site, topics, q, why), status=400)
        return page(pages.refused_page(site, topics, why), status=400)


def _wanted(path: str) -> str:
    """The words of a path."""
    return " ".join(re.findall(r"[a-z0-9]+", path.lower().rpartition("/")[2]))


def _css(*names: str) -> Document:
    body = b"".join(pages.file(name) for name in names)
    return Document(body=body, media_type="text/css; charset=utf-8")
