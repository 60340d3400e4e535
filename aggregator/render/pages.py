"""Web pages: plain, semantic HTML that works without scripts."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from aggregator.model import Feed, SafeHtml, Site, Source, Topic
from aggregator.render.item import FeedItem, feed_items
from aggregator.render.public_urls import FEED_MEDIA_TYPES, PublicUrls

__all__ = [
    "Section",
    "bad_request_page",
    "embed_page",
    "feed_page",
    "gone_page",
    "home_page",
    "list_page",
    "moved_page",
    "not_found_page",
    "search_page",
    "sources_page",
    "static_file",
    "story_page",
    "widget_page",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A topic and its newest stories, on the home page."""

    topic: Topic
    feed: Feed


def list_page(feed: Feed, site: Site, topics: Sequence[Topic]) -> bytes:
    """The stories of a topic, of an outlet, or all."""
    return _render("list.html", site, topics, feed=feed, items=feed_items(feed))


def home_page(sections: Sequence[Section], site: Site, topics: Sequence[Topic]) -> bytes:
    """The newest stories, by topic."""
    filled = [(section.topic, feed_items(section.feed)) for section in sections]
    return _render("home.html", site, topics, sections=filled)


def story_page(
    feed: Feed,
    related: Feed,
    why: Mapping[str, str],
    site: Site,
    topics: Sequence[Topic],
) -> bytes:
    """One story: excerpt, credit, "also at". `feed` holds that story alone, `related` others
    that report the same event."""
    (item,) = feed_items(feed)
    return _render(
        "story.html", site, topics,
        item=item, content=_markup(item), related=feed_items(related), why=why,
    )  # fmt: skip


def moved_page(path: str, site: Site, topics: Sequence[Topic]) -> bytes:
    """Where a story stood that stands at another public path now."""
    return _render("moved.html", site, topics, path=path)


def sources_page(sources: Sequence[Source], site: Site, topics: Sequence[Topic]) -> bytes:
    """The outlets."""
    return _render("sources.html", site, topics, sources=sources)


def feed_page(feed: Feed, ending: str, site: Site, topics: Sequence[Topic]) -> bytes:
    """What people see who open the address of a feed in a browser: what it is, how to subscribe,
    and the same stories."""
    return _render("feed.html", site, topics, feed=feed, items=feed_items(feed), ending=ending)


def search_page(
    feed: Feed, site: Site, topics: Sequence[Topic], asked: str, why_not: str = ""
) -> bytes:
    """What a search has found; `asked` is what was looked for, `why_not` says what is wrong with
    it."""
    items = feed_items(feed)
    return _render(
        "search.html", site, topics, feed=feed, items=items, asked=asked, why_not=why_not
    )


def widget_page(feed: Feed, site: Site, theme: str) -> bytes:
    """The headlines of a topic, to stand inside of another site's page."""
    return _render("frame.html", site, (), feed=feed, items=feed_items(feed), theme=theme)


def embed_page(site: Site, topics: Sequence[Topic], sources: Sequence[Source]) -> bytes:
    """Where a partner site chooses what to embed, and copies it."""
    return _render("embedding.html", site, topics, sources=sources)


def gone_page(site: Site, topics: Sequence[Topic], what: str) -> bytes:
    """A "story" that was taken down, a "topic" of the past, or an "archive" that is too old."""
    return _render("gone.html", site, topics, what=what)


def bad_request_page(site: Site, topics: Sequence[Topic], why: str) -> bytes:
    """What was asked cannot be meant."""
    return _render("refused.html", site, topics, why=why)


def not_found_page(site: Site, topics: Sequence[Topic], wanted: str = "") -> bytes:
    """Nothing stands here; topics that sound like what was wanted may have been meant."""
    names = {topic.title.lower(): topic for topic in topics}
    names |= {topic.id.replace("-", " "): topic for topic in topics}
    close = difflib.get_close_matches(wanted, names, n=3)
    meant = list(dict.fromkeys(names[name] for name in close))
    return _render("not_found.html", site, topics, meant=meant)


def static_file(name: str) -> bytes:
    """A style sheet or script as it is."""
    source, _, _ = _environment.loader.get_source(_environment, name)  # type: ignore[union-attr]
    return source.encode()


def _markup(item: FeedItem) -> Markup:
    """Safe HTML stays as it is; the type checker holds everything else off."""
    content: SafeHtml = item.content
    return Markup(content)  # noqa: S704 - SafeHtml comes from ingest/clean.py only


def _render(template: str, site: Site, topics: Sequence[Topic], **values: object) -> bytes:
    page = _environment.get_template(template).render(
        site=site,
        at=PublicUrls(site.url),
        root=urlsplit(site.url).path,
        origin=site.url.removesuffix(urlsplit(site.url).path),
        topics=topics,
        endings=FEED_MEDIA_TYPES,
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
