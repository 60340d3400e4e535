"""Web pages: semantic HTML that works without scripts, in the language of the site."""

import difflib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from markupsafe import Markup, escape

from aggregator.model import Feed, Notice, SafeHtml, Site, Source, Theme, Topic, WidgetOptions
from aggregator.render.formats import FORMATS, PRIMARY_FORMAT, FeedFormat
from aggregator.render.interface import Interface, direction
from aggregator.render.item import FeedItem, feed_items
from aggregator.render.page_pictures import PageText, page_text
from aggregator.render.page_templates import template_environment, theme_error
from aggregator.render.public_urls import PublicUrls
from aggregator.render.reasons import TopicReason
from aggregator.render.structured_data import list_metadata, site_metadata, story_metadata
from aggregator.render.stylesheet import LOGO_PATHS

__all__ = ["FrontPage", "Outlet", "PageRenderer", "Paging", "Search", "Week"]

DEFAULT_THEME = Theme()
READERS = (
    ("Feedly", "https://feedly.com/i/subscription/feed%2F"),
    ("Inoreader", "https://www.inoreader.com/?add_feed="),
    ("NewsBlur", "https://www.newsblur.com/?url="),
    ("Feedbin", "https://feedbin.com/?subscribe="),
    ("The Old Reader", "https://theoldreader.com/feeds/subscribe?url="),
)
"""Readers on the web, and the beginning of the address at which they add a feed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontPage:
    """What the home page shows, each story once."""

    lead: FeedItem | None = None
    second: Sequence[FeedItem] = ()
    """Next to the lead."""
    latest: Sequence[FeedItem] = ()
    sections: Sequence[tuple[Topic, Sequence[FeedItem]]] = ()
    """Topics with their newest stories."""

    @property
    def pictured(self) -> Sequence[FeedItem]:
        """The stories that are shown with a picture."""
        return [self.lead] if self.lead else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """Where a page is among the pages of a list.

    `number` is 0 for the newest stories, else that of an older page, counted from the oldest.
    `path` is its own, `older` and `newer` are those of its neighbours, empty if there is none.
    """

    path: str
    number: int = 0
    older: str = ""
    newer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """An outlet, as its page presents it: its topics, those first of which it has most stories."""

    source: Source
    topics: Sequence[Topic]


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What was searched for: the query, the ids of a topic and an outlet, and days as in the form;
    whether there may be more results, and a query that may have been meant."""

    query: str = ""
    topic: str = ""
    outlet: str = ""
    first_day: str = ""
    last_day: str = ""
    is_limited: bool = False
    is_older: bool = False
    """True for the results after the first ones."""
    suggestion: str = ""
    suggestion_query: str = ""
    """The query string that searches for it, within the same filters."""

    @property
    def is_filtered(self) -> bool:
        """True if not everything was searched."""
        return any((self.topic, self.outlet, self.first_day, self.last_day))


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """Number of stories that a list got in the last seven days, and by outlet, most first."""

    stories: int
    outlets: Sequence[tuple[Source, int]]


class PageRenderer:
    """Renders the pages of a site. `topics` are in every page."""

    def __init__(
        self,
        site: Site,
        topics: Sequence[Topic],
        theme: Theme = DEFAULT_THEME,
        on_theme_error: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._site = site
        self._topics = topics
        self._urls = PublicUrls(site.url)
        self._root = urlsplit(site.url).path
        self.interface = Interface(site.language, site.timezone)
        self._on_theme_error = on_theme_error
        self._built_in = template_environment(self.interface, {})
        self._themed = (
            template_environment(self.interface, theme.templates) if theme.templates else None
        )
        for environment in filter(None, (self._built_in, self._themed)):
            environment.globals.update(self._globals(theme))

    def _globals(self, theme: Theme) -> dict[str, Any]:
        """What every template has."""
        site, topics = self._site, self._topics
        return {
            "logo": LOGO_PATHS.get(theme.logo_type, ""),
            "site": site,
            "topics": topics,
            "urls": self._urls,
            "root": self._root,
            "origin": site.url.removesuffix(self._root),
            "formats": list(FORMATS.values()),
            "primary_format": PRIMARY_FORMAT,
            "interface": self.interface,
            "direction_of": direction,
            "marked": lambda text, _field: text,
            "image_origins": (),
        }

    # ---- lists

    def home(self, front: FrontPage, notices: Sequence[Notice] = ()) -> bytes:
        """The home page."""
        shown = [*([front.lead] if front.lead else []), *front.second, *front.latest]
        year = max((self.interface.local(each.story.published).year for each in shown), default=0)
        return self.render(
            "home.html",
            here="/",
            metadata=site_metadata(self._site),
            front=front,
            year=year,
            notices=notices,
            image_origins=_image_origins(front.pictured),
        )

    def list(
        self,
        feed: Feed,
        paging: Paging,
        *,
        week: Week | None = None,
        notices: Sequence[Notice] = (),
        pinned: Collection[str] = (),
        outlet: Outlet | None = None,
    ) -> bytes:
        """A page of a list; `pinned` are the ids of the stories that are pinned to it, `outlet` is
        the one that it is about."""
        items = feed_items(feed)
        return self.render(
            "list.html",
            here=feed.path,
            metadata=list_metadata(feed, paging.path, items, self._site),
            feed=feed,
            items=items,
            paging=paging,
            week=week,
            notices=notices,
            pinned=pinned,
            outlet=outlet,
            image_origins=_image_origins(items),
        )

    def feed(self, feed: Feed, format_: FeedFormat) -> bytes:
        """The page for people who open a feed in a browser: how to subscribe, and the stories."""
        return self.render("feed.html", feed=feed, items=feed_items(feed), format=format_)

    def search(
        self,
        feed: Feed,
        search: Search,
        find: Callable[[str, str], Sequence[tuple[int, int]]] = lambda _text, _field: (),
        *,
        sources: Sequence[Source] = (),
        error: str = "",
    ) -> bytes:
        """The search page with the results of a query, or with what is wrong with the query. `find`
        returns where words of the query are in a text that is a field of an entry; `sources` are
        those that can be chosen."""

        def marked(text: str, field: str) -> Markup:
            return _marked(text, find(text, field))

        items = feed_items(feed)
        return self.render(
            "search.html",
            here="/search",
            feed=feed,
            items=items,
            image_origins=_image_origins(items),
            search=search,
            query=search.query,
            sources=sources,
            error=error,
            marked=marked,
        )

    def widget(self, feed: Feed, theme: str, options: WidgetOptions) -> bytes:
        """The headlines of a topic, as a page for a frame on another site."""
        items = feed_items(feed)
        return self.render(
            "frame.html",
            feed=feed,
            items=items,
            theme=theme,
            options=options,
        )

    # ---- stories

    def story(
        self,
        feed: Feed,
        related: Feed,
        reasons: Sequence[TopicReason],
        notices: Sequence[Notice] = (),
    ) -> bytes:
        """The page of a story. `feed` has that story alone, `related` others about the same event;
        `reasons` are its topics, and why."""
        (item,) = feed_items(feed)
        text = self._text(item, feed)
        picture = None if text.pictures else item.picture
        return self.render(
            "story.html",
            metadata=story_metadata(item, self._site),
            item=item,
            content=_markup(text),
            picture=picture,
            image_origins=[*text.image_origins, *(picture.image_origins if picture else ())],
            share=_share_links(item.story.title, self._urls.story(item.story.id)),
            related=feed_items(related),
            reasons=reasons,
            notices=notices,
        )

    def moved_story(self, path: str) -> bytes:
        """The page at the former path of a story that was merged into another one."""
        return self.render("moved.html", path=path)

    def _text(self, item: FeedItem, feed: Feed) -> PageText:
        """The text of a story, with the pictures that its outlet permits."""
        word = escape(self.interface.gettext("Picture"))
        if item.lead.language and not self.interface.is_own(item.lead.language):
            word = Markup('<span lang="{}">{}</span>').format(self.interface.language, word)
        return page_text(
            item.content,
            item.text_from,
            feed.thumbnails,
            counter=item.counter,
            root=self._root,
            word=word,
        )

    # ---- the site

    def sources(self, sources: Sequence[Source]) -> bytes:
        """The page with these outlets."""
        return self.render("sources.html", here="/sources", sources=sources)

    def subscribe(self) -> bytes:
        """The page that explains feeds and lists all of them."""
        address = quote(self._urls.feed("/all", PRIMARY_FORMAT.extension), safe="")
        readers = [(name, f"{start}{address}") for name, start in READERS]
        return self.render("subscribe.html", here="/subscribe", readers=readers)

    def about(self, sources: Sequence[Source]) -> bytes:
        """The page about the site: its partners and their licences, contact and takedowns."""
        return self.render("about.html", here="/about", sources=sources)

    def embedding(self, sources: Sequence[Source]) -> bytes:
        """The page where partner sites choose a widget and copy its code; `sources` are those that
        they can leave out."""
        return self.render("embedding.html", here="/embed", sources=sources)

    # ---- elsewhere

    def redirect(self, path: str) -> bytes:
        """The page at a former or usual address, for browsers that follow no redirect."""
        return self.render("redirect.html", path=path)

    def gone(self, kind: str) -> bytes:
        """The page for a "story" that was taken down, a "topic" that was removed, or an "archive"
        that is too old."""
        return self.render("gone.html", kind=kind)

    def bad_request(self, error: str) -> bytes:
        """The page for an invalid request, with what is wrong with it."""
        return self.render("bad_request.html", error=error)

    def not_found(self, words: str = "") -> bytes:
        """The page for an unknown path; it suggests topics named like the words of the path."""
        by_name = {topic.title.lower(): topic for topic in self._topics}
        by_name |= {topic.id.replace("-", " "): topic for topic in self._topics}
        close = difflib.get_close_matches(words, by_name, n=3)
        suggestions = list(dict.fromkeys(by_name[name] for name in close))
        return self.render("not_found.html", suggestions=suggestions)

    def render(self, template: str, *, here: str = "", **values: object) -> bytes:
        """A page; `here` is the path of the link in the navigation that leads to it."""
        given = {"metadata": None, "here": here, **values}
        if self._themed:
            try:
                return self._themed.get_template(template).render(given).encode()
            except Exception as error:  # whatever an operator's template does
                self._on_theme_error(theme_error(template, error))
        return self._built_in.get_template(template).render(given).encode()


def _markup(text: PageText) -> Markup:
    """The content as markup that is not escaped; only SafeHtml may be."""
    content: SafeHtml = text.html
    return Markup(content)  # noqa: S704 - only ingest/clean makes SafeHtml, and page_text keeps it so


def _image_origins(items: Iterable[FeedItem]) -> Sequence[str]:
    """The origins, other than ours, that browsers load the pictures of these stories from."""
    found = (origin for item in items if item.picture for origin in item.picture.image_origins)
    return sorted(set(found))


def _share_links(title: str, url: str) -> dict[str, str]:
    """Links that share a page, without a script of anybody."""
    text = quote(f"{title} {url}", safe="")
    return {
        "mail": f"mailto:?subject={quote(title, safe='')}&body={quote(url, safe='')}",
        "mastodon": f"https://tootpick.org/#text={text}",
    }


def _marked(text: str, spans: Iterable[tuple[int, int]]) -> Markup:
    """A text with marks."""
    parts, end = [Markup()], 0
    for start, stop in spans:
        parts += [escape(text[end:start]), Markup("<mark>{}</mark>").format(text[start:stop])]
        end = stop
    return Markup().join([*parts, escape(text[end:])])
