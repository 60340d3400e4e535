"""What comes of asking a server, and what the next request needs."""

from dataclasses import dataclass, field
from datetime import datetime

from aggregator.model.books import EntryCounts

__all__ = ["Backoff", "Failed", "Fetched", "HubLink", "PollingHints", "Unchanged", "Validators"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What makes the next request conditional, byte for byte as the server gave it."""

    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollingHints:
    """How often a feed wants to be fetched, as far as it says, and how often it must be.

    `every` is in seconds; hours are 0 to 23 and days 0 (Monday) to 6, both in UTC. `covers`
    is how many seconds of news the file held last; 0 if it is not known.
    """

    interval: int = 0
    covered_seconds: int = 0
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HubLink:
    """Where a feed can be subscribed to: its hub, and the topic to name there (WebSub 4)."""

    hub: str = ""
    topic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A body arrived whole. `url` is the address after redirects.

    `fresh` is for how many seconds the server calls it fresh; `moved_to` is where it says
    that the feed has gone for good, empty if it does not.
    """

    url: str
    status: int
    content_type: str
    body: bytes
    validators: Validators
    fresh_seconds: int = 0
    redirected_to: str = ""
    hub_link: HubLink = HubLink()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """Nothing new: a 304, or the same bytes as last time (status 200)."""

    status: int
    validators: Validators
    fresh_seconds: int = 0
    redirected_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A source could not be fetched or read; `error` is a sentence for the operator."""

    error: str
    status: int = 0
    retry_after: int = 0
    """Seconds that the server asked us to stay away; 0 if it did not say."""
    backoff: "Backoff | None" = None
    """What that means for the other sources of the server."""
    counts: EntryCounts = field(default_factory=EntryCounts)
    """Of what was stored of a large feed before it failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """A registrable domain, or one address, that has asked to be left alone `until` then."""

    domain: str
    until: datetime
