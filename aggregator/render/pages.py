"""Web pages: semantic HTML that works without scripts."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from aggregator.model import INTERFACE_LANGUAGE, Feed, SafeHtml, Site, Source, Topic
from aggregator.render.formats import FORMATS, PRIMARY_FORMAT, FeedFormat
from aggregator.render.item import FeedItem, feed_items
from aggregator.render.public_urls import PublicUrls

__all__ = [
    "Section",
    "about_page",
    "bad_request_page",
    "embed_page",
    "feed_page",
    "gone_page",
    "home_page",
    "list_page",
    "moved_page",
    "not_found_page",
    "redirect_page",
    "search_page",
    "sources_page",
    "static_file",
    "story_page",
    "subscribe_page",
    "widget_page",
]  # fmt: skip


READERS = (
    ("Feedly", "https://feedly.com/i/subscription/feed%2F"),
    ("Inoreader", "https://www.inoreader.com/?add_feed="),
    ("NewsBlur", "https://www.newsblur.com/?url="),
    ("Feedbin", "https://feedbin.com/?subscribe="),
    ("The Old Reader", "https://theoldreader.com/feeds/subscribe?url="),
)
"""Readers on the web, and the beginning of the address at which they add a feed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A topic and its newest stories, on the home page."""

    topic: Topic
    feed: Feed


def list_page(feed: Feed, site: Site, topics: Sequence[Topic]) -> bytes:
    """The page of a list."""
    return _render("list.html", site, topics, feed=feed, items=feed_items(feed))


def home_page(sections: Sequence[Section], site: Site, topics: Sequence[Topic]) -> bytes:
    """The home page: the newest stories, by topic."""
    topic_items = [(section.topic, feed_items(section.feed)) for section in sections]
    return _render("home.html", site, topics, sections=topic_items)


def story_page(
    feed: Feed,
    related: Feed,
    placement_sentences: Mapping[str, str],
    site: Site,
    topics: Sequence[Topic],
) -> bytes:
    """The page of a story. `feed` has that story alone, `related` others about the same event,
    `placement_sentences` say why it is in a topic, by topic id."""
    (item,) = feed_items(feed)
    return _render(
        "story.html", site, topics,
        item=item, content=_markup(item), related=feed_items(related), reasons=placement_sentences,
    )  # fmt: skip


def moved_page(path: str, site: Site, topics: Sequence[Topic]) -> bytes:
    """The page at the former path of a story that was merged into another one."""
    return _render("moved.html", site, topics, path=path)


def redirect_page(path: str, site: Site, topics: Sequence[Topic]) -> bytes:
    """The page at a usual address such as /feed, for browsers that follow no redirect."""
    return _render("redirect.html", site, topics, path=path)


def sources_page(sources: Sequence[Source], site: Site, topics: Sequence[Topic]) -> bytes:
    """The page with all outlets."""
    return _render("sources.html", site, topics, sources=sources)


def subscribe_page(site: Site, topics: Sequence[Topic]) -> bytes:
    """The page that explains feeds and lists all of them."""
    urls = PublicUrls(site.url)
    lists = [("All stories", "/all", INTERFACE_LANGUAGE)]
    lists += [(topic.title, f"/topics/{topic.id}", topic.language) for topic in topics]
    address = quote(urls.feed("/all", PRIMARY_FORMAT.extension), safe="")
    readers = [(name, f"{start}{address}") for name, start in READERS]
    return _render("subscribe.html", site, topics, lists=lists, readers=readers)


def about_page(sources: Sequence[Source], site: Site, topics: Sequence[Topic]) -> bytes:
    """The page about the site: its partners and their licences, contact and takedowns."""
    return _render("about.html", site, topics, sources=sources)


def feed_page(feed: Feed, format_: FeedFormat, site: Site, topics: Sequence[Topic]) -> bytes:
    """The page for people who open a feed in a browser: how to subscribe, and the stories."""
    return _render("feed.html", site, topics, feed=feed, items=feed_items(feed), format=format_)


def search_page(
    feed: Feed, site: Site, topics: Sequence[Topic], query: str, error: str = ""
) -> bytes:
    """The search page with the results of a query, or with what is wrong with the query."""
    items = feed_items(feed)
    return _render("search.html", site, topics, feed=feed, items=items, query=query, error=error)


def widget_page(feed: Feed, site: Site, theme: str) -> bytes:
    """The headlines of a topic, as a page for a frame on another site."""
    return _render("frame.html", site, (), feed=feed, items=feed_items(feed), theme=theme)


def embed_page(site: Site, topics: Sequence[Topic], sources: Sequence[Source]) -> bytes:
    """The page where partner sites choose a widget and copy its code."""
    return _render("embedding.html", site, topics, sources=sources)


def gone_page(site: Site, topics: Sequence[Topic], kind: str) -> bytes:
    """The page for a "story" that was taken down, a "topic" that was removed, or an "archive" that
    is too old."""
    return _render("gone.html", site, topics, kind=kind)


def bad_request_page(site: Site, topics: Sequence[Topic], error: str) -> bytes:
    """The page for an invalid request, with what is wrong with it."""
    return _render("bad_request.html", site, topics, error=error)


def not_found_page(site: Site, topics: Sequence[Topic], words: str = "") -> bytes:
    """The page for an unknown path; it suggests topics named like the words of the path."""
    by_name = {topic.title.lower(): topic for topic in topics}
    by_name |= {topic.id.replace("-", " "): topic for topic in topics}
    close = difflib.get_close_matches(words, by_name, n=3)
    suggestions = list(dict.fromkeys(by_name[name] for name in close))
    return _render("not_found.html", site, topics, suggestions=suggestions)


def static_file(name: str) -> bytes:
    """The bytes of a stylesheet, script or image."""
    source, _, _ = _environment.loader.get_source(_environment, name)  # type: ignore[union-attr]
    return source.encode()


def _markup(item: FeedItem) -> Markup:
    """The content as markup that is not escaped; only SafeHtml may be."""
    content: SafeHtml = item.content
    return Markup(content)  # noqa: S704 - only ingest/clean makes SafeHtml


def _render(template: str, site: Site, topics: Sequence[Topic], **values: object) -> bytes:
    page = _environment.get_template(template).render(
        site=site,
        urls=PublicUrls(site.url),
        root=urlsplit(site.url).path,
        origin=site.url.removesuffix(urlsplit(site.url).path),
        topics=topics,
        formats=list(FORMATS.values()),
        primary_format=PRIMARY_FORMAT,
        interface_language=INTERFACE_LANGUAGE,
        **values,
    )
    return page.encode()


_environment = Environment(
    loader=PackageLoader("aggregator.render"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
