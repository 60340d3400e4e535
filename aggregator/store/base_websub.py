"""The two WebSub parts of a store: what we subscribe to, and who subscribes to us."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from aggregator.model import (
    Delivery,
    FailureKind,
    HubLink,
    HubPing,
    ListChange,
    Subscriber,
    Subscription,
    SubscriptionRequest,
)

__all__ = ["HubStore", "SubscriptionStore"]


class SubscriptionStore(Protocol):
    """Our subscriptions to hubs (WebSub, the subscriber's side), and what they deliver."""

    def hub_links(self) -> dict[str, HubLink]:
        """Hubs that sources announce, by source."""

    def all(self) -> list[Subscription]:
        """All subscriptions."""

    def by_token(self, token: str) -> Subscription | None:
        """The subscription whose callback URL ends with this token."""

    def add(self, subscription: Subscription) -> None:
        """Remember a subscription before it is requested from the hub."""

    def confirm(self, token: str, until: datetime) -> None:
        """Record that the hub has verified the subscription, and delivers until then."""

    def deny(self, token: str, error: str) -> None:
        """Record that the hub does not deliver, and why."""

    def record_error(self, token: str, error: str) -> None:
        """Record why the hub could not be reached; a running lease goes on."""

    def remove(self, source: str) -> None:
        """Forget a subscription."""

    def has_active_lease(self, source: str, now: datetime) -> bool:
        """True while the source's hub delivers what is new."""

    def count_missed_push(self, source: str) -> None:
        """Count an entry that polling has found and the hub should have delivered."""

    def enqueue_delivery(self, source: str, content_type: str, body: bytes, now: datetime) -> None:
        """Queue what a hub delivers."""

    def queue_size(self, source: str) -> tuple[int, int]:
        """Number of queued deliveries of a source, and their bytes."""

    def queued_deliveries(self, limit: int) -> list[Delivery]:
        """Oldest queued deliveries."""

    def delete_delivery(self, delivery: int) -> None:
        """Remove a delivery from the queue."""


class HubStore(Protocol):
    """Subscribers of our own hub (WebSub, the hub's side), and pings due to external hubs."""

    def add_request(self, request: SubscriptionRequest) -> None:
        """Queue a request for verification; it replaces an older one for the same callback and
        topic."""

    def pending_requests(self, limit: int) -> list[SubscriptionRequest]:
        """Requests to verify: a few per host, oldest first, and in turn for each client."""

    def count_requests(self) -> tuple[int, int]:
        """Number of pending requests and of subscribers."""

    def count_from_host(self, host: str) -> int:
        """Number of subscriptions and pending requests of a host."""

    def count_from_client(self, client: str) -> tuple[int, int]:
        """Number of pending requests of a client, and of its subscriptions."""

    def custom_feeds(self) -> list[str]:
        """Canonical URLs of feeds that are made for their subscribers only, because they have
        parameters or join topics, with those of pending requests."""

    def is_subscribed(self, callback: str, topic: str) -> bool:
        """True if there is such a subscription, or a pending request for it."""

    def delete_request(self, request: SubscriptionRequest) -> None:
        """Remove a request that was carried out or not confirmed."""

    def add_subscriber(self, request: SubscriptionRequest, subscriber: Subscriber) -> None:
        """Turn a verified request into a subscription, or renew the lease and secret of one."""

    def remove_subscriber(self, callback: str, topic: str) -> None:
        """End a subscription, if there is one."""

    def end_leases(self, now: datetime) -> int:
        """Remove subscribers whose lease has ended; returns how many."""

    def subscribers(self) -> list[Subscriber]:
        """All subscribers, by topic URL."""

    def unannounced_changes(self) -> list[ListChange]:
        """Lists that have changed since subscribers and hubs were last notified."""

    def enqueue_notifications(
        self,
        changes: Sequence[ListChange],
        subscribers: Collection[int],
        pings: Sequence[HubPing],
        now: datetime,
    ) -> None:
        """Mark deliveries to these subscribers and pings as due because of these changes, and the
        changes as announced, in one transaction."""

    def due_deliveries(self, now: datetime, limit: int) -> list[Subscriber]:
        """Due deliveries: a few per host, healthy subscribers first, longest overdue first, and in
        turn for each client."""

    def mark_delivered(self, subscriber: Subscriber, etag: str) -> None:
        """Record that the subscriber has the content with this ETag; another delivery stays due if
        the feed has changed since `due_deliveries` returned it."""

    def mark_failed(self, subscriber: Subscriber) -> None:
        """Store when the delivery is tried again, since when it fails, and why."""

    def pings(self, now: datetime | None = None) -> list[HubPing]:
        """Pings that are due, or all."""

    def mark_pinged(self, pings: Sequence[HubPing]) -> None:
        """Remove pings that were sent, unless there has been another change since."""

    def mark_ping_failed(self, pings: Sequence[HubPing]) -> None:
        """Store when pings are tried again, and why."""

    def count_failing(self) -> Mapping[FailureKind, int]:
        """Subscribers and pings that are failing, by the kind of their last failure."""
