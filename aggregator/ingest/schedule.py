"""When a source is fetched next: as often as it publishes, later after errors, never given up.

    dates of its articles --polling_interval--> seconds --next_fetch(state)--> time

What the outlet asks for (Cache-Control, ttl, sy:updatePeriod, skipHours) is respected within the
operator's bounds. Times are jittered, so that sources are not all fetched together; the jitter is
seeded with the source and the time, so that the same run gives the same times.
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
"""A dead feed is still fetched once a day, since some return (Media Cloud's notes)."""
MIN_MAX_BACKOFF_SECONDS = 4 * 60 * 60
"""The limit of the backoff is no lower than this, however little time a feed covers."""
INTERVAL_EXPONENT = 0.6
"""See `polling_interval`."""
MIN_COVERED_SECONDS = 30 * 60
"""A shorter span means that all entries have one date."""
MAX_JITTER = 0.1
"""The fraction by which a wait is lengthened at most."""
MIN_FULL_FETCH_INTERVAL = timedelta(hours=1)
FULL_FETCH_INTERVAL = timedelta(hours=12)
"""Some servers answer 304 forever (tt-rss, Media Cloud)."""
MAX_SKIP = timedelta(days=3)
"""Limit of the wait for an hour that skipHours and skipDays allow."""
PUSHED_INTERVAL_FACTOR = 4
"""How much longer the interval is while a hub pushes new entries."""
REDIRECT_CONFIRMED_AFTER = timedelta(days=1)
REDIRECT_CONFIRMED_HITS = 3
"""A permanent redirect may be a temporary mistake (Vienna#1546: a maintenance page)."""
QUIET_AFTER = timedelta(days=2)
QUIET_FACTOR = 4
"""How many times its longest pause a source is silent before it counts as quiet."""


# ---- intervals ---------------------------------------------------------------------


def polling_interval(dates: Sequence[datetime], source: Source, now: datetime) -> int:
    """Seconds between fetches for a source with articles of these dates, within its bounds.

    The interval grows more slowly than the time between articles: a busy source deserves more
    requests than a slow one, but not in proportion. An exponent of 0.5 minimises the average
    delay, 0.6 the delay of most articles (benchmarks/week.py). The time since the last article
    counts, so an outlet that pauses is fetched less often until it publishes again.
    """
    if len(dates) < 2:
        return _bounded(2 * source.min_interval, source)
    gap = max(0.0, (now - min(dates)).total_seconds()) / len(dates)
    shortest = source.min_interval
    return _bounded(int(shortest * (gap / shortest) ** INTERVAL_EXPONENT), source)


def covered_seconds(feed: FeedMeta) -> int:
    """Seconds between the oldest and the newest entry of a document; 0 if unknown.

    A source that is fetched less often than that loses entries.
    """
    if feed.newest is None or feed.oldest is None:
        return 0
    span = (feed.newest - feed.oldest).total_seconds()
    return int(span) if span >= MIN_COVERED_SECONDS else 0


def quiet_since(dates: Sequence[datetime], now: datetime) -> datetime | None:
    """The date of the last article if a source is silent for far longer than usual, else None.

    A quiet source is not a broken one (NetNewsWire#1107, FreshRSS#3750).
    """
    ordered = sorted(dates)
    pauses = [later - earlier for earlier, later in pairwise(ordered)]
    if not pauses:
        return None
    limit = max(QUIET_AFTER, QUIET_FACTOR * max(pauses))
    return ordered[-1] if now - ordered[-1] > limit else None


# ---- the next fetch ----------------------------------------------------------------


def next_fetch(
    source: Source,
    state: FetchState,
    now: datetime,
    *,
    failed: Failed | None = None,
    fresh_seconds: int = 0,
    is_pushed: bool = False,
) -> datetime:
    """The time of the next fetch, given the state after this one.

    `fresh_seconds` is how long the server calls its response fresh; `is_pushed` is true while a
    hub delivers new entries.
    """
    rng = _seeded_random(source, now)
    covered = state.polling_hints.covered_seconds
    if failed is not None:
        max_backoff = MAX_BACKOFF_SECONDS
        if covered:
            max_backoff = min(max(covered, MIN_MAX_BACKOFF_SECONDS), MAX_BACKOFF_SECONDS)
        doubled = source.min_interval * 2 ** min(state.failures - 1, 10)
        wait = _with_jitter(doubled, max(max_backoff, source.min_interval), rng)
        return now + timedelta(seconds=round(max(wait, source.min_interval, failed.retry_after)))
    usual = _bounded(state.interval or source.min_interval, source)
    requested: float = max(
        usual * (PUSHED_INTERVAL_FACTOR if is_pushed else 1),
        fresh_seconds,
        state.polling_hints.interval,
    )
    if covered:  # a longer interval would lose entries
        requested = min(requested, max(usual, covered / 2))
    wait = max(source.min_interval, _with_jitter(requested, source.max_interval, rng))
    time = now + timedelta(seconds=round(wait))
    return _skip_hours_and_days(time, state, time + MAX_SKIP)


def _with_jitter(wait: float, longest: float, rng: random.Random) -> float:
    """The wait, a little longer at random; if that exceeds the longest, a little less than it."""
    lengthened = wait * rng.uniform(1, 1 + MAX_JITTER)
    return lengthened if lengthened <= longest else longest * rng.uniform(1 - MAX_JITTER, 1)


def next_fetch_after_backoff(source: Source, until: datetime, now: datetime) -> datetime:
    """When to fetch a source next after its server has requested a pause `until` a time.

    It is somewhat later than that, so that the sources of a server are not all fetched together.
    """
    delay = _seeded_random(source, now).uniform(1, 2 * source.min_interval)
    return until + timedelta(seconds=round(delay))


def _seeded_random(source: Source, now: datetime) -> random.Random:
    return random.Random(f"{source.id} {now.isoformat()}")  # noqa: S311 - no secret


def _skip_hours_and_days(time: datetime, state: FetchState, latest: datetime) -> datetime:
    """The first time from then on that the feed's skipHours and skipDays allow.

    If that is after the latest, they are ignored: a weekend is skipped, a whole week is not.
    """
    hours, days = state.polling_hints.skip_hours, state.polling_hints.skip_days
    allowed = time
    while allowed.hour in hours or allowed.weekday() in days:
        start_of_hour = allowed.replace(minute=0, second=0, microsecond=0)
        allowed = start_of_hour + timedelta(hours=1, minutes=time.minute / 6)
        if allowed > latest:
            return time
    return allowed


def is_full_fetch_due(state: FetchState, now: datetime) -> bool:
    """True if the next request must be unconditional: 12 hours after the last full response, or
    sooner if the document covers less time."""
    if state.last_full_fetch is None or state.last_full_fetch > now:  # the clock may have gone back
        return True
    interval = FULL_FETCH_INTERVAL
    if state.polling_hints.covered_seconds:
        half = timedelta(seconds=state.polling_hints.covered_seconds / 2)
        interval = min(interval, max(half, MIN_FULL_FETCH_INTERVAL))
    return now - state.last_full_fetch >= interval


def _bounded(wait: int, source: Source) -> int:
    return max(source.min_interval, min(wait, source.max_interval))


# ---- permanent redirects -----------------------------------------------------------


def count_redirect(redirect: PermanentRedirect, to: str, now: datetime) -> PermanentRedirect:
    """The redirect state after one more readable feed, which came from the URL `to`."""
    if not to:
        return PermanentRedirect()
    if to != redirect.url:
        return PermanentRedirect(url=to, since=now, hits=1)
    return replace(redirect, hits=redirect.hits + 1)


def is_redirect_confirmed(redirect: PermanentRedirect, now: datetime) -> bool:
    """True if a permanent redirect has been seen often enough, for long enough."""
    return (
        redirect.hits >= REDIRECT_CONFIRMED_HITS
        and redirect.since is not None
        and now - redirect.since >= REDIRECT_CONFIRMED_AFTER
    )


def feed_url_to_fetch(source: Source, state: FetchState, now: datetime) -> str:
    """The new URL of a feed that has moved for good, else the one in feeds.toml.

    A source with a secret is always fetched from feeds.toml's URL: the secret is meant for that
    host.
    """
    if source.is_private or not is_redirect_confirmed(state.redirect, now):
        return source.feed
    return state.redirect.url
