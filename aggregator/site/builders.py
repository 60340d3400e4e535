"""What is made for a place: pages, feeds, lists for readers, files."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from aggregator.config import Config
from aggregator.model import Feed, Topic, topic_scope
from aggregator.render import pages, widget
from aggregator.render.atom import atom
from aggregator.render.jsonfeed import jsonfeed
from aggregator.render.links import feed_links
from aggregator.render.opml import sources_opml, topics_opml
from aggregator.render.public_urls import FEED_MEDIA_TYPES, PublicUrls
from aggregator.render.rss import rss
from aggregator.site.document import Document, html_document
from aggregator.site.feeds import FeedCatalog, FeedSpec
from aggregator.site.params import NO_PARAMS, FeedParams
from aggregator.store import Store

__all__ = ["WIDGET_STORIES", "DocumentBuilder"]

HOME_STORIES_PER_TOPIC = 4
"""Stories of each topic."""
RELATED_STORIES = 5
"""Related stories."""
WIDGET_STORIES = 5
"""Headlines."""
OPML_MEDIA_TYPE = "text/x-opml; charset=utf-8"
SCRIPT_MEDIA_TYPE = "text/javascript; charset=utf-8"
ROBOTS_TXT = b"User-agent: *\nAllow: /\nDisallow: /search\nDisallow: /embed\n"
_RENDER = {"rss": rss, "atom": atom, "json": jsonfeed}


class DocumentBuilder:
    """Makes documents of what the store holds."""

    def __init__(self, config: Config, store: Store, lists: FeedCatalog) -> None:
        self._config = config
        self._store = store
        self._lists = lists

    def fixed_documents(self) -> Mapping[str, Callable[[], Document]]:
        """What stands at one path for ever, by that path."""
        config = self._config
        site, topics = config.site, config.topics
        return {
            "/": self._home,
            "/sources": lambda: html_document(pages.sources_page(config.all_sources, site, topics)),
            "/404.html": lambda: html_document(
                pages.not_found_page(site, topics)
            ),  # for file servers
            "/embed": lambda: html_document(
                pages.embed_page(site, topics, config.all_sources), kind="tool"
            ),
            "/topics.opml": lambda: Document(
                body=topics_opml(topics, site), media_type=OPML_MEDIA_TYPE
            ),
            "/sources.opml": lambda: Document(
                body=sources_opml(config.all_sources, site), media_type=OPML_MEDIA_TYPE
            ),
            "/style.css": lambda: _css("style.css"),
            "/embed.css": lambda: _css("widget.css", "embed.css"),
            "/embedding.js": lambda: Document(
                body=pages.static_file("embedding.js"), media_type=SCRIPT_MEDIA_TYPE
            ),
            "/favicon.svg": lambda: Document(
                body=pages.static_file("favicon.svg"), media_type="image/svg+xml"
            ),
            "/robots.txt": lambda: Document(
                body=ROBOTS_TXT, media_type="text/plain; charset=utf-8"
            ),
        }

    def widget(self, listed: FeedSpec, asked: FeedParams, *, is_script: bool) -> Document:
        """A list for the page of a partner."""
        feed = self._lists.newest(listed, replace(asked, theme=""), limit=WIDGET_STORIES)
        if is_script:
            body = widget.widget_script(feed, self._config.site, asked.theme)
            return Document(body=body, media_type=SCRIPT_MEDIA_TYPE)
        return html_document(
            widget.widget_frame(feed, self._config.site, asked.theme), kind="frame"
        )

    def feed_document(self, feed: Feed, ending: str, *, is_page: bool, asked: str = "") -> Document:
        """A list as a page, as a feed, or as the page for people who open a feed's address."""
        site, topics = self._config.site, self._config.topics
        if not ending:
            if feed.path == "/search":
                return html_document(pages.search_page(feed, site, topics, asked))
            return replace(
                html_document(pages.list_page(feed, site, topics)), links=self._links(feed, "atom")
            )
        if is_page:
            return html_document(pages.feed_page(feed, ending, site, topics))
        body = _RENDER[ending](feed, site)
        return Document(
            body=body,
            media_type=FEED_MEDIA_TYPES[ending],
            kind="feed",
            links=self._links(feed, ending),
        )

    def _links(self, feed: Feed, ending: str) -> tuple[tuple[str, str], ...]:
        """Where a subscriber finds the hubs, and the address to name there (WebSub 4)."""
        hubs = [link for link in feed_links(feed, self._config.site, ending) if link.rel == "hub"]
        own = ("self", PublicUrls(self._config.site.url).self_url(feed, ending))
        return (*(("hub", link.href) for link in hubs), own) if hubs else ()

    def _home(self) -> Document:
        sections = [
            pages.Section(topic=topic, feed=feed)
            for topic in self._config.topics
            if (feed := self._on_home_page(topic)).stories
        ]
        return html_document(pages.home_page(sections, self._config.site, self._config.topics))

    def _on_home_page(self, topic: Topic) -> Feed:
        listed = FeedSpec(
            path=f"/topics/{topic.id}", scopes=(topic_scope(topic.id),),
            title=topic.title, language=topic.language,
        )  # fmt: skip
        return self._lists.newest(listed, limit=HOME_STORIES_PER_TOPIC)

    def story(self, id_: str) -> Document | None:
        """The page of a story."""
        story = self._store.story(id_)
        if story is None:
            return self._no_story(id_)
        site, topics = self._config.site, self._config.topics
        feed = self._lists.feed_of(f"/stories/{id_}", [story])
        related = self._lists.feed_of(
            f"/stories/{id_}", self._store.related(story, RELATED_STORIES)
        )
        return html_document(pages.story_page(feed, related, self._store.why(id_), site, topics))

    def _no_story(self, id_: str) -> Document | None:
        """Where a story stood that turned out to be another one, or was taken down."""
        site, topics = self._config.site, self._config.topics
        if heir := self._store.heir(id_):
            path = f"/stories/{heir}"
            return html_document(pages.moved_page(path, site, topics), leads_to=path)
        if self._store.is_hidden(id_):
            return self.gone("story")
        return None

    def gone(self, what: str) -> Document:
        """A topic of the past, a story that was taken down, an archive that is too old."""
        site, topics = self._config.site, self._config.topics
        return html_document(pages.gone_page(site, topics, what), status=410)

    def not_found(self, path: str = "") -> Document:
        """The page for a path where nothing stands, with the topics that may have been meant."""
        site, topics = self._config.site, self._config.topics
        return html_document(pages.not_found_page(site, topics, _path_words(path)), status=404)

    def bad_request(self, path: str, q: str, why: str) -> Document:
        """The page for what cannot be meant, and why; of a search, with what was looked for."""
        site, topics = self._config.site, self._config.topics
        if path == "/search":
            feed = self._lists.search_results(NO_PARAMS)
            return html_document(pages.search_page(feed, site, topics, q, why), status=400)
        return html_document(pages.bad_request_page(site, topics, why), status=400)


def _path_words(path: str) -> str:
    """The words of a path."""
    return " ".join(re.findall(r"[a-z0-9]+", path.lower().rpartition("/")[2]))


def _css(*names: str) -> Document:
    body = b"".join(pages.static_file(name) for name in names)
    return Document(body=body, media_type="text/css; charset=utf-8")
