"""Builders of files: stylesheets, scripts, icons, sitemaps, lists for programs."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

from aggregator.config import Config
from aggregator.images.card import Card, draw_card
from aggregator.model import ALL, Source, ThumbnailSize, source_scope, topic_scope
from aggregator.render.directory import removed_json, sources_json, topics_json
from aggregator.render.opml import sources_opml, topics_opml
from aggregator.render.public_urls import PublicUrls
from aggregator.render.sitemap import (
    MAX_NEWS,
    NEWS_TIME,
    news_sitemap,
    pages_sitemap,
    sitemap_index,
)
from aggregator.render.static_files import static_file
from aggregator.render.stylesheet import favicon_svg, readable_accent, stylesheet, widget_accent
from aggregator.render.web_manifest import web_manifest
from aggregator.site.document import SCRIPT_MEDIA_TYPE, Document
from aggregator.site.feeds import FeedCatalog, FeedSpec
from aggregator.site.params import FeedParams
from aggregator.store.base import Store

__all__ = ["FileBuilder"]

MAX_REMOVED = 1000
"""Ids in one document of those that were taken down."""
JSON_MEDIA_TYPE = "application/json"
OPML_MEDIA_TYPE = "text/x-opml; charset=utf-8"
CSS_MEDIA_TYPE = "text/css; charset=utf-8"
ROBOTS_TXT = "User-agent: *\nAllow: /\nDisallow: {root}/search\nDisallow: {root}/embed/\n"
SITEMAP_PATH = "/sitemap.xml"
PAGES_SITEMAP_PATH = "/sitemap-pages.xml"
NEWS_SITEMAP_PATH = "/sitemap-news.xml"


class FileBuilder:
    """Builds files from feeds.toml and the store."""

    def __init__(self, config: Config, store: Store, catalog: FeedCatalog) -> None:
        self._config = config
        self._site = config.site
        self._topics = config.topics
        self._store = store
        self._catalog = catalog

    def topics_opml(self) -> Document:
        """The feeds of all topics, as OPML."""
        return Document(body=topics_opml(self._topics, self._site), media_type=OPML_MEDIA_TYPE)

    def sources_opml(self) -> Document:
        """The public feeds of the outlets, as OPML."""
        body = sources_opml(self._config.all_sources, self._site)
        return Document(body=body, media_type=OPML_MEDIA_TYPE)

    def topics_json(self) -> Document:
        """All topics with their pages and feeds, for scripts."""
        return Document(body=topics_json(self._topics, self._site), media_type=JSON_MEDIA_TYPE)

    def sources_json(self) -> Document:
        """All outlets with their pages and feeds, for scripts."""
        body = sources_json(self._config.all_sources, self._site)
        return Document(body=body, media_type=JSON_MEDIA_TYPE)

    def removed_json(self, params: FeedParams) -> Document:
        """The ids of stories that were taken down, for scripts."""
        found = self._store.lists.tombstones_since(params.since, MAX_REMOVED + 1)
        shown, following = found, ""
        if len(found) > MAX_REMOVED:  # those of one time stay together, since the next begin after
            shown = [each for each in found if each.removed_at < found[-1].removed_at] or found
            following = replace(params, since=shown[-1].removed_at).query_string
        body = removed_json(shown, self._site, params.query_string, following)
        return Document(body=body, media_type=JSON_MEDIA_TYPE)

    def style_css(self) -> Document:
        """The stylesheet of the site."""
        body = stylesheet(self._site, self._config.theme)
        return Document(body=body, media_type=CSS_MEDIA_TYPE)

    def site_js(self) -> Document:
        """The script of the pages, which adds comfort and which nothing needs."""
        return Document(body=static_file("site.js"), media_type=SCRIPT_MEDIA_TYPE)

    def font(self) -> Document:
        """The typeface of the site."""
        body = static_file("newsreader.woff2")
        return Document(body=body, media_type="font/woff2", is_immutable=True)

    def embed_css(self, params: FeedParams) -> Document:
        """The stylesheet of the widget's frame."""
        accent = widget_accent(params.options.accent).encode()
        body = static_file("widget.css") + static_file("embed.css") + accent
        return Document(body=body, media_type=CSS_MEDIA_TYPE)

    def embedding_js(self) -> Document:
        """The script of the page where a partner chooses what to embed."""
        return Document(body=static_file("embedding.js"), media_type=SCRIPT_MEDIA_TYPE)

    def favicon(self) -> Document:
        """The icon of the site."""
        return Document(body=favicon_svg(self._site), media_type="image/svg+xml")

    def touch_icon(self) -> Document:
        """The icon of the site on a home screen."""
        return Document(body=static_file("apple-touch-icon.png"), media_type="image/png")

    def logo(self, media_type: str) -> Document | None:
        """The picture in the head of pages, if it is of this type."""
        theme = self._config.theme
        if theme.logo_type != media_type:
            return None
        return Document(body=theme.logo, media_type=media_type)

    def picture(self, key: str, size: ThumbnailSize) -> Document | None:
        """A thumbnail of a picture of a published story, as long as its outlet permits that."""
        permitting = [each.id for each in self._sources() if each.images == "own"]
        if not self._store.pictures.is_used(key, permitting):
            return None
        body = self._store.pictures.file(key, size)
        return Document(body=body, media_type="image/webp") if body else None

    def _sources(self) -> Iterable[Source]:
        """The sources of feeds.toml, and those that were in it."""
        stored = self._store.sources.by_id()
        return {**stored, **{each.id: each for each in self._config.all_sources}}.values()

    def home_card(self) -> Document:
        """The card of the home page."""
        site = self._site
        return self._card("", site.description or site.title)

    def list_card(self, spec: FeedSpec) -> Document:
        """The card of a list."""
        return self._card(self._site.description, spec.title)

    def story_card(self, id_: str) -> Document | None:
        """The card of a published story."""
        story = self._store.stories.get(id_)
        if story is None:
            return None
        source = self._catalog.source(story.lead.source)
        return self._card(source.name if source else "", story.title)

    def _card(self, above: str, headline: str) -> Document:
        body = draw_card(
            Card(
                above=above,
                headline=headline,
                site=self._site.title,
                accent=readable_accent(self._site),
            )
        )
        return Document(body=body, media_type="image/png")

    def manifest(self) -> Document:
        """What a phone needs to put the site on its home screen (W3C Web Application Manifest)."""
        return Document(body=web_manifest(self._site), media_type="application/manifest+json")

    def robots_txt(self) -> Document:
        """The rules for crawlers."""
        sitemap = PublicUrls(self._site.url).page(SITEMAP_PATH)
        root = urlsplit(self._site.url).path
        body = f"{ROBOTS_TXT.format(root=root)}\nSitemap: {sitemap}\n"
        return Document(body=body.encode(), media_type="text/plain; charset=utf-8")

    def sitemap(self) -> Document:
        """The index of the sitemaps."""
        return _xml_document(sitemap_index((PAGES_SITEMAP_PATH, NEWS_SITEMAP_PATH), self._site))

    def pages_sitemap(self) -> Document:
        """The pages of all lists, with the time of the last story, and what there is besides."""
        scopes = [ALL, *(topic_scope(topic.id) for topic in self._topics)]
        scopes += [source_scope(source.id) for source in self._config.all_sources]
        pages: list[tuple[str, datetime | None]] = [("/", None)]
        pages += [
            (self._catalog.list_path(scope), self._store.lists.revision(scope).changed_at)
            for scope in self._store.lists.nonempty(scopes)
        ]
        pages += [(path, None) for path in ("/sources", "/subscribe", "/about", "/embed")]
        return _xml_document(pages_sitemap(pages, self._site))

    def news_sitemap(self) -> Document:
        """The stories of the last two days."""
        time = self._store.calendar.time()
        stories = [
            story
            for story in self._store.lists.latest(ALL, MAX_NEWS, with_content=False)
            if time and story.published >= time - NEWS_TIME
        ]
        return _xml_document(news_sitemap(stories, self._site))


def _xml_document(body: bytes) -> Document:
    return Document(body=body, media_type="application/xml; charset=utf-8")
