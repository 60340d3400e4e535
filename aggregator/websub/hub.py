"""The tasks of our hub: verify requests, deliver changes to subscribers, ping other hubs.

Each task takes what is due from the store, a few per host, does it concurrently, and records the
outcome, until nothing is due. The three tasks may run at the same time. An error with one callback,
even a bug of ours, does not affect the others, nor does one that takes long.
"""

import asyncio
import secrets
from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Hashable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from itertools import groupby
from time import monotonic
from typing import TypeAlias

import structlog

from aggregator.errors import Overloaded, StoreBusy, StoreError
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
from aggregator.websub.calls import Call, make_calls
from aggregator.websub.topic_urls import FeedTopics

__all__ = [
    "HubNotifier", "HubTask", "hub_tasks", "notify", "notify_once",
    "ping_hubs", "verify_requests",
]  # fmt: skip

URLS_PER_PING = 50
MAX_NOTIFY_SECONDS = 60.0
"""Time limit of a task in `notify_once`; the rest is left for the next time."""

MAX_RENDERED_FEEDS = 10
"""Feeds that are kept in memory while they are delivered."""

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


Clock: TypeAlias = Callable[[], datetime]
HubTask: TypeAlias = Callable[[HubNotifier, Clock], Awaitable[bool]]
"""A task does what is due by the clock, until nothing is, and returns True if anything was."""


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
                async with asyncio.timeout(max(0.0, deadline - monotonic())):
                    await task(notifier, lambda: datetime.now(UTC))
        except TimeoutError:
            log.info(
                "hub_skipped", task=name, reason="not finished in time; the rest is done next time"
            )
        except StoreBusy:
            log.info("hub_skipped", task=name, reason="another process is doing it")


@dataclass(slots=True)
class _FeedContents:
    """Current contents of feeds: the last few, each rendered once per change, one at a time."""

    notifier: HubNotifier
    _rendered: dict[str, tuple[int, Document | None]] = field(default_factory=dict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def get(self, feed_url: str) -> Document | None:
        topics, lists = self.notifier.topics, self.notifier.store.lists
        async with self._lock:
            revision = lists.revision(*topics.scopes(feed_url)).number
            known, document = self._rendered.pop(feed_url, (-1, None))
            if known != revision:
                document = await asyncio.to_thread(topics.content, feed_url)
            self._rendered[feed_url] = revision, document
            if len(self._rendered) > MAX_RENDERED_FEEDS:
                del self._rendered[next(iter(self._rendered))]
            return document


async def _isolate_errors(call: Awaitable[None], on_error: Callable[[Failed], None]) -> None:
    """Report an unexpected error of one call to `on_error`, so that the other calls go on."""
    try:
        await call
    except StoreError:
        raise
    except Overloaded as error:
        on_error(Failed(kind=FailureKind.RESOURCES, error=str(error)))
    except Exception as error:
        log.exception("bug")
        sentence = f"This is a bug in aggregator: {error!r}"
        on_error(Failed(kind=FailureKind.BUG, error=sentence))


def _log(event: str, error: str = "", **values: object) -> None:
    level = log.warning if error else log.info
    level(event, **values, **({"error": error} if error else {}))


# ---- verifying


async def verify_requests(notifier: HubNotifier, clock: Clock) -> bool:
    """Verify pending requests with their callbacks."""
    contents, hub = _FeedContents(notifier), notifier.store.hub

    def on_error(request: SubscriptionRequest, now: datetime) -> Callable[[Failed], None]:
        def drop(failed: Failed) -> None:
            if failed.kind is FailureKind.BUG:
                notifier.store.maintenance.record_bug("verify", failed.error, now)
            hub.delete_request(request)
            _log("hub_verified", mode=request.mode, host=request.host, error=failed.error)

        return drop

    def pick(running: Collection[Hashable], free_slots: int) -> Iterator[Call]:
        now = clock()
        hub.end_leases(now)
        pending = hub.pending_requests(free_slots + len(running))
        for request in [each for each in pending if each.id not in running][:free_slots]:
            call = _verify_request(notifier, request, contents, now)
            yield request.id, _isolate_errors(call, on_error(request, now))

    return await make_calls(pick)


async def _verify_request(
    notifier: HubNotifier,
    request: SubscriptionRequest,
    contents: _FeedContents,
    now: datetime,
) -> None:
    """Verify the intent of the subscriber: its callback must return our challenge (5.3)."""
    hub = notifier.store.hub
    content = await contents.get(request.feed_url or request.topic)
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
            feed_url=request.feed_url,
        )
        hub.add_subscriber(request, subscriber)
    _log("hub_verified", mode=request.mode, host=request.host, topic=request.topic, error=error)


async def _deny(notifier: HubNotifier, denied: SubscriptionRequest | Subscriber) -> None:
    """Tell a callback that its subscription is denied, since the feed no longer exists (5.2)."""
    url = protocol.denial_url(denied.callback, denied.topic, "This feed no longer exists.")
    reply = await notifier.fetcher.call("GET", url)
    _log("hub_denied", host=denied.host, topic=denied.topic, error=reply.error)


# ---- notifying subscribers


async def notify(notifier: HubNotifier, clock: Clock) -> bool:
    """Queue a delivery for each subscriber of a changed feed, and make those that are due."""
    contents, hub = _FeedContents(notifier), notifier.store.hub

    def pick(running: Collection[Hashable], free_slots: int) -> Iterator[Call]:
        now = clock()
        _enqueue_notifications(notifier, now)
        limit = free_slots + len(running)
        due = hub.due_deliveries(now, limit) if notifier.hub_url else []
        for subscriber in [each for each in due if each.id not in running][:free_slots]:
            call = _deliver(notifier, subscriber, contents, now)
            yield (
                subscriber.id,
                _isolate_errors(call, _on_delivery_error(notifier, subscriber, now)),
            )

    return await make_calls(pick)


def _enqueue_notifications(notifier: HubNotifier, now: datetime) -> None:
    hub = notifier.store.hub
    changes = hub.unannounced_changes()
    if not changes:
        return
    changed = {change.scope for change in changes}
    by_feed: dict[str, list[int]] = {}
    for subscriber in hub.subscribers() if notifier.hub_url else ():
        by_feed.setdefault(subscriber.feed_url, []).append(subscriber.id)
    subscribers: list[int] = []
    for feed_url, ids in by_feed.items():
        scopes = notifier.topics.scopes(feed_url)
        if not scopes or not changed.isdisjoint(scopes):
            subscribers += ids
    pings = [
        HubPing(hub=other, feed_url=url, due_at=now)
        for other in notifier.other_hubs
        for scope in sorted(changed)
        for url in notifier.topics.feed_urls(scope)
    ]
    hub.enqueue_notifications(changes, subscribers, pings, now)


async def _deliver(
    notifier: HubNotifier, subscriber: Subscriber, contents: _FeedContents, now: datetime
) -> None:
    hub = notifier.store.hub
    content = await contents.get(subscriber.feed_url)
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


async def ping_hubs(notifier: HubNotifier, clock: Clock) -> bool:
    """Ping external hubs about the feeds that have changed, which they then fetch. Each hub gets
    one ping at a time."""

    def pick(running: Collection[Hashable], free_slots: int) -> Iterator[Call]:
        now = clock()
        by_hub = groupby(notifier.store.hub.pings(now), key=lambda ping: ping.hub)
        due = [(hub, list(pings)[:URLS_PER_PING]) for hub, pings in by_hub if hub not in running]
        for hub, pings in due[:free_slots]:
            call = _ping_hub(notifier, pings, now)
            yield hub, _isolate_errors(call, _on_ping_error(notifier, pings, now))

    return await make_calls(pick)


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
