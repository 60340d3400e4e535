"""Fetching a source: results of requests, and the state between them."""

import enum
from dataclasses import dataclass, field
from datetime import datetime

from aggregator.model.counts import EntryCounts

__all__ = [
    "AnnouncedFeed", "Backoff", "Failed", "FailureKind", "FetchState", "Fetched", "HubLink",
    "PermanentRedirect", "PollingHints", "Unchanged", "Validators",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """Validators for the next conditional request (RFC 9110, section 8.8), byte for byte as the
    server gave them."""

    etag: str = ""
    last_modified: str = ""
    body_hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollingHints:
    """How often a feed asks to be fetched, and how often it must be.

    `interval` is in seconds; hours are 0 to 23 and days 0 (Monday) to 6, both in UTC.
    `covered_seconds` is the time between the newest and the oldest entry of the document, 0 if
    unknown: a source that is fetched less often loses entries.
    """

    interval: int = 0
    covered_seconds: int = 0
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HubLink:
    """Where a feed can be subscribed to: its hub, and the topic URL to name there (WebSub 4)."""

    hub: str = ""
    topic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A complete response body. `url` is the address after redirects.

    `fresh_seconds` is how long the server calls it fresh; `redirected_to` is the target of a
    permanent redirect, empty if there was none. `encoding` is the name of its encoding, empty if
    it is not known yet; `note` says what is wrong with the document or its transfer. `date_samples`
    are dates of the whole document, if this is a chunk of it.
    """

    url: str
    status: int
    content_type: str
    body: bytes
    validators: Validators
    fresh_seconds: int = 0
    redirected_to: str = ""
    hub_link: HubLink = field(default_factory=HubLink)
    encoding: str = ""
    note: str = ""
    date_samples: tuple[str, ...] = ()
    certificate_expires_at: datetime | None = None
    """When the certificate of the server ends; None without TLS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """Nothing new: a 304, or the same bytes as last time (status 200)."""

    status: int
    validators: Validators
    fresh_seconds: int = 0
    redirected_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncedFeed:
    """A feed that a web page names; `title` may be empty."""

    url: str
    title: str = ""


class FailureKind(enum.StrEnum):
    """Why a source could not be fetched or read."""

    DNS = "dns"
    """The host name does not resolve."""
    CONNECT = "connect"
    """No connection, or it broke off."""
    TLS = "tls"
    TIMEOUT = "timeout"
    PROXY = "proxy"
    HTTP_STATUS = "http_status"
    HTTP_PROTOCOL = "http_protocol"
    """The response is not valid HTTP, or its Content-Encoding is wrong."""
    REDIRECT = "redirect"
    """Too many redirects, or one that leads nowhere."""
    BLOCKED_ADDRESS = "blocked_address"
    """A private network, a port or a scheme that must not be fetched."""
    CREDENTIALS = "credentials"
    """A secret that the source names is not set."""
    TOO_LARGE = "too_large"
    """More bytes, entries or elements than a feed may have."""
    NOT_A_FEED = "not_a_feed"
    MALFORMED = "malformed"
    """A feed, but so broken that it cannot be read."""
    RESOURCES = "resources"
    """Reading it took too much time or memory."""
    BUG = "bug"
    """A bug of this program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A source that could not be fetched or read; `error` is a sentence for the operator."""

    kind: FailureKind
    error: str
    status: int = 0
    retry_after: int = 0
    """Seconds to wait, by the server's Retry-After header; 0 if there was none."""
    backoff: "Backoff | None" = None
    """The pause for all sources on the same server, if it asked for one."""
    counts: EntryCounts = field(default_factory=EntryCounts)
    """Entries of a large document that were stored before it failed."""
    announced: "tuple[AnnouncedFeed, ...]" = ()
    """The feeds that a web page names, if that is what was fetched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """A registrable domain, or one URL, not to be fetched before `until`."""

    domain: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PermanentRedirect:
    """The target of a feed's permanent redirect, since when, and how often it was seen.

    Only a readable feed at the target counts.
    """

    url: str = ""
    since: datetime | None = None
    hits: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchState:
    """What is remembered of a source between two fetches, for the program."""

    validators: Validators = field(default_factory=Validators)
    next_fetch: datetime | None = None
    interval: int = 0
    """Seconds between fetches, by how often the source publishes; 0 if not yet known."""
    failures: int = 0
    """Consecutive failures."""
    failing_since: datetime | None = None
    last_success: datetime | None = None
    last_full_fetch: datetime | None = None
    """When the feed last came as a whole; some servers wrongly answer 304 forever."""
    polling_hints: PollingHints = field(default_factory=PollingHints)
    redirect: PermanentRedirect = field(default_factory=PermanentRedirect)
    hub_link: HubLink = field(default_factory=HubLink)
    retired_at: datetime | None = None
    note: str = ""
    """What is wrong with the document, though it could be read; a sentence or empty."""
    noted_since: datetime | None = None
