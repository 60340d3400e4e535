"""A week of 1,000 sources, with time passed in: how much is asked, and how soon news is here.

The outlets and their servers are made up; who is asked when is decided by the production
code (`ingest.schedule`, `ingest.fetch_state`), and by it alone. Beside it stands fixed hourly
polling of the same outlets, with the same faults.

    outlet (articles, server, faults) <--asked at a time-- schedule(state)  -> log of requests
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
BEGIN = datetime(2026, 10, 5, tzinfo=UTC)
WEEK = timedelta(days=7)
BEFORE = timedelta(days=60)
"""The archive that a feed has when it is read first."""
SPACING = timedelta(seconds=1)

GAPS = (
    0.03, 0.27, 0.63, 1.27, 2.36, 6.34, 10.7, 27.88, 49.5, 71.93, 107.42, 160.02, 170.51,
    285.92, 348.21, 438.62, 541.64, 707.42, 915.04, 1978.66, 5425.94,
)  # fmt: skip
"""Hours between articles: every twentieth of 241 real feeds, from wires to sleeping blogs."""
WINDOWS = (5, 7, 10, 10, 10, 10, 10, 10, 13, 15, 15, 15, 19, 20, 21, 25, 30, 38, 50, 66, 821)
"""Entries in a feed, of the same feeds; a busy one holds six hours of its articles at least."""


# ---- outlets -----------------------------------------------------------------------------


Habit = Literal["good", "hash", "lies"]
"""Whether its server knows 304, does not, or says it too often."""


@dataclass(slots=True)
class Outlet:
    """One made-up outlet: when it publishes, what its server is like, when it is ill."""

    source: Source
    articles: list[datetime]
    window: int
    habit: Habit
    hints: PollingHints
    fresh: int
    down: list[tuple[datetime, datetime]]
    gone: datetime | None
    limited: list[tuple[datetime, datetime]]
    seen: int = -1
    """The newest article of its last whole answer, by place."""

    def newest(self, now: datetime) -> int:
        """How many articles there are."""
        return bisect_right(self.articles, now)


def _outlets(count: int) -> list[Outlet]:
    chance = random.Random(2718)
    return [_outlet(n, chance) for n in range(count)]


def _outlet(number: int, chance: random.Random) -> Outlet:
    # a third of the outlets share a few large hosts, the others have their own
    host = f"s{number % 7}.example.org" if chance.random() < 0.33 else f"outlet{number}.example"
    gap = _between(GAPS, chance) * 3600
    source = Source(
        id=f"s{number}", name="Outlet", feed=f"https://{host}/{number}", site=f"https://{host}/"
    )
    return Outlet(
        source=source,
        articles=_articles(gap, chance),
        window=max(int(_between(WINDOWS, chance)), int(6 * 3600 / gap)),
        habit=chance.choices(("good", "hash", "lies"), (70, 28, 2))[0],
        hints=_hints(chance),
        fresh=chance.choices((0, 300, 600, 1800, 3600), (60, 15, 10, 10, 5))[0],
        down=_times(chance, 0.10, timedelta(hours=6)) + _times(chance, 0.02, timedelta(days=4)),
        gone=BEGIN + chance.random() * WEEK if chance.random() < 0.005 else None,
        limited=_times(chance, 0.03, timedelta(hours=2)),
    )


def _between(parts: Sequence[float], chance: random.Random) -> float:
    place = chance.uniform(0, len(parts) - 1)
    low = int(place)
    high = min(low + 1, len(parts) - 1)
    return parts[low] + (parts[high] - parts[low]) * (place - low)


def _articles(gap: float, chance: random.Random) -> list[datetime]:
    """By day more than by night: of a day's articles, 90 % in sixteen hours."""
    found, night = [], chance.randrange(24)
    now, end = BEGIN - max(BEFORE, timedelta(seconds=25 * gap)), BEGIN + WEEK
    if timedelta(seconds=gap) < timedelta(hours=6):
        now = BEGIN - timedelta(days=5)
    while now < end:
        is_night = (now.hour - night) % 24 < 8
        now += timedelta(seconds=chance.expovariate(1 / gap) * (3.3 if is_night else 0.74) + 1)
        found.append(now)
    return found


def _hints(chance: random.Random) -> PollingHints:
    """As in 277 real feeds: 13 % have a ttl, 11 % sy:updatePeriod, most of them hourly."""
    kind = chance.random()
    if kind < 0.13:
        minutes = chance.choices((60, 40, 15, 10, 1, 30, 120, 600), (9, 5, 4, 3, 3, 2, 3, 2))[0]
        return PollingHints(interval=60 * minutes)
    if kind < 0.24:
        return PollingHints(interval=chance.choices((3600, 1800, 600, 120), (26, 2, 1, 1))[0])
    return PollingHints(skip_hours=(0, 1, 2, 3, 4)) if kind < 0.25 else PollingHints()


def _times(
    chance: random.Random, share: float, longest: timedelta
) -> list[tuple[datetime, datetime]]:
    if chance.random() >= share:
        return []
    start = BEGIN + chance.random() * WEEK
    return [(start, start + chance.random() * longest)]


def _is_in(times: Sequence[tuple[datetime, datetime]], now: datetime) -> datetime | None:
    return next((end for start, end in times if start <= now < end), None)


# ---- asking ------------------------------------------------------------------------------


@dataclass(slots=True)
class Log:
    """What happened: requests by host and minute, answers, delays in minutes, articles lost."""

    requests: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    minutes: Counter[tuple[str, int]] = field(default_factory=Counter)
    seconds: Counter[int] = field(default_factory=Counter)
    delays: list[float] = field(default_factory=list)
    missed: int = 0

    def request(self, host: str, now: datetime, answer: str) -> None:
        """One more."""
        self.requests += 1
        self.answers[answer] += 1
        second = int((now - BEGIN).total_seconds())
        self.minutes[host, second // 60] += 1
        if now - BEGIN > timedelta(hours=1):  # until then, everything is read for the first time
            self.seconds[second] += 1


def _answer(outlet: Outlet, validators: Validators, now: datetime) -> Fetched | Unchanged | Failed:
    """What the outlet's server says. Its validator is the number of articles."""
    if outlet.gone and now >= outlet.gone:
        return Failed(kind=FailureKind.HTTP_STATUS, error="gone", status=410)
    if _is_in(outlet.down, now):
        return Failed(kind=FailureKind.HTTP_STATUS, error="down", status=500)
    if until := _is_in(outlet.limited, now):
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
    given = Validators(etag=etag, body_hash=newest)
    if validators.body_hash == newest:
        return Unchanged(status=200, validators=given, fresh_seconds=outlet.fresh)
    return Fetched(
        url=outlet.source.feed, status=200, content_type="", body=b"", validators=given,
        fresh_seconds=outlet.fresh,
    )  # fmt: skip


def _read(outlet: Outlet, now: datetime, log: Log) -> None:
    """Take in what the feed shows, and note how late; the first time, its archive."""
    newest = outlet.newest(now)
    oldest = max(newest - outlet.window, 0)
    if outlet.seen >= 0:
        log.missed += max(0, oldest - outlet.seen)
        for article in outlet.articles[max(outlet.seen, oldest) : newest]:
            log.delays.append((now - article).total_seconds() / 60)
    outlet.seen = newest


def _adaptive(outlets: Sequence[Outlet]) -> Log:
    """The production code's week."""
    log = Log()
    states = {outlet.source.id: FetchState() for outlet in outlets}
    backoffs: dict[str, Backoff] = {}
    hosts: dict[str, datetime] = {}
    queue = [(BEGIN, number) for number in range(len(outlets))]
    heapq.heapify(queue)
    while queue and queue[0][0] < BEGIN + WEEK:
        due, number = heapq.heappop(queue)
        outlet = outlets[number]
        source, state = outlet.source, states[outlet.source.id]
        domain = registrable_domain(source.feed)
        backoff = backoffs.get(domain)
        if backoff and backoff.until > due:
            after = after_backoff(source, state, backoff, due)
        else:
            host = source.feed.split("/")[2]
            now = max(due, hosts.get(host, BEGIN))  # its turn at the host
            hosts[host] = now + SPACING
            after, answer = _asked(outlet, state, now, log)
            if isinstance(answer, Failed) and answer.backoff:
                backoffs[domain] = answer.backoff
        states[source.id] = after
        if not after.retired_at and after.next_fetch:
            heapq.heappush(queue, (after.next_fetch, number))
    return _closed(outlets, log)


def _asked(
    outlet: Outlet, state: FetchState, now: datetime, log: Log
) -> tuple[FetchState, Fetched | Unchanged | Failed]:
    source = outlet.source
    is_full = is_full_fetch_due(state, now)
    known = Validators(body_hash=state.validators.body_hash) if is_full else state.validators
    answer = _answer(outlet, known, now)
    log.request(source.feed.split("/")[2], now, _kind(answer))
    if isinstance(answer, Failed):
        return after_failure(source, state, answer, now), answer
    if isinstance(answer, Fetched):
        _read(outlet, now, log)
    dates = outlet.articles[max(0, outlet.seen - RECENT_ENTRIES) : max(0, outlet.seen)]
    if isinstance(answer, Unchanged):
        return after_unchanged(source, state, answer, dates, now, is_pushed=False), answer
    listed = outlet.articles[max(0, outlet.seen - outlet.window) : outlet.seen]
    meta = FeedMeta(
        polling_hints=outlet.hints,
        oldest=listed[0] if listed else None,
        newest=listed[-1] if listed else None,
    )
    return after_document(source, state, answer, meta, dates, now), answer


def _hourly(outlets: Sequence[Outlet]) -> Log:
    """Every hour, whatever happens, each at a minute of its own."""
    log, chance = Log(), random.Random(1)
    for outlet in outlets:
        now, known = BEGIN + timedelta(hours=chance.random()), Validators()
        while now < BEGIN + WEEK:
            answer = _answer(outlet, known, now)
            log.request(outlet.source.feed.split("/")[2], now, _kind(answer))
            if isinstance(answer, Fetched):
                _read(outlet, now, log)
            if not isinstance(answer, Failed):
                known = answer.validators
            now += timedelta(hours=1)
    return _closed(outlets, log)


def _closed(outlets: Sequence[Outlet], log: Log) -> Log:
    """With what nobody can see any more at the end of the week, but for feeds that are gone."""
    for outlet in outlets:
        if outlet.seen >= 0 and not outlet.gone:
            log.missed += max(0, outlet.newest(BEGIN + WEEK) - outlet.window - outlet.seen)
    return log


def _kind(answer: Fetched | Unchanged | Failed) -> str:
    return "failed" if isinstance(answer, Failed) else str(answer.status)


# ---- telling -----------------------------------------------------------------------------


def report() -> str:
    """A section of Markdown."""
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

Simulated with time passed in, by the production scheduler alone; the outlets are made up, their \
rhythms, sizes and wishes (`ttl`, `sy:updatePeriod`) are those of the real feeds in \
`shared/data`. A tenth is down for hours, some for days, some answer 429, some are gone, 28 % \
know no 304, 2 % say 304 for ever; a third shares seven hosts of one domain. {len(ours.delays):,} \
articles appear in the week. "Missed" had left their feed before anybody looked.

{table}
"""


def _row(name: str, log: Log, base: Log) -> str:
    middle, usual = median(log.delays), median(base.delays)
    late = quantiles(log.delays, n=20)[-1]
    whole = log.answers["200"] + log.answers["304"]
    return (
        f"| {name} | {log.requests:,} | {log.requests / base.requests:.2f} "
        f"| {100 * log.answers['304'] / whole:.0f} % | {log.answers['failed']:,} "
        f"| {middle:.1f} | {middle / usual:.2f} | {late:.0f} "
        f"| {max(log.minutes.values())} | {max(log.seconds.values())} | {log.missed:,} |"
    )
