"""Subscriptions to hubs, and what they deliver."""

from dataclasses import dataclass, field
from datetime import datetime

__all__ = ["Delivery", "Subscription"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """What a hub is asked to deliver for a source (WebSub).

    `token` is the end of the address that it calls, `secret` signs what it delivers.
    `lease_until` is None until the hub has asked back.
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
    """What a hub has delivered and nobody has taken in yet; `id` is its row."""

    id: int
    source: str
    content_type: str
    body: bytes
