"""An article that an operator has found on the web, published as if a feed had brought it.

    PostedArticle -> a JSON Feed of one item -> the whole pipeline -> its story, put into topics

So it is cleaned, recognised as a copy of what other outlets have, and credited like any other. An
outlet that is not listed is stored as a source without a feed.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from aggregator.app import open_runtime
from aggregator.config import Config
from aggregator.config.ids import new_id
from aggregator.errors import CommandError, UnknownName
from aggregator.ingest.categorize.recategorize import apply_override
from aggregator.ingest.context import Job
from aggregator.ingest.ingest_lock import acquire_ingest_lock
from aggregator.ingest.pipeline import ingest_document
from aggregator.ingest.workers import Workers
from aggregator.model import Failed, Fetched, Source, Story, Validators
from aggregator.startup import known_sources, sync_config
from aggregator.store.base import Store
from aggregator.text.canonical import canonical_url
from aggregator.text.urls import web_url

__all__ = ["PostedArticle", "post_article"]

MAX_TITLE_CHARS = 300
MAX_SUMMARY_CHARS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedArticle:
    """What an operator says of an article. `outlet` is empty for the listed outlet of that site, or
    the name of its host; without a date, it was published now."""

    url: str
    title: str
    topics: Sequence[str] = ()
    outlet: str = ""
    summary: str = ""
    author: str = ""
    published: datetime | None = None


async def post_article(
    config: Config,
    store: Store,
    workers: Workers,
    article: PostedArticle,
    now: datetime,
    lock_timeout: float,
) -> tuple[Story, bool]:
    """Publish an article; returns its story, and whether it is new here.

    Raises CommandError with what is wrong with it, UnknownName for a topic, and StoreBusy after
    `lock_timeout` seconds.
    """
    url = web_url(article.url)
    _check(config, article, url)
    with await acquire_ingest_lock(store, lock_timeout):
        sync_config(config, store, now)
        known = _published_story(store, url)
        if known is None:
            await _ingest(config, store, workers, replace(article, url=url), now)
        story = known or _published_story(store, url)
        if story is None:
            raise CommandError(_why_not(store, url))
        _put_into(config, store, story, article.topics, now)
    return store.stories.get(story.id) or story, known is None


def _check(config: Config, article: PostedArticle, url: str) -> None:
    if not url:
        raise CommandError(f"{article.url!r} is not the address of a web page.")
    if f"{url}/".startswith(f"{config.site.url}/"):
        raise CommandError("This is a page of this site; post the page of the outlet.")
    if not article.title.strip():
        raise CommandError("An article needs a headline.")
    for name, text, limit in (
        ("headline", article.title, MAX_TITLE_CHARS),
        ("summary", article.summary, MAX_SUMMARY_CHARS),
    ):  # fmt: skip
        if len(text) > limit:
            raise CommandError(
                f"The {name} has {len(text):,} characters; at most {limit:,} are allowed."
            )
    topics = [topic.id for topic in config.topics]
    for topic in article.topics:
        if topic not in topics:
            raise UnknownName("topic", topic, topics)


def _published_story(store: Store, url: str) -> Story | None:
    canonical = canonical_url(url)
    entries = store.entries.ids_by_url({canonical}).get(canonical, [])
    stories = store.entries.stories(entries)
    published = (store.stories.get(stories[id_].id) for id_ in entries if id_ in stories)
    return next(filter(None, published), None)


def _why_not(store: Store, url: str) -> str:
    canonical = canonical_url(url)
    entries = store.entries.ids_by_url({canonical}).get(canonical, [])
    stories = store.entries.stories(entries)
    if any(store.stories.is_taken_down(story.id) for story in stories.values()):
        return (
            "This article was taken down here; publish it again under Stories at the desk, or with "
            "`aggregator unhide`."
        )
    return "This article is known here, but not published: it is held, was dropped, or is too old."


async def _ingest(
    config: Config, store: Store, workers: Workers, article: PostedArticle, now: datetime
) -> None:
    source, is_new = _source(config, store, article)
    if is_new:
        store.sources.sync([source], now)
    document = Fetched(
        url=source.feed,
        status=200,
        content_type="application/feed+json",
        body=_document(article, now),
        validators=Validators(),
    )
    before = store.sources.fetch_state(source.id)
    before = replace(before, last_success=before.last_success or now)  # so it is listed as new
    async with open_runtime(config, store, workers) as runtime:
        job = Job(source, before, document, is_posted=True)
        report = await ingest_document(runtime.ingest_context(now), job)
    if report.counts.rejected:
        (rejected,) = store.sources.rejected(source.id, 1)
        raise CommandError(f"The article cannot be published: {rejected.reason}.")
    if isinstance(report, Failed):
        raise CommandError(report.error)


def _source(config: Config, store: Store, article: PostedArticle) -> tuple[Source, bool]:
    """The source of the article's host, and whether it is new.

    One host may have many outlets, such as blogs: without a name, only a listed source that is
    alone on it is meant. What an operator posts is neither held nor filtered.
    """
    known, host = known_sources(config, store), _host(article.url)
    name = article.outlet.strip() or host
    same = [each for each in known.values() if _host(each.site) == host]
    named = [each for each in same if each.name.casefold() == name.casefold()]
    listed = [each for each in config.all_sources if _host(each.site) == host]
    if not article.outlet.strip() and len(listed) == 1:
        named = listed
    if named:
        return replace(named[0], approve=False, include="", exclude=""), False
    parts = urlsplit(article.url)
    site = f"{parts.scheme}://{parts.netloc}/"
    id_ = new_id(name, known, url=site)
    return Source(id=id_, name=name, feed=site, public_feed=site, site=site), True


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")


def _document(article: PostedArticle, now: datetime) -> bytes:
    item: Mapping[str, object] = {
        "id": article.url,
        "url": article.url,
        "title": article.title,
        "summary": article.summary,
        "content_text": article.summary or article.title,
        "date_published": (article.published or now).isoformat(),
        "authors": [{"name": article.author}] if article.author else [],
    }
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": article.outlet, "items": [item]}
    return json.dumps(feed, ensure_ascii=False).encode()


def _put_into(
    config: Config, store: Store, story: Story, topics: Sequence[str], now: datetime
) -> None:
    sources = known_sources(config, store)
    for topic in (topic for topic in config.topics if topic.id in topics):
        stored = store.topics.placements_of(story.lead.entry_id, [topic.id])
        if stored is not None:
            overrides, changes = apply_override(stored, topic, True, sources, now)
            store.topics.recategorize(changes, overrides, now)
