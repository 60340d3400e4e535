"""When a source is asked again: by its own rhythm, later after errors, never not at all.

    dates of its articles --rhythm--> seconds --next_fetch(state, what was said)--> a time

What the outlet wishes (Cache-Control, ttl, sy:updatePeriod, skipHours) is respected within
the operator's bounds. Times are spread a little, by chance that comes from the source and
the time alone, so that sources do not all fire together and the same run gives the same.
"""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from aggregator.model import Failed, FeedMeta, FetchState, PermanentRedirect, Source

__all__ = [
    "count_redirect",
    "covered_seconds",
    "feed_url_to_fetch",
    "is_full_fetch_due",
    "is_redirect_confirmed",
    "next_fetch",
    "next_fetch_after_backoff",
    "polling_interval",
    "quiet_since",
]

MAX_BACKOFF_SECONDS = 24 * 60 * 60
"""Seconds. A dead feed is still asked once a day: some return (Media Cloud's notes)."""
MIN_MAX_BACKOFF_SECONDS = 4 * 60 * 60
"""Seconds. However short the file of a feed is, its broken server has so much peace."""
RHYTHM_EXPONENT = 0.6
MIN_COVERED_SECONDS = 30 * 60
"""Seconds. Less is no archive but one date on all entries."""
JITTER = 0.1
"""By how much a wait is stretched at most."""
MIN_FULL_FETCH_INTERVAL = timedelta(hours=1)
FULL_FETCH_INTERVAL = timedelta(hours=12)
"""Some servers say "nothing new" for ever (tt-rss, Media Cloud)."""
MAX_SKIP = timedelta(days=3)
PUSHED_INTERVAL_FACTOR = 4
"""How much longer a source is left alone whose hub tells us what is new."""
REDIRECT_CONFIRMED_AFTER = timedelta(days=1)
REDIRECT_CONFIRMED_HITS = 3
"""A permanent redirect may be a mistake of today (Vienna#1546: a maintenance page)."""
QUIET_AFTER = timedelta(days=2)
QUIET_FACTOR = 4


# ---- rhythm ------------------------------------------------------------------------


def polling_interval(dates: Sequence[datetime], source: Source, now: datetime) -> int:
    """Seconds between fetches that suit articles of these dates, within the source's bounds.

    The wait grows slower than the time between articles: a busy source is worth more requests
    than a rare one, but not in proportion. (The square root brings news soonest on average,
    0.6 sooner for most articles; benchmarks/week.py.) A silence counts, so an outlet that
    sleeps is asked less, and more again when it wakes.
    """
    if len(dates) < 2:
        return _bounded(2 * source.min_interval, source)
    gap = max(0.0, (now - min(dates)).total_seconds()) / len(dates)
    least = source.min_interval
    return _bounded(int(least * (gap / least) ** RHYTHM_EXPONENT), source)


def covered_seconds(feed: FeedMeta) -> int:
    """Seconds between the newest and the oldest entry of a file: whoever comes later than
    that has lost news. 0 if the dates do not tell."""
    if feed.newest is None or feed.oldest is None:
        return 0
    span = (feed.newest - feed.oldest).total_seconds()
    return int(span) if span >= MIN_COVERED_SECONDS else 0


def quiet_since(dates: Sequence[datetime], now: datetime) -> datetime | None:
    """The date of the last article of a source that is silent for far longer than it used to
    be; None if it is not. Quiet is not broken (NetNewsWire#1107, FreshRSS#3750)."""
    ordered = sorted(dates)
    pauses = [later - earlier for earlier, later in pairwise(ordered)]
    if not pauses:
        return None
    longest = max(QUIET_AFTER, QUIET_FACTOR * max(pauses))
    return ordered[-1] if now - ordered[-1] > longest else None


# ---- the next fetch ----------------------------------------------------------------


def next_fetch(
    source: Source,
    state: FetchState,
    now: datetime,
    *,
    failed: Failed | None = None,
    fresh: int = 0,
    is_pushed: bool = False,
) -> datetime:
    """The time of the next fetch, given the state after this one.

    `fresh` is for how many seconds the server calls its answer fresh; `is_pushed` is true if
    a hub delivers what is new meanwhile.
    """
    chance = _jitter_source(source, now)
    if failed is not None:
        longest = min(
            max(state.polling_hints.covered_seconds, MIN_MAX_BACKOFF_SECONDS), MAX_BACKOFF_SECONDS
        )
        longest = longest if state.polling_hints.covered_seconds else MAX_BACKOFF_SECONDS
        doubled = source.min_interval * 2 ** min(state.failures - 1, 10)
        wait = _spread(doubled, max(longest, source.min_interval), chance)
        return now + timedelta(seconds=round(max(wait, source.min_interval, failed.retry_after)))
    usual = _bounded(state.interval or source.min_interval, source)
    wished: float = max(
        usual * (PUSHED_INTERVAL_FACTOR if is_pushed else 1), fresh, state.polling_hints.interval
    )
    if state.polling_hints.covered_seconds:  # a wish that would cost news is not granted in full
        wished = min(wished, max(usual, state.polling_hints.covered_seconds / 2))
    wait = max(source.min_interval, _spread(wished, source.max_interval, chance))
    when = now + timedelta(seconds=round(wait))
    return _skip_hours_and_days(when, state, when + MAX_SKIP)


def _spread(wait: float, longest: float, chance: random.Random) -> float:
    """A little longer than that by chance, or a little shorter than the longest."""
    stretched = wait * chance.uniform(1, 1 + JITTER)
    return stretched if stretched <= longest else longest * chance.uniform(1 - JITTER, 1)


def next_fetch_after_backoff(source: Source, until: datetime, now: datetime) -> datetime:
    """When a source is asked whose server wants to be left alone until then: not at once, and
    not together with all others of that server."""
    return until + timedelta(
        seconds=round(_jitter_source(source, now).uniform(1, 2 * source.min_interval))
    )


def _jitter_source(source: Source, now: datetime) -> random.Random:
    return random.Random(f"{source.id} {now.isoformat()}")  # noqa: S311 - no secret


def _skip_hours_and_days(when: datetime, state: FetchState, latest: datetime) -> datetime:
    """The first hour from then on at which the feed wants to be asked, if it comes in time; a
    weekend is waited for, a feed that skips the whole week is not."""
    hours, days = state.polling_hints.skip_hours, state.polling_hints.skip_days
    moved = when
    while moved.hour in hours or moved.weekday() in days:
        start_of_hour = moved.replace(minute=0, second=0, microsecond=0)
        moved = start_of_hour + timedelta(hours=1, minutes=when.minute / 6)
        if moved > latest:
            return when
    return moved


def is_full_fetch_due(state: FetchState, now: datetime) -> bool:
    """True if the server must send the feed whole: 12 hours after it last did, or sooner if
    the file holds the news of less time."""
    if state.last_full_fetch is None or state.last_full_fetch > now:  # the clock may have gone back
        return True
    half = timedelta(seconds=state.polling_hints.covered_seconds / 2)
    return now - state.last_full_fetch >= (
        min(FULL_FETCH_INTERVAL, max(half, MIN_FULL_FETCH_INTERVAL))
        if half
        else FULL_FETCH_INTERVAL
    )


def _bounded(wait: int, source: Source) -> int:
    return max(source.min_interval, min(wait, source.max_interval))


# ---- feeds that move ---------------------------------------------------------------


def count_redirect(move: PermanentRedirect, to: str, now: datetime) -> PermanentRedirect:
    """What is known of a move after one more readable feed from the new address."""
    if not to:
        return PermanentRedirect()
    if to != move.url:
        return PermanentRedirect(url=to, since=now, hits=1)
    return replace(move, hits=move.hits + 1)


def is_redirect_confirmed(move: PermanentRedirect, now: datetime) -> bool:
    """True if a permanent redirect has come often and long enough to be believed."""
    return (
        move.hits >= REDIRECT_CONFIRMED_HITS
        and move.since is not None
        and now - move.since >= REDIRECT_CONFIRMED_AFTER
    )


def feed_url_to_fetch(source: Source, state: FetchState, now: datetime) -> str:
    """The new address of a feed that has moved, else the one that is listed.

    A source with a secret is asked where it is listed: the secret is meant for that host.
    """
    if source.is_private or not is_redirect_confirmed(state.redirect, now):
        return source.feed
    return state.redirect.url
