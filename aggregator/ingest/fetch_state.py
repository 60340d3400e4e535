"""The state of a source after a fetch, by how the fetch ended."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from aggregator.ingest.schedule import (
    count_redirect,
    covered_seconds,
    feed_url_to_fetch,
    next_fetch,
    next_fetch_after_backoff,
    polling_interval,
)
from aggregator.model import (
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

__all__ = ["after_backoff", "after_delivery", "after_failure", "after_success"]

STATUS_GONE = 410


def after_success(
    source: Source,
    before: FetchState,
    outcome: Fetched | Unchanged,
    feed: FeedMeta | None,
    dates: Sequence[datetime],
    now: datetime,
    *,
    is_pushed: bool,
) -> FetchState:
    """After a readable feed, or the word that it has not changed; `feed` is None then.

    A feed that came broken is asked for in full again (robot.villas#132).
    """
    is_broken = feed is not None and feed.is_broken
    asked = feed_url_to_fetch(source, before, now)
    after = FetchState(
        validators=Validators() if is_broken else outcome.validators,
        interval=polling_interval(dates, source, now),
        last_success=now,
        last_full_fetch=now if outcome.status == 200 else before.last_full_fetch,
        polling_hints=replace(feed.polling_hints, covered_seconds=covered_seconds(feed))
        if feed
        else before.polling_hints,
        redirect=_redirect_after(source, before, asked, outcome.redirected_to, now),
        hub_link=_hub_link(outcome, feed) if feed else before.hub_link,
    )
    when = next_fetch(source, after, now, fresh=outcome.fresh_seconds, is_pushed=is_pushed)
    return replace(after, next_fetch=when)


def _hub_link(outcome: Fetched | Unchanged, feed: FeedMeta) -> HubLink:
    """What the headers say of the hub goes before what the feed says (WebSub 4)."""
    said = outcome.hub_link if isinstance(outcome, Fetched) else HubLink()
    return HubLink(hub=said.hub or feed.hub_link.hub, topic=said.topic or feed.hub_link.topic)


def _redirect_after(
    source: Source, before: FetchState, asked: str, to: str, now: datetime
) -> PermanentRedirect:
    if asked != source.feed and not to:
        return before.redirect
    return count_redirect(before.redirect, to, now)


def after_delivery(
    source: Source, before: FetchState, dates: Sequence[datetime], now: datetime
) -> FetchState:
    """After the hub has brought something: the source lives, and what we know of its own
    server, validators too, is as it was."""
    interval = polling_interval(dates, source, now)
    after = replace(before, interval=interval, last_success=now, failures=0, failing_since=None)
    return replace(after, next_fetch=next_fetch(source, after, now, is_pushed=True))


def after_failure(source: Source, before: FetchState, failed: Failed, now: datetime) -> FetchState:
    """After a failure. A move that was half believed is forgotten, and so is a new address
    that fails; the listed one is asked next.

    A feed that is gone for good (410) retires its source until an operator says otherwise.
    """
    is_listed = feed_url_to_fetch(source, before, now) == source.feed
    after = replace(
        before,
        failures=before.failures + 1,
        failing_since=before.failing_since or now,
        redirect=PermanentRedirect(),
        retired_at=before.retired_at
        or (now if failed.status == STATUS_GONE and is_listed else None),
    )
    return replace(after, next_fetch=next_fetch(source, after, now, failed=failed))


def after_backoff(source: Source, before: FetchState, hold: Backoff, now: datetime) -> FetchState:
    """After not asking, because another source's server has asked to be left alone."""
    return replace(before, next_fetch=next_fetch_after_backoff(source, hold.until, now))
