"""How far a server may go, and what it is called when one goes further."""

from dataclasses import dataclass

from aggregator.ingest.fetch.ssrf import IpNetwork

__all__ = ["FetchBlocked", "FetchSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchSettings:
    """What one request may take. Times are in seconds; `max_bytes` counts decoded bytes.

    `timeout` is for a request with its redirects, `read_timeout` for one silence of the
    server. Ports other than `ports` are asked only in the networks of `allow_private`.
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


class FetchBlocked(Exception):
    """The address must not be asked, or the answer must not be read."""
