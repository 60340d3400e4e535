"""Whether the clock can be trusted, before anything is saved by it.

    clock --monotonic_now--> time of the run --ClockCheck--> confirmed by the outlets

A wrong clock would misdate stories, and what is due, for good. Two things show it: the last fetch,
which cannot lie ahead of now, and what the servers of the outlets say in their Date headers. One
server may be wrong; most of them are not.
"""

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

import structlog

from aggregator.errors import ClockDisputed, ClockError
from aggregator.ingest.fetch.server_clocks import ServerClocks
from aggregator.model import CLOCK_SLACK
from aggregator.store.base import Store

__all__ = [
    "ClockCheck",
    "ClockWatch",
    "clear_clock_errors",
    "has_jumped",
    "monotonic_now",
    "recorded_clock_error",
]

MAX_JUMP = timedelta(days=1)
"""How far the clock may go back for our own times to be corrected without asking, and how long a
pause between two fetches is believed without a witness."""
MAX_STALE_DATE = timedelta(days=1)
"""How far the Date of a server may be behind: caches repeat old ones."""
ENOUGH_WITNESSES = 3
MAX_WAIT_SECONDS = 5.0
"""How long the first answers wait for others."""
POLL_SECONDS = 0.02
MAX_SHOWN_SECONDS = 1e10
"""Some 300 years; a server may say anything."""

log = structlog.get_logger()


def monotonic_now(store: Store, clock: datetime) -> datetime:
    """The time that a run goes by, never earlier than that of the run before.

    If the clock has gone back by up to an hour, time stands still until it has caught up. If by up
    to a day, it was wrong before, and what we stamped with it is corrected. Raises ClockError if by
    more: nobody but the operator knows which of the two times is wrong.
    """
    last = store.maintenance.last_fetch()
    if last is None or last <= clock:
        return clock
    if last - clock <= CLOCK_SLACK:
        return last
    if last - clock > MAX_JUMP:
        raise ClockError(
            f"The clock says {_minute(clock)}, but the last fetch was at {_minute(last)}. Nothing "
            "is fetched, since articles would get wrong dates. If the clock is wrong, set it; if "
            "it is correct and was wrong before, run `aggregator doctor --repair`."
        )
    log.error("clock_went_back", last_fetch=str(last), now=str(clock), action="times corrected")
    store.maintenance.correct_future_times(clock)
    return clock


def has_jumped(last_fetch: datetime | None, now: datetime) -> bool:
    """True if so much time has passed since the last fetch that the clock may be wrong."""
    return last_fetch is not None and now - last_fetch > MAX_JUMP


@contextmanager
def recorded_clock_error(store: Store, clock: datetime) -> Iterator[None]:
    """Record a ClockError in the store, where /healthz finds it until the clock is right. It counts
    from the last fetch, since the clock itself cannot be trusted."""
    try:
        yield
    except ClockError as error:
        since = store.maintenance.last_fetch() or clock
        store.maintenance.record_incident(error.kind, str(error), since)
        raise


def clear_clock_errors(store: Store) -> None:
    """Forget recorded errors of the clock, after a run that it did not stop."""
    for error in (ClockError, ClockDisputed):
        store.maintenance.clear_incident(error.kind)


@dataclass(slots=True, kw_only=True)
class ClockCheck:
    """Confirms the clock of one run by the Date headers of its outlets.

    In the first run, and after a pause of more than a day, nothing is saved before a few outlets
    have answered; a single one that disagrees stops the run if no other answers. Later, two must
    have answered. With `is_trusted`, nobody is asked.
    """

    servers: ServerClocks
    last_fetch: datetime | None
    now: datetime
    expected: int = 0
    """Sources of the run."""
    is_trusted: bool = False
    _arrived: int = 0
    _deadline: float = 0.0

    @classmethod
    def begin(
        cls, store: Store, servers: ServerClocks, now: datetime, *, is_trusted: bool = False
    ) -> "ClockCheck":
        """The check of a run that goes by this time."""
        last_fetch = store.maintenance.last_fetch()
        return cls(servers=servers, last_fetch=last_fetch, now=now, is_trusted=is_trusted)

    @property
    def has_witness(self) -> bool:
        """True if the time is as expected, or an outlet has answered and did not disagree."""
        is_expected = self.is_trusted or not has_jumped(self.last_fetch, self.now)
        return is_expected or bool(self.servers.offsets())

    async def confirm(self) -> None:
        """Wait for enough answers. Raises ClockError if most outlets disagree with our clock."""
        if self.is_trusted:
            return
        is_unknown = self.last_fetch is None or has_jumped(self.last_fetch, self.now)
        if is_unknown:
            time = asyncio.get_running_loop().time
            self._arrived += 1
            self._deadline = self._deadline or time() + MAX_WAIT_SECONDS
            while not self._has_enough() and time() < self._deadline:
                await asyncio.sleep(POLL_SECONDS)
        offsets = self.servers.offsets()
        if len(offsets) >= (1 if is_unknown else 2) and (offset := _common_error(offsets)):
            moment = self.now + timedelta(seconds=min(offset, MAX_SHOWN_SECONDS))
            raise ClockDisputed(
                f"The clock says {_minute(self.now)}, but according to the outlets' servers it is "
                f"{_minute(moment)}. What was fetched is not saved, since articles would get wrong "
                "dates. Set the clock, then fetch again; if the clock is correct, run `aggregator "
                "ingest --trust-clock`."
            )

    def _has_enough(self) -> bool:
        return self._arrived >= self.expected or len(self.servers.offsets()) >= ENOUGH_WITNESSES


class ClockWatch:
    """Whether the clock was confirmed and has not been set since, for what happens between runs:
    leases that end must not end by a wrong clock."""

    def __init__(self, last_fetch: datetime | None, clock: datetime) -> None:
        self._is_trusted = not (has_jumped(last_fetch, clock) or _is_ahead(last_fetch, clock))
        self._clock, self._started = clock, monotonic()

    def confirm(self, clock: datetime) -> None:
        """Trust the clock from now on."""
        self._is_trusted = True
        self._clock, self._started = clock, monotonic()

    def is_trusted(self, clock: datetime) -> bool:
        """True until the clock is set."""
        expected = self._clock + timedelta(seconds=monotonic() - self._started)
        self._is_trusted = self._is_trusted and abs(clock - expected) <= CLOCK_SLACK
        return self._is_trusted


def _is_ahead(last_fetch: datetime | None, clock: datetime) -> bool:
    return last_fetch is not None and last_fetch - clock > CLOCK_SLACK


def _common_error(offsets: list[float]) -> float:
    """The median, if more than half of the servers are ahead of our clock, or behind; else 0."""
    ahead = len(offsets) - bisect_right(offsets, CLOCK_SLACK.total_seconds())
    behind = bisect_left(offsets, -MAX_STALE_DATE.total_seconds())
    is_wrong = max(ahead, behind) * 2 > len(offsets)
    return offsets[len(offsets) // 2] if is_wrong else 0.0


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
