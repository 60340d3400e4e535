"""The fetch state of a source after a fetch, by how the fetch ended."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus

from aggregator.ingest.schedule import (
    count_redirect,
    covered_seconds,
    feed_url_to_fetch,
    next_fetch,
    next_fetch_after_backoff,
    polling_interval,
)
from aggregator.model import (
    MAX_SENTENCE_CHARS,
    Backoff,
    Failed,
    FeedMeta,
    Fetched,
    FetchState,
    HubLink,
    PermanentRedirect,
    Source,
    Unchanged,
    Validators,
)
from aggregator.text.html import one_line

__all__ = [
    "after_backoff", "after_document", "after_failure", "after_unchanged",
]  # fmt: skip


def after_document(
    source: Source,
    before: FetchState,
    document: Fetched,
    meta: FeedMeta,
    dates: Sequence[datetime],
    now: datetime,
    *,
    is_pushed: bool = False,
    is_delivery: bool = False,
) -> FetchState:
    """The state after a readable document, fetched or delivered by a hub; `dates` are those of the
    source's newest entries."""
    if is_delivery:
        return _after_delivery(source, before, dates, now)
    # a broken feed is requested in full again (robot.villas#132)
    validators = Validators() if meta.is_broken else document.validators
    hub_link = HubLink(  # headers take precedence over the document (WebSub 4)
        hub=document.hub_link.hub or meta.hub_link.hub,
        topic=document.hub_link.topic or meta.hub_link.topic,
    )
    state = replace(
        _after_answer(source, before, document, dates, now),
        validators=validators,
        last_full_fetch=now,
        polling_hints=replace(meta.polling_hints, covered_seconds=covered_seconds(meta)),
        hub_link=hub_link,
        note=one_line(meta.problem, MAX_SENTENCE_CHARS),
        noted_since=(before.noted_since or now) if meta.problem else None,
    )
    return _scheduled(source, state, document, now, is_pushed=is_pushed)


def after_unchanged(
    source: Source,
    before: FetchState,
    result: Unchanged,
    dates: Sequence[datetime],
    now: datetime,
    *,
    is_pushed: bool,
) -> FetchState:
    """The state after a response that the feed has not changed."""
    state = replace(
        _after_answer(source, before, result, dates, now),
        validators=result.validators,
        last_full_fetch=now if result.status == 200 else before.last_full_fetch,
        polling_hints=before.polling_hints,
        hub_link=before.hub_link,
        note=before.note,
        noted_since=before.noted_since,
    )
    return _scheduled(source, state, result, now, is_pushed=is_pushed)


def _after_answer(
    source: Source,
    before: FetchState,
    result: Fetched | Unchanged,
    dates: Sequence[datetime],
    now: datetime,
) -> FetchState:
    return FetchState(
        interval=polling_interval(dates, source, now),
        last_success=now,
        redirect=_redirect_after(source, before, result.redirected_to, now),
    )


def _scheduled(
    source: Source,
    state: FetchState,
    result: Fetched | Unchanged,
    now: datetime,
    *,
    is_pushed: bool,
) -> FetchState:
    time = next_fetch(source, state, now, fresh_seconds=result.fresh_seconds, is_pushed=is_pushed)
    return replace(state, next_fetch=time)


def _redirect_after(
    source: Source, before: FetchState, url: str, now: datetime
) -> PermanentRedirect:
    if feed_url_to_fetch(source, before, now) != source.feed and not url:
        return before.redirect
    return count_redirect(before.redirect, url, now)


def _after_delivery(
    source: Source, before: FetchState, dates: Sequence[datetime], now: datetime
) -> FetchState:
    """The state after a delivery by a hub; validators and redirect of its own server stay."""
    interval = polling_interval(dates, source, now)
    state = replace(before, interval=interval, last_success=now, failures=0, failing_since=None)
    return replace(state, next_fetch=next_fetch(source, state, now, is_pushed=True))


def after_failure(source: Source, before: FetchState, failed: Failed, now: datetime) -> FetchState:
    """The state after a failure.

    A redirect that was not confirmed yet is forgotten, and so is a confirmed one whose target
    fails; the listed URL is fetched next. A feed that is gone for good (410) retires its source
    until an operator fetches it again.
    """
    is_listed_url = feed_url_to_fetch(source, before, now) == source.feed
    is_gone = failed.status == HTTPStatus.GONE and is_listed_url
    state = replace(
        before,
        failures=before.failures + 1,
        failing_since=before.failing_since or now,
        redirect=PermanentRedirect(),
        retired_at=before.retired_at or (now if is_gone else None),
    )
    return replace(state, next_fetch=next_fetch(source, state, now, failed=failed))


def after_backoff(
    source: Source, before: FetchState, backoff: Backoff, now: datetime
) -> FetchState:
    """The state after a fetch that did not happen, because the server has asked for a pause."""
    return replace(before, next_fetch=next_fetch_after_backoff(source, backoff.until, now))
