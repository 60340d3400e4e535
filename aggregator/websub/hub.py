"""The tasks of our hub: verify requests, deliver changes to subscribers, ping other hubs.

Each task takes what is due from the store, a few per host, does it concurrently, and records the
outcome. The three tasks may run at the same time. An error with one callback, even a bug of ours,
does not affect the others.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from itertools import groupby
from time import monotonic
from typing import TypeAlias

import structlog

from aggregator.errors import StoreBusy, StoreError
from aggregator.ingest.fetch.client import Fetcher
from aggregator.model import (
    Failed,
    FailureKind,
    HubPing,
    Subscriber,
    SubscriptionRequest,
)
from aggregator.site import Document
from aggregator.store.base import LockName, Store
from aggregator.websub import protocol
from aggregator.websub.topic_urls import FeedTopics

__all__ = [
    "HubNotifier", "HubTask", "hub_tasks", "notify", "notify_once",
    "ping_hubs", "verify_requests",
]  # fmt: skip

MAX_CONCURRENT_CALLS = 50
"""Callbacks that are called at the same time."""
URLS_PER_PING = 50
MAX_NOTIFY_SECONDS = 60.0
"""Time limit of a task in `notify_once`; the rest is left for the next time."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class HubNotifier:
    """Dependencies and settings of the hub tasks.

    `hub_url` is the URL of our own hub, empty if there is none; `signature_method` signs its
    deliveries; `other_hubs` are pinged.
    """

    store: Store
    fetcher: Fetcher
    topics: FeedTopics
    hub_url: str
    signature_method: str
    other_hubs: Sequence[str]


HubTask: TypeAlias = Callable[[HubNotifier, datetime], Awaitable[bool]]
"""A task does what is due and returns True if there was anything to do."""


def hub_tasks(notifier: HubNotifier) -> Mapping[LockName, HubTask]:
    """The tasks to repeat, by the name of the lock that each needs."""
    tasks: dict[LockName, HubTask] = {"notify": notify, "ping": ping_hubs}
    return {"verify": verify_requests, **tasks} if notifier.hub_url else tasks


async def notify_once(notifier: HubNotifier) -> None:
    """Run each task until nothing is due, unless another process runs it."""
    deadline = monotonic() + MAX_NOTIFY_SECONDS
    for name, task in hub_tasks(notifier).items():
        try:
            with notifier.store.maintenance.lock(name):
                while monotonic() < deadline:
                    if not await task(notifier, datetime.now(UTC)):
                        break
        except StoreBusy:
            log.info("hub_skipped", task=name, reason="another process is doing it")


@dataclass(slots=True)
class _FeedContents:
    """Current contents of feeds, each rendered once."""

    topics: FeedTopics
    _rendered: dict[str, Document | None] = field(default_factory=dict)

    async def get(self, topic: str) -> Document | None:
        if topic not in self._rendered:
            self._rendered[topic] = await asyncio.to_thread(self.topics.content, topic)
        return self._rendered[topic]


async def _gather(calls: Iterable[Awaitable[None]]) -> None:
    """Wait for all calls, then raise the first error of any."""
    for result in await asyncio.gather(*calls, return_exceptions=True):
        if result is not None:
            raise result


async def _isolate_errors(call: Awaitable[None], on_error: Callable[[Failed], None]) -> None:
    """Report an unexpected error of one call to `on_error`, so that the other calls go on."""
    try:
        await call
    except StoreError:
        raise
    except Exception as error:
        log.exception("bug")
        sentence = f"This is a bug in aggregator: {error!r}"
        on_error(Failed(kind=FailureKind.BUG, error=sentence))


def _log(event: str, error: str = "", **values: object) -> None:
    level = log.warning if error else log.info
    level(event, **values, **({"error": error} if error else {}))


# ---- verifying


async def verify_requests(notifier: HubNotifier, now: datetime) -> bool:
    """Verify pending requests with their callbacks. Returns True if there were any."""
    hub = notifier.store.hub
    hub.end_leases(now)
    requests = hub.pending_requests(MAX_CONCURRENT_CALLS)

    def on_error(request: SubscriptionRequest) -> Callable[[Failed], None]:
        def drop(failed: Failed) -> None:
            notifier.store.maintenance.record_bug("verify", failed.error, now)
            hub.delete_request(request)
            _log("hub_verified", mode=request.mode, host=request.host, error=failed.error)

        return drop

    await _gather(
        _isolate_errors(_verify_request(notifier, request, now), on_error(request))
        for request in requests
    )
    return bool(requests)


async def _verify_request(
    notifier: HubNotifier, request: SubscriptionRequest, now: datetime
) -> None:
    """Verify the intent of the subscriber: its callback must return our challenge (5.3)."""
    hub = notifier.store.hub
    content = await asyncio.to_thread(notifier.topics.content, request.topic)
    if content is None and request.mode == "subscribe":
        hub.delete_request(request)
        await _deny(notifier, request)
        return
    challenge = secrets.token_urlsafe(32)
    reply = await notifier.fetcher.call("GET", protocol.verification_url(request, challenge))
    is_confirmed = not reply.error and reply.body.strip() == challenge.encode()
    error = reply.error or ("" if is_confirmed else "The callback did not return our challenge.")
    if not is_confirmed:
        hub.delete_request(request)
    elif request.mode == "unsubscribe":
        hub.remove_subscriber(request.callback, request.topic)
    elif content is not None:
        subscriber = Subscriber(
            callback=request.callback,
            host=request.host,
            topic=request.topic,
            secret=request.secret,
            lease_until=now + timedelta(seconds=request.lease_seconds),
            etag=content.etag,
            due_at=now,  # deliver what has changed since the request
        )
        hub.add_subscriber(request, subscriber)
    _log("hub_verified", mode=request.mode, host=request.host, topic=request.topic, error=error)


async def _deny(notifier: HubNotifier, denied: SubscriptionRequest | Subscriber) -> None:
    """Tell a callback that its subscription is denied, since the feed no longer exists (5.2)."""
    url = protocol.denial_url(denied.callback, denied.topic, "This feed no longer exists.")
    reply = await notifier.fetcher.call("GET", url)
    _log("hub_denied", host=denied.host, topic=denied.topic, error=reply.error)


# ---- notifying subscribers


async def notify(notifier: HubNotifier, now: datetime) -> bool:
    """Queue a delivery for each subscriber of a changed feed, and make those that are due. Returns
    True if there was anything to do."""
    contents = _FeedContents(notifier.topics)
    has_changes = _enqueue_notifications(notifier, now)
    hub = notifier.store.hub
    due = hub.due_deliveries(now, MAX_CONCURRENT_CALLS) if notifier.hub_url else []
    await _gather(
        _isolate_errors(
            _deliver(notifier, subscriber, contents, now),
            _on_delivery_error(notifier, subscriber, now),
        )
        for subscriber in due
    )
    return has_changes or bool(due)


def _enqueue_notifications(notifier: HubNotifier, now: datetime) -> bool:
    hub = notifier.store.hub
    changes = hub.unannounced_changes()
    if not changes:
        return False
    changed = {change.scope for change in changes}
    subscribers: list[int] = []
    for topic in hub.subscribed_topics() if notifier.hub_url else ():
        scopes = notifier.topics.scopes(topic)
        if not scopes or not changed.isdisjoint(scopes):
            subscribers += [subscriber.id for subscriber in hub.subscribers(topic)]
    pings = [
        HubPing(hub=other, feed_url=url, due_at=now)
        for other in notifier.other_hubs
        for scope in sorted(changed)
        for url in notifier.topics.feed_urls(scope)
    ]
    hub.enqueue_notifications(changes, subscribers, pings, now)
    return True


async def _deliver(
    notifier: HubNotifier, subscriber: Subscriber, contents: _FeedContents, now: datetime
) -> None:
    hub = notifier.store.hub
    content = await contents.get(subscriber.topic)
    if content is None:
        hub.remove_subscriber(subscriber.callback, subscriber.topic)
        await _deny(notifier, subscriber)
        return
    if content.etag == subscriber.etag:  # the subscriber has this version already
        hub.mark_delivered(subscriber, content.etag)
        return
    headers = protocol.delivery_headers(
        subscriber, content.media_type, content.body, notifier.hub_url, notifier.signature_method
    )
    reply = await notifier.fetcher.call(
        "POST", subscriber.callback, data=content.body, headers=headers
    )
    if reply.failed is None:
        hub.mark_delivered(subscriber, content.etag)
        _log("hub_delivered", host=subscriber.host, topic=subscriber.topic)
    elif reply.status == HTTPStatus.GONE:  # how a subscriber ends its subscription (7)
        hub.remove_subscriber(subscriber.callback, subscriber.topic)
        _log("hub_dropped", host=subscriber.host, topic=subscriber.topic, error=reply.error)
    else:
        _on_delivery_error(notifier, subscriber, now)(reply.failed)


def _on_delivery_error(
    notifier: HubNotifier, subscriber: Subscriber, now: datetime
) -> Callable[[Failed], None]:
    """A callback that schedules another attempt, or drops a subscriber that failed for too long."""

    def record(failed: Failed) -> None:
        retry = protocol.retry_delivery(subscriber, failed, now)
        if retry is not None:
            notifier.store.hub.mark_failed(retry)
            event = "hub_delivery_failed"
        else:
            notifier.store.hub.remove_subscriber(subscriber.callback, subscriber.topic)
            event = "hub_dropped"
        _log(event, host=subscriber.host, topic=subscriber.topic, error=failed.error)

    return record


# ---- pinging other hubs


async def ping_hubs(notifier: HubNotifier, now: datetime) -> bool:
    """Ping external hubs about the feeds that have changed, which they then fetch. Returns True if
    any ping was due."""
    by_hub = groupby(notifier.store.hub.pings(now), key=lambda ping: ping.hub)
    batches = [
        pings[start : start + URLS_PER_PING]
        for pings in [list(group) for _, group in by_hub]
        for start in range(0, len(pings), URLS_PER_PING)
    ]
    await _gather(
        _isolate_errors(_ping_hub(notifier, pings, now), _on_ping_error(notifier, pings, now))
        for pings in batches
    )
    return bool(batches)


async def _ping_hub(notifier: HubNotifier, pings: Sequence[HubPing], now: datetime) -> None:
    hub = pings[0].hub
    form = [("hub.mode", "publish"), *(("hub.url", ping.feed_url) for ping in pings)]
    if hub in notifier.other_hubs:  # else it is no longer configured
        reply = await notifier.fetcher.post(hub, form)
        if reply.failed:
            _on_ping_error(notifier, pings, now)(reply.failed)
            return
    notifier.store.hub.mark_pinged(pings)
    _log("hub_pinged", hub=hub, feeds=len(pings))


def _on_ping_error(
    notifier: HubNotifier, pings: Sequence[HubPing], now: datetime
) -> Callable[[Failed], None]:
    """A callback that schedules another attempt, or gives up after too many."""

    def record(failed: Failed) -> None:
        retries = [retry for ping in pings if (retry := protocol.retry_ping(ping, failed, now))]
        retried_urls = {ping.feed_url for ping in retries}
        notifier.store.hub.mark_ping_failed(retries)
        notifier.store.hub.mark_pinged(
            [ping for ping in pings if ping.feed_url not in retried_urls]
        )
        _log("hub_pinged", hub=pings[0].hub, feeds=len(pings), error=failed.error)

    return record
