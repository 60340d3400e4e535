"""Web pages: plain, semantic HTML that works without scripts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from aggregator.model import SafeHtml, Site, Source, Topic, TopicFeed
from aggregator.publish.addresses import ENDINGS, Addresses
from aggregator.publish.shown import Shown, shown

__all__ = [
    "Section", "home_page", "list_page", "moved_page", "not_found_page", "sources_page",
    "story_page",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A topic and its newest stories, on the home page."""

    topic: Topic
    feed: TopicFeed


def list_page(feed: TopicFeed, site: Site, topics: Sequence[Topic]) -> bytes:
    """The stories of a topic, of an outlet, or all."""
    return _render("list.html", site, topics, feed=feed, items=shown(feed))


def home_page(sections: Sequence[Section], site: Site, topics: Sequence[Topic]) -> bytes:
    """The newest stories, by topic."""
    filled = [(section.topic, shown(section.feed)) for section in sections]
    return _render("home.html", site, topics, sections=filled)


def story_page(
    feed: TopicFeed,
    related: TopicFeed,
    why: Mapping[str, str],
    site: Site,
    topics: Sequence[Topic],
) -> bytes:
    """One story: excerpt, credit, "also at". `feed` holds that story alone, `related` others
    that report the same event."""
    (item,) = shown(feed)
    return _render(
        "story.html", site, topics,
        item=item, content=_markup(item), related=shown(related), why=why,
    )  # fmt: skip


def moved_page(path: str, site: Site, topics: Sequence[Topic]) -> bytes:
    """Where a story stood that stands at another public path now."""
    return _render("moved.html", site, topics, path=path)


def sources_page(sources: Sequence[Source], site: Site, topics: Sequence[Topic]) -> bytes:
    """The outlets."""
    return _render("sources.html", site, topics, sources=sources)


def not_found_page(site: Site, topics: Sequence[Topic]) -> bytes:
    """Nothing stands here."""
    return _render("not_found.html", site, topics)


def stylesheet() -> bytes:
    """The one style sheet."""
    source, _, _ = _environment.loader.get_source(_environment, "style.css")  # type: ignore[union-attr]
    return source.encode()


def _markup(item: Shown) -> Markup:
    """Safe HTML stays as it is; the type checker holds everything else off."""
    content: SafeHtml = item.content
    return Markup(content)  # noqa: S704 - SafeHtml comes from ingest/clean.py only


def _render(template: str, site: Site, topics: Sequence[Topic], **values: object) -> bytes:
    page = _environment.get_template(template).render(
        site=site,
        at=Addresses(site.url),
        root=urlsplit(site.url).path,
        topics=topics,
        endings=ENDINGS,
        **values,
    )
    return page.encode()


_environment = Environment(
    loader=PackageLoader("aggregator.publish"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
