"""The state of a source after a fetch, by how the fetch ended."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from aggregator.ingest.schedule import (
    address_to_ask,
    after_peace,
    covered,
    moved,
    next_fetch,
    rhythm,
)
from aggregator.model import (
    Failed,
    Fetched,
    FetchState,
    Hold,
    Move,
    Overview,
    Push,
    Source,
    Unchanged,
    Validators,
)

__all__ = ["after_delivery", "after_failure", "after_good", "after_hold"]

GONE = 410


def after_good(
    source: Source,
    before: FetchState,
    outcome: Fetched | Unchanged,
    feed: Overview | None,
    dates: Sequence[datetime],
    now: datetime,
    *,
    is_pushed: bool,
) -> FetchState:
    """After a readable feed, or the word that it has not changed; `feed` is None then.

    A feed that came broken is asked for in full again (robot.villas#132).
    """
    is_broken = feed is not None and feed.is_broken
    asked = address_to_ask(source, before, now)
    after = FetchState(
        validators=Validators() if is_broken else outcome.validators,
        interval=rhythm(dates, source, now),
        last_success=now,
        last_full=now if outcome.status == 200 else before.last_full,
        pace=replace(feed.pace, covers=covered(feed)) if feed else before.pace,
        move=_moved(source, before, asked, outcome.moved_to, now),
        push=_announced(outcome, feed) if feed else before.push,
    )
    when = next_fetch(source, after, now, fresh=outcome.fresh, is_pushed=is_pushed)
    return replace(after, next_fetch=when)


def _announced(outcome: Fetched | Unchanged, feed: Overview) -> Push:
    """What the headers say of the hub goes before what the feed says (WebSub 4)."""
    said = outcome.push if isinstance(outcome, Fetched) else Push()
    return Push(hub=said.hub or feed.push.hub, topic=said.topic or feed.push.topic)


def _moved(source: Source, before: FetchState, asked: str, to: str, now: datetime) -> Move:
    if asked != source.feed and not to:
        return before.move
    return moved(before.move, to, now)


def after_delivery(
    source: Source, before: FetchState, dates: Sequence[datetime], now: datetime
) -> FetchState:
    """After the hub has brought something: the source lives, and what we know of its own
    server, validators too, is as it was."""
    interval = rhythm(dates, source, now)
    after = replace(before, interval=interval, last_success=now, failures=0, failing_since=None)
    return replace(after, next_fetch=next_fetch(source, after, now, is_pushed=True))


def after_failure(source: Source, before: FetchState, failed: Failed, now: datetime) -> FetchState:
    """After a failure. A move that was half believed is forgotten, and so is a new address
    that fails; the listed one is asked next.

    A feed that is gone for good (410) retires its source until an operator says otherwise.
    """
    is_listed = address_to_ask(source, before, now) == source.feed
    after = replace(
        before,
        failures=before.failures + 1,
        failing_since=before.failing_since or now,
        move=Move(),
        retired=before.retired or (now if failed.status == GONE and is_listed else None),
    )
    return replace(after, next_fetch=next_fetch(source, after, now, failed=failed))


def after_hold(source: Source, before: FetchState, hold: Hold, now: datetime) -> FetchState:
    """After not asking, because another source's server has asked to be left alone."""
    return replace(before, next_fetch=after_peace(source, hold.until, now))
