"""Those who want to be told of changes in our feeds, and hubs that are to be told (WebSub)."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

__all__ = ["HubPing", "ListChange", "Subscriber", "SubscriptionRequest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionRequest:
    """Somebody has asked for a subscription, or for its end; whether the callback's owner means
    it is to be verified (5.3). `id` is its row, `host` is whose callback it is, `lease` is in
    seconds."""

    id: int = 0
    mode: Literal["subscribe", "unsubscribe"]
    callback: str = field(repr=False)
    host: str
    topic: str
    secret: str = field(default="", repr=False)
    lease_seconds: int
    requested_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """Whoever is told when a topic, the address of a feed of ours, has changed; `id` is its row.

    `etag` is of what it was sent last. `due` is when it is to be told next, None if it knows all;
    `attempts` counts those that have failed since `failing_since`.
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
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubPing:
    """A hub of others is to be told, when it is `due`, that an address of ours has changed; `news`
    counts its changes."""

    hub: str
    feed_url: str
    due_at: datetime
    changes: int = 1
    attempts: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListChange:
    """A list has changed: its scope, and at which revision."""

    scope: str
    revision: int
