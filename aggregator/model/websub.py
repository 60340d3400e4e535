"""WebSub (W3C Recommendation, 2018): our subscriptions to hubs, and subscribers of our own hub."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from aggregator.model.fetch import FailureKind
from aggregator.model.keys import ListScope

__all__ = [
    "Delivery", "HubPing", "ListChange", "Subscriber", "Subscription", "SubscriptionRequest",
    "is_custom_feed",
]  # fmt: skip


def is_custom_feed(feed_url: str) -> bool:
    """True for the canonical URL of a feed that is made for its subscribers only: it has parameters
    or joins topics."""
    return "?" in feed_url or "+" in feed_url


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Our subscription to a source's feed at a hub.

    `token` ends the callback URL that the hub calls, `secret` signs what it delivers. `lease_until`
    is None until the hub has verified the subscription.
    """

    source: str
    hub: str
    topic: str
    token: str = field(repr=False)
    secret: str = field(repr=False)
    requested_at: datetime
    lease_until: datetime | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A document that a hub has delivered and that has not been ingested yet."""

    id: int
    source: str
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionRequest:
    """A request to our hub that has not been verified with the callback yet (WebSub 5.3).

    `host` is the callback's registrable domain, and `client` the address of whoever sent the
    request, for limits and logs. `feed_url` is the canonical URL of the feed; `topic` may write it
    in another way.
    """

    id: int = 0
    mode: Literal["subscribe", "unsubscribe"]
    callback: str = field(repr=False)
    host: str
    topic: str
    secret: str = field(default="", repr=False)
    lease_seconds: int
    requested_at: datetime
    client: str = ""
    feed_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """A subscriber of one of our feeds; `topic` is the feed's URL.

    `etag` is that of the last content delivered. `due_at` is when the next delivery is due, None if
    the subscriber is up to date. `attempts` counts failures since `failing_since`; `error` is the
    last of them, in a sentence.
    """

    id: int = 0
    callback: str = field(repr=False)
    host: str
    topic: str
    secret: str = field(default="", repr=False)
    lease_until: datetime
    etag: str = ""
    due_at: datetime | None = None
    attempts: int = 0
    failing_since: datetime | None = None
    failure_kind: FailureKind | None = None
    error: str = ""
    feed_url: str = ""
    """The canonical URL of the feed."""
    changes: int = 0
    """How often the feed had changed when the delivery was taken up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubPing:
    """A notification due to an external hub that one of our feeds has changed; `changes` counts
    how often."""

    hub: str
    feed_url: str
    due_at: datetime
    changes: int = 1
    attempts: int = 0
    failure_kind: FailureKind | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListChange:
    """A list that has changed, and its revision."""

    scope: ListScope
    revision: int
