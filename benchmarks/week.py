"""A simulated week of 1,000 sources: how many requests are made, and how late articles are.

The outlets and their servers are made up; only the production code (`ingest.schedule`,
`ingest.fetch_state`) decides when to fetch each source. It is compared with fixed hourly polling
of the same outlets, with the same faults.

    outlet (articles, server, faults) <--fetched at a time-- schedule(state)  -> log of requests
"""

import heapq
import random
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles
from typing import Literal

from aggregator.ingest.fetch_state import (
    after_backoff,
    after_document,
    after_failure,
    after_unchanged,
)
from aggregator.ingest.schedule import is_full_fetch_due
from aggregator.model import (
    RECENT_ENTRIES,
    Backoff,
    Failed,
    FailureKind,
    FeedMeta,
    Fetched,
    FetchState,
    PollingHints,
    Source,
    Unchanged,
    Validators,
)
from aggregator.text.urls import registrable_domain

__all__ = ["report"]

SOURCES = 1000
START = datetime(2026, 10, 5, tzinfo=UTC)
WEEK = timedelta(days=7)
MAX_INITIAL_AGE = timedelta(days=60)
"""How old the articles of a feed are at most when it is first fetched."""
SPACING = timedelta(seconds=1)

HOURS_BETWEEN_ARTICLES = (
    0.03, 0.27, 0.63, 1.27, 2.36, 6.34, 10.7, 27.88, 49.5, 71.93, 107.42, 160.02, 170.51,
    285.92, 348.21, 438.62, 541.64, 707.42, 915.04, 1978.66, 5425.94,
)  # fmt: skip
"""Hours between articles: 21 quantiles of 241 real feeds, from news agencies to inactive blogs."""
FEED_SIZES = (5, 7, 10, 10, 10, 10, 10, 10, 13, 15, 15, 15, 19, 20, 21, 25, 30, 38, 50, 66, 821)
"""Entries in a feed: quantiles of the same feeds; a feed covers at least six hours."""


# ---- outlets -----------------------------------------------------------------------------


NotModifiedHabit = Literal["good", "hash", "lies"]
"""Whether the server sends 304 correctly, never, or too often."""


@dataclass(slots=True)
class Outlet:
    """A made-up outlet: when it publishes, how its server behaves, and when it is down."""

    source: Source
    articles: list[datetime]
    window: int
    habit: NotModifiedHabit
    hints: PollingHints
    fresh: int
    down: list[tuple[datetime, datetime]]
    gone: datetime | None
    limited: list[tuple[datetime, datetime]]
    seen: int = -1
    """Number of articles when the feed was last read."""

    def newest(self, now: datetime) -> int:
        """Return the number of articles at a time."""
        return bisect_right(self.articles, now)


def _outlets(count: int) -> list[Outlet]:
    rng = random.Random(2718)
    return [_outlet(n, rng) for n in range(count)]


def _outlet(number: int, rng: random.Random) -> Outlet:
    # a third of the outlets share a few large hosts, the others have their own
    host = f"s{number % 7}.example.org" if rng.random() < 0.33 else f"outlet{number}.example"
    gap = _between(HOURS_BETWEEN_ARTICLES, rng) * 3600
    source = Source(
        id=f"s{number}", name="Outlet", feed=f"https://{host}/{number}", site=f"https://{host}/"
    )
    return Outlet(
        source=source,
        articles=_articles(gap, rng),
        window=max(int(_between(FEED_SIZES, rng)), int(6 * 3600 / gap)),
        habit=rng.choices(("good", "hash", "lies"), (70, 28, 2))[0],
        hints=_hints(rng),
        fresh=rng.choices((0, 300, 600, 1800, 3600), (60, 15, 10, 10, 5))[0],
        down=_periods(rng, 0.10, timedelta(hours=6)) + _periods(rng, 0.02, timedelta(days=4)),
        gone=START + rng.random() * WEEK if rng.random() < 0.005 else None,
        limited=_periods(rng, 0.03, timedelta(hours=2)),
    )


def _between(parts: Sequence[float], rng: random.Random) -> float:
    position = rng.uniform(0, len(parts) - 1)
    low = int(position)
    high = min(low + 1, len(parts) - 1)
    return parts[low] + (parts[high] - parts[low]) * (position - low)


def _articles(gap: float, rng: random.Random) -> list[datetime]:
    """Return the times at which articles appear, 90 % of them in sixteen hours of the day."""
    found, night = [], rng.randrange(24)
    now, end = START - max(MAX_INITIAL_AGE, timedelta(seconds=25 * gap)), START + WEEK
    if timedelta(seconds=gap) < timedelta(hours=6):
        now = START - timedelta(days=5)
    while now < end:
        is_night = (now.hour - night) % 24 < 8
        now += timedelta(seconds=rng.expovariate(1 / gap) * (3.3 if is_night else 0.74) + 1)
        found.append(now)
    return found


def _hints(rng: random.Random) -> PollingHints:
    """Return hints as in 277 real feeds: 13 % have ttl, 11 % sy:updatePeriod, mostly hourly."""
    kind = rng.random()
    if kind < 0.13:
        minutes = rng.choices((60, 40, 15, 10, 1, 30, 120, 600), (9, 5, 4, 3, 3, 2, 3, 2))[0]
        return PollingHints(interval=60 * minutes)
    if kind < 0.24:
        return PollingHints(interval=rng.choices((3600, 1800, 600, 120), (26, 2, 1, 1))[0])
    return PollingHints(skip_hours=(0, 1, 2, 3, 4)) if kind < 0.25 else PollingHints()


def _periods(
    rng: random.Random, share: float, longest: timedelta
) -> list[tuple[datetime, datetime]]:
    if rng.random() >= share:
        return []
    start = START + rng.random() * WEEK
    return [(start, start + rng.random() * longest)]


def _end_of_period(periods: Sequence[tuple[datetime, datetime]], now: datetime) -> datetime | None:
    return next((end for start, end in periods if start <= now < end), None)


# ---- fetching ----------------------------------------------------------------------------


@dataclass(slots=True)
class Log:
    """Requests by host and minute, responses, delays in minutes, and missed articles."""

    requests: int = 0
    responses: Counter[str] = field(default_factory=Counter)
    minutes: Counter[tuple[str, int]] = field(default_factory=Counter)
    seconds: Counter[int] = field(default_factory=Counter)
    delays: list[float] = field(default_factory=list)
    missed: int = 0

    def request(self, host: str, now: datetime, response: str) -> None:
        """Count a request."""
        self.requests += 1
        self.responses[response] += 1
        second = int((now - START).total_seconds())
        self.minutes[host, second // 60] += 1
        if now - START > timedelta(hours=1):  # until then, every feed is fetched for the first time
            self.seconds[second] += 1


def _respond(outlet: Outlet, validators: Validators, now: datetime) -> Fetched | Unchanged | Failed:
    """Return the response of the outlet's server; its validator is the number of articles."""
    if outlet.gone and now >= outlet.gone:
        return Failed(kind=FailureKind.HTTP_STATUS, error="gone", status=410)
    if _end_of_period(outlet.down, now):
        return Failed(kind=FailureKind.HTTP_STATUS, error="down", status=500)
    if until := _end_of_period(outlet.limited, now):
        wait = int((until - now).total_seconds()) + 1
        backoff = Backoff(domain=registrable_domain(outlet.source.feed), until=until)
        return Failed(
            kind=FailureKind.HTTP_STATUS,
            error="busy",
            status=429,
            retry_after=wait,
            backoff=backoff,
        )
    newest = str(outlet.newest(now))
    etag = "" if outlet.habit == "hash" else newest
    is_known = validators.etag == newest or (outlet.habit == "lies" and validators.etag)
    if validators.etag and is_known:
        return Unchanged(status=304, validators=validators, fresh_seconds=outlet.fresh)
    new_validators = Validators(etag=etag, body_hash=newest)
    if validators.body_hash == newest:
        return Unchanged(status=200, validators=new_validators, fresh_seconds=outlet.fresh)
    return Fetched(
        url=outlet.source.feed, status=200, content_type="", body=b"", validators=new_validators,
        fresh_seconds=outlet.fresh,
    )  # fmt: skip


def _read(outlet: Outlet, now: datetime, log: Log) -> None:
    """Read the feed, and log the delays of new articles, except the first time."""
    newest = outlet.newest(now)
    oldest = max(newest - outlet.window, 0)
    if outlet.seen >= 0:
        log.missed += max(0, oldest - outlet.seen)
        for article in outlet.articles[max(outlet.seen, oldest) : newest]:
            log.delays.append((now - article).total_seconds() / 60)
    outlet.seen = newest


def _adaptive(outlets: Sequence[Outlet]) -> Log:
    """Simulate the week with the production code."""
    log = Log()
    states = {outlet.source.id: FetchState() for outlet in outlets}
    backoffs: dict[str, Backoff] = {}
    hosts: dict[str, datetime] = {}
    queue = [(START, number) for number in range(len(outlets))]
    heapq.heapify(queue)
    while queue and queue[0][0] < START + WEEK:
        due, number = heapq.heappop(queue)
        outlet = outlets[number]
        source, state = outlet.source, states[outlet.source.id]
        domain = registrable_domain(source.feed)
        backoff = backoffs.get(domain)
        if backoff and backoff.until > due:
            after = after_backoff(source, state, backoff, due)
        else:
            host = source.feed.split("/")[2]
            now = max(due, hosts.get(host, START))  # requests to one host are spaced
            hosts[host] = now + SPACING
            after, response = _fetch(outlet, state, now, log)
            if isinstance(response, Failed) and response.backoff:
                backoffs[domain] = response.backoff
        states[source.id] = after
        if not after.retired_at and after.next_fetch:
            heapq.heappush(queue, (after.next_fetch, number))
    return _with_missed(outlets, log)


def _fetch(
    outlet: Outlet, state: FetchState, now: datetime, log: Log
) -> tuple[FetchState, Fetched | Unchanged | Failed]:
    source = outlet.source
    is_full = is_full_fetch_due(state, now)
    known = Validators(body_hash=state.validators.body_hash) if is_full else state.validators
    response = _respond(outlet, known, now)
    log.request(source.feed.split("/")[2], now, _kind(response))
    if isinstance(response, Failed):
        return after_failure(source, state, response, now), response
    if isinstance(response, Fetched):
        _read(outlet, now, log)
    dates = outlet.articles[max(0, outlet.seen - RECENT_ENTRIES) : max(0, outlet.seen)]
    if isinstance(response, Unchanged):
        return after_unchanged(source, state, response, dates, now, is_pushed=False), response
    in_feed = outlet.articles[max(0, outlet.seen - outlet.window) : outlet.seen]
    meta = FeedMeta(
        polling_hints=outlet.hints,
        oldest=in_feed[0] if in_feed else None,
        newest=in_feed[-1] if in_feed else None,
    )
    return after_document(source, state, response, meta, dates, now), response


def _hourly(outlets: Sequence[Outlet]) -> Log:
    """Simulate the week with hourly polling, each outlet at its own minute."""
    log, rng = Log(), random.Random(1)
    for outlet in outlets:
        now, known = START + timedelta(hours=rng.random()), Validators()
        while now < START + WEEK:
            response = _respond(outlet, known, now)
            log.request(outlet.source.feed.split("/")[2], now, _kind(response))
            if isinstance(response, Fetched):
                _read(outlet, now, log)
            if not isinstance(response, Failed):
                known = response.validators
            now += timedelta(hours=1)
    return _with_missed(outlets, log)


def _with_missed(outlets: Sequence[Outlet], log: Log) -> Log:
    """Add the articles that were missed by the end of the week, except for feeds that are gone."""
    for outlet in outlets:
        if outlet.seen >= 0 and not outlet.gone:
            log.missed += max(0, outlet.newest(START + WEEK) - outlet.window - outlet.seen)
    return log


def _kind(response: Fetched | Unchanged | Failed) -> str:
    return "failed" if isinstance(response, Failed) else str(response.status)


# ---- the section -------------------------------------------------------------------------


def report() -> str:
    """Simulate and return the section in Markdown."""
    ours, theirs = _adaptive(_outlets(SOURCES)), _hourly(_outlets(SOURCES))
    rows = [_row("aggregator", ours, theirs), _row("fixed hourly polling", theirs, theirs)]
    head = (
        "| | requests | of hourly | 304 | failed | median delay, min | of hourly "
        "| 95 % within, min | most at one host in a minute | most in a second, after an hour "
        "| missed |"
    )
    table = "\n".join([head, "|---" * 11 + "|", *rows])
    return f"""\
## A week of 1,000 sources

A simulation of the production scheduler alone, with time passed in.
The outlets are made up; their rhythms, sizes and wishes (`ttl`, `sy:updatePeriod`) are those of \
the real feeds in `shared/data`.
A tenth is down for hours, some for days, some respond with 429, some are gone, 28 % never send \
304, 2 % send 304 for ever; a third shares seven hosts of one domain.
{len(ours.delays):,} articles appear in the week.
"Missed" articles had left their feed before it was fetched.

{table}
"""


def _row(name: str, log: Log, base: Log) -> str:
    delay, base_delay = median(log.delays), median(base.delays)
    late_delay = quantiles(log.delays, n=20)[-1]
    succeeded = log.responses["200"] + log.responses["304"]
    return (
        f"| {name} | {log.requests:,} | {log.requests / base.requests:.2f} "
        f"| {100 * log.responses['304'] / succeeded:.0f} % | {log.responses['failed']:,} "
        f"| {delay:.1f} | {delay / base_delay:.2f} | {late_delay:.0f} "
        f"| {max(log.minutes.values())} | {max(log.seconds.values())} | {log.missed:,} |"
    )
