"""Limits of requests, and the error for a request that exceeds them."""

from dataclasses import dataclass

from aggregator.model import FailureKind
from aggregator.text.ip_addresses import IpNetwork

__all__ = ["FetchBlocked", "FetchSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchSettings:
    """Limits of one request. Times are in seconds; `max_bytes` counts decoded bytes.

    `timeout` is for a request with all its redirects, `read_timeout` for the time without data.
    Ports other than `ports` are allowed only in private networks that may be reached.
    """

    user_agent: str
    concurrency: int = 20
    per_host: int = 2
    spacing: float = 0.0
    timeout: float = 30.0
    connect_timeout: float = 10.0
    read_timeout: float = 20.0
    max_bytes: int = 15_000_000
    max_redirects: int = 5
    ports: tuple[int, ...] = (80, 443)
    allow_private: tuple[IpNetwork, ...] = ()
    """Private networks that a source may reach whose own feed is at an address there, at a name
    that only a private network can have, or at one of `private_hosts`."""
    private_hosts: frozenset[str] = frozenset()
    call_private: tuple[IpNetwork, ...] = ()
    """Private networks that callbacks and hubs may be in."""


class FetchBlocked(Exception):
    """Raised for a request that must not be made, or whose response must not be read."""

    def __init__(self, kind: FailureKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind
