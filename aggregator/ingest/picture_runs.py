"""Copies of the pictures of articles: fetched once, made in a worker, kept in the store.

    due, one per host | fetch | make thumbnails | save what became of each

Articles never wait for their pictures, which are fetched after the articles are saved.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import urlsplit

import structlog

from aggregator.errors import StoreBusy
from aggregator.images.wanted_pictures import wanted_pictures
from aggregator.ingest.fetch.client import Fetcher
from aggregator.ingest.workers import Workers
from aggregator.model import (
    MAX_SENTENCE_CHARS,
    Backoff,
    Failed,
    FailureKind,
    PictureResult,
    Source,
    WantedPicture,
)
from aggregator.store.base import Store
from aggregator.text.html import one_line

__all__ = ["PictureContext", "apply_permissions", "fetch_pictures", "with_own_pictures"]

MAX_PICTURE_BYTES = 10_000_000
MAX_CONCURRENT = 8
"""Pictures that are fetched at a time, each from another host."""
MAX_DUE = 500
"""Due pictures considered at a time, to find several hosts."""
RETRIES = (timedelta(hours=1), timedelta(days=1))
"""Pauses before a picture is tried again, if the error may be temporary."""
MAX_STORED_ENTRIES = 50
"""Newest stored entries whose pictures are fetched when a source starts to permit thumbnails."""
_MAY_BE_TEMPORARY = {FailureKind.DNS, FailureKind.CONNECT, FailureKind.TLS, FailureKind.TIMEOUT}
_MAY_BE_TEMPORARY |= {FailureKind.PROXY}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureContext:
    """What fetching pictures takes; `max_bytes` is the room for all thumbnails."""

    store: Store
    fetcher: Fetcher
    workers: Workers
    sources: Mapping[str, Source]
    """Those that permit thumbnails, by id."""
    max_bytes: int


def with_own_pictures(sources: Iterable[Source]) -> dict[str, Source]:
    """The sources of whose pictures we may serve thumbnails, by id."""
    return {source.id: source for source in sources if source.images == "own"}


def apply_permissions(store: Store, sources: Iterable[Source], now: datetime) -> None:
    """Request the pictures of stored entries of sources that permit thumbnails, and delete those of
    sources that no longer do."""
    permitting = with_own_pictures(sources)
    store.pictures.delete_all_but(permitting.keys(), now)
    for source in permitting.values():
        entries = store.pictures.newest_entries(source.id, MAX_STORED_ENTRIES)
        pictures = {entry.entry_id: wanted_pictures(entry, source) for entry in entries}
        if any(pictures.values()):
            store.pictures.add(pictures, now)


async def fetch_pictures(context: PictureContext, now: datetime) -> int:
    """Fetch due pictures, the newest of each host; returns how many, 0 while another process does
    it."""
    store = context.store
    with ExitStack() as stack:
        try:
            stack.enter_context(store.maintenance.lock("pictures"))
        except StoreBusy:
            return 0
        context.fetcher.backoffs.update(store.sources.backoffs(now))
        due = store.pictures.due(context.sources.keys(), now, MAX_DUE)
        chosen = _one_per_host(due)[:MAX_CONCURRENT]
        results = await asyncio.gather(*(_fetch(context, each, now) for each in chosen))
        if results:
            store.pictures.save(results, now)
            store.pictures.evict(context.max_bytes, now)
    return len(results)


def _one_per_host(due: Sequence[WantedPicture]) -> list[WantedPicture]:
    """The first picture of each host, so that a feed on it does not wait long."""
    by_host: dict[str, WantedPicture] = {}
    for picture in due:
        by_host.setdefault(urlsplit(picture.url).netloc, picture)
    return list(by_host.values())


async def _fetch(context: PictureContext, picture: WantedPicture, now: datetime) -> PictureResult:
    source = context.sources[picture.source]
    fetched = await context.fetcher.fetch_picture(source, picture.url, now, MAX_PICTURE_BYTES)
    if isinstance(fetched, Backoff):
        return PictureResult(url=picture.url, retry_at=fetched.until, is_attempt=False)
    if isinstance(fetched, Failed):
        return _failed_result(picture, fetched, now)
    files = await context.workers.make_thumbnails(fetched.body)
    if isinstance(files, Failed):
        return _failed_result(picture, files, now)
    return PictureResult(url=picture.url, files=files)


def _failed_result(picture: WantedPicture, failed: Failed, now: datetime) -> PictureResult:
    """The result of a picture that could not be fetched or read; it is tried again if the error
    may be temporary."""
    may_be_temporary = (
        failed.kind in _MAY_BE_TEMPORARY or failed.status == HTTPStatus.TOO_MANY_REQUESTS
    )
    may_be_temporary |= failed.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    may_be_temporary |= failed.backoff is not None
    sentence = f"Its server responded with {failed.status}." if failed.status else failed.error
    error = one_line(sentence, MAX_SENTENCE_CHARS)
    log.info("picture_failed", source=picture.source, url=picture.url, error=error)
    pauses = RETRIES[picture.attempts :] if may_be_temporary else ()
    retry_at = now + max(pauses[0], timedelta(seconds=failed.retry_after)) if pauses else None
    return PictureResult(url=picture.url, error=error, retry_at=retry_at, backoff=failed.backoff)
