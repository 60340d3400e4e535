"""What the Date headers of servers say about our own clock (RFC 9110, section 6.6.1)."""

import time
from collections.abc import Mapping
from ipaddress import ip_address

from yarl import URL

from aggregator.text.dates import parse_http_date
from aggregator.text.urls import registrable_domain

__all__ = ["ServerClocks"]

MAX_EVIDENCE_SECONDS = 3600.0
"""How long the answer of a server counts."""
MAX_WITNESSES = 100
"""Only the servers that answered most recently are remembered."""


class ServerClocks:
    """The time by the clocks of servers, one for each outlet's domain.

    It is kept relative to a clock that nobody can set, so it holds when ours is set meanwhile.
    """

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, float]] = {}

    def add(self, feed: URL, headers: Mapping[str, str]) -> None:
        """Note the Date of the first response to a feed's own address, and its Age if a cache has
        kept it (RFC 9111, 5.1); where it redirects to, an outlet may have many servers."""
        date = parse_http_date(headers.get("Date", ""))
        if date is None:
            return
        age = headers.get("Age", "").strip()
        seconds = int(age) if age.isascii() and age.isdigit() and len(age) < 10 else 0
        moment, witness = _steady_seconds(), _witness(feed)
        self._seen.pop(witness, None)
        self._seen[witness] = (date.timestamp() + seconds - moment, moment)
        if len(self._seen) > MAX_WITNESSES:
            del self._seen[next(iter(self._seen))]

    def offsets(self) -> list[float]:
        """By how many seconds each server's clock is ahead of ours now, smallest first."""
        moment, clock = _steady_seconds(), time.time()
        return sorted(
            start + moment - clock
            for start, seen in self._seen.values()
            if moment - seen < MAX_EVIDENCE_SECONDS
        )


def _witness(url: URL) -> str:
    """One name for all hosts of an outlet, so that none counts twice; host and port of an IP
    address, where each port may be another outlet in tests and private networks."""
    host = url.host or ""
    try:
        ip_address(host)
    except ValueError:
        return registrable_domain(str(url))
    return f"{host}:{url.port}"


def _steady_seconds() -> float:
    """Seconds on a clock that cannot be set and that counts while the machine sleeps."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)
