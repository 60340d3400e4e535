"""What a hub does: it verifies, hears of changes and delivers, and pings.

Each act takes what is due from the store, of each host a few, does it side by side, and notes what
came of it. Three acts that may go on beside each other; what is wrong with one callback, be it a
bug of ours, costs that callback alone.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Protocol

from aggregator.errors import StoreError
from aggregator.ingest.fetch.client import Fetcher
from aggregator.model import HubPing, Subscriber, SubscriptionRequest
from aggregator.store import Store
from aggregator.websub import protocol

__all__ = ["FeedContent", "HubNotifier", "Topics", "notify", "ping_hubs", "verify_requests"]

MAX_CONCURRENT_CALLS = 50
"""Callbacks that are called side by side."""
URLS_PER_PING = 50
"""Addresses."""
STATUS_GONE = 410

Log = Callable[..., None]


class FeedContent(Protocol):
    """A feed as it is now."""

    @property
    def body(self) -> bytes: ...
    @property
    def media_type(self) -> str: ...
    @property
    def etag(self) -> str: ...


class Topics(Protocol):
    """What can be subscribed to; a topic is the address of a feed."""

    def scopes(self, topic: str) -> Sequence[str]:
        """The lists on which a topic depends; none if there is no such feed."""

    def content(self, topic: str) -> FeedContent | None:
        """The feed as it is now; None if there is none any more."""

    def feed_urls(self, scope: str) -> Sequence[str]:
        """The feeds of a list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubNotifier:
    """Who tells of changes. `hub` is the address of our own hub, empty if we are none; `method`
    signs what it delivers; `others` are hubs that are pinged."""

    store: Store
    fetcher: Fetcher
    topics: Topics
    hub_url: str
    signature_method: str
    other_hubs: Sequence[str]
    log: Log


@dataclass(slots=True)
class _FeedContents:
    """Feeds as they are now, each made once."""

    published: Topics
    _made: dict[str, FeedContent | None] = field(default_factory=dict)

    async def get(self, topic: str) -> FeedContent | None:
        if topic not in self._made:
            self._made[topic] = await asyncio.to_thread(self.published.content, topic)
        return self._made[topic]


async def _gather(acts: Iterable[Awaitable[None]]) -> None:
    """Wait for all, then raise what went wrong with one."""
    for ended in await asyncio.gather(*acts, return_exceptions=True):
        if ended is not None:
            raise ended


async def _isolate_errors(act: Awaitable[None], costs: Callable[[str], None]) -> None:
    """What nobody has foreseen `costs` the one that it has happened with."""
    try:
        await act
    except StoreError:
        raise
    except Exception as error:
        costs(f"This is a bug in aggregator: {error!r}")


# ---- verifying -----------------------------------------------------------------------------


async def verify_requests(teller: HubNotifier, now: datetime) -> bool:
    """Ask those who want to subscribe, or to leave, whether they mean it. True if there were
    any."""
    teller.store.end_leases(now)
    intents = teller.store.intents(MAX_CONCURRENT_CALLS)

    def gone(intent: SubscriptionRequest) -> Callable[[str], None]:
        def costs(error: str) -> None:
            teller.store.forget_intent(intent)
            teller.log("hub", did=intent.mode, subscriber=intent.host, error=error)

        return costs

    await _gather(_isolate_errors(_verify_request(teller, one, now), gone(one)) for one in intents)
    return bool(intents)


async def _verify_request(teller: HubNotifier, intent: SubscriptionRequest, now: datetime) -> None:
    """Ask whether it is meant; only who knows the challenge has read our question (5.3)."""
    content = await asyncio.to_thread(teller.topics.content, intent.topic)
    if content is None and intent.mode == "subscribe":
        teller.store.forget_intent(intent)
        await _deny(teller, intent)
        return
    challenge = secrets.token_urlsafe(32)
    reply = await teller.fetcher.call("GET", protocol.verification_url(intent, challenge))
    is_meant = not reply.error and reply.body.strip() == challenge.encode()
    error = reply.error or ("" if is_meant else "It does not answer with our challenge.")
    if not is_meant:
        teller.store.forget_intent(intent)
    elif intent.mode == "unsubscribe":
        teller.store.leave_us(intent.callback, intent.topic)
    elif content is not None:
        subscriber = Subscriber(
            callback=intent.callback,
            host=intent.host,
            topic=intent.topic,
            secret=intent.secret,
            lease_until=now + timedelta(seconds=intent.lease_seconds),
            etag=content.etag,
            due_at=now,  # what has come since it was asked; or from before, if it subscribes again
        )
        teller.store.subscribe_to_us(intent, subscriber)
    teller.log("hub", did=intent.mode, subscriber=intent.host, topic=intent.topic, error=error)


async def _deny(teller: HubNotifier, one: SubscriptionRequest | Subscriber) -> None:
    reason = "There is no such feed any more."
    reply = await teller.fetcher.call("GET", protocol.denial_url(one.callback, one.topic, reason))
    teller.log("hub", did="denied", subscriber=one.host, topic=one.topic, error=reply.error)


# ---- telling -------------------------------------------------------------------------------


async def notify(teller: HubNotifier, now: datetime) -> bool:
    """Note what is owed because of what has changed, and deliver what is due. True if there was
    anything."""
    feeds = _FeedContents(teller.topics)
    has_heard = await _enqueue_notifications(teller, now)
    owed = teller.store.owed(now, MAX_CONCURRENT_CALLS) if teller.hub_url else []
    await _gather(
        _isolate_errors(_deliver(teller, one, feeds, now), _on_delivery_error(teller, one, now))
        for one in owed
    )
    return has_heard or bool(owed)


async def _enqueue_notifications(teller: HubNotifier, now: datetime) -> bool:
    news = teller.store.news()
    if not news:
        return False
    changed = {one.scope for one in news}
    owed: list[int] = []
    for topic in teller.store.topics_subscribed() if teller.hub_url else ():
        scopes = teller.topics.scopes(topic)
        if not scopes or not changed.isdisjoint(scopes):
            owed += [s.id for s in teller.store.subscribers(topic)]
    pings = [
        HubPing(hub=hub, feed_url=address, due_at=now)
        for hub in teller.other_hubs
        for scope in sorted(changed)
        for address in teller.topics.feed_urls(scope)
    ]
    teller.store.tell(news, owed, pings, now)
    return True


async def _deliver(
    teller: HubNotifier, subscriber: Subscriber, feeds: _FeedContents, now: datetime
) -> None:
    content = await feeds.get(subscriber.topic)
    if content is None:
        teller.store.leave_us(subscriber.callback, subscriber.topic)
        await _deny(teller, subscriber)
        return
    if content.etag == subscriber.etag:  # nothing that it does not have
        teller.store.delivered(subscriber, content.etag)
        return
    reply = await teller.fetcher.call(
        "POST",
        subscriber.callback,
        data=content.body,
        headers=protocol.delivery_headers(
            subscriber, content.media_type, content.body, teller.hub_url, teller.signature_method
        ),
    )
    if not reply.error:
        teller.store.delivered(subscriber, content.etag)
        about = {"subscriber": subscriber.host, "topic": subscriber.topic}
        teller.log("hub", did="delivered", **about)
    elif reply.status == STATUS_GONE:  # the subscriber has gone, and says so (7)
        teller.store.leave_us(subscriber.callback, subscriber.topic)
        teller.log("hub", did="dropped", subscriber=subscriber.host, error=reply.error)
    else:
        _on_delivery_error(teller, subscriber, now)(reply.error)


def _on_delivery_error(
    teller: HubNotifier, subscriber: Subscriber, now: datetime
) -> Callable[[str], None]:
    """What a failure costs a subscriber: another attempt, and in the end its subscription."""

    def costs(error: str) -> None:
        if (failed := protocol.retry_delivery(subscriber, error, now)) is not None:
            teller.store.undelivered(failed)
        else:
            teller.store.leave_us(subscriber.callback, subscriber.topic)
            error = f"{error} It is dropped."
        about = {"subscriber": subscriber.host, "topic": subscriber.topic}
        teller.log("hub", did="not delivered", **about, error=error)

    return costs


# ---- hubs of others ------------------------------------------------------------------------


async def ping_hubs(teller: HubNotifier, now: datetime) -> bool:
    """Tell hubs of others which of our feeds have changed; they come and fetch them. True if
    there was anything to tell."""
    due = teller.store.pings(now)
    batches = [
        some[start : start + URLS_PER_PING]
        for _, of_hub in groupby(due, key=lambda one: one.hub)
        for some in [list(of_hub)]
        for start in range(0, len(some), URLS_PER_PING)
    ]
    await _gather(
        _isolate_errors(_ping_hub(teller, some, now), _on_ping_error(teller, some, now))
        for some in batches
    )
    return bool(batches)


async def _ping_hub(teller: HubNotifier, pings: Sequence[HubPing], now: datetime) -> None:
    hub = pings[0].hub
    form = [("hub.mode", "publish"), *(("hub.url", one.feed_url) for one in pings)]
    error = await teller.fetcher.post(hub, form) if hub in teller.other_hubs else ""
    if error:
        _on_ping_error(teller, pings, now)(error)
        return
    teller.store.pinged(pings)
    teller.log("pinged", hub=hub, feeds=len(pings))


def _on_ping_error(
    teller: HubNotifier, pings: Sequence[HubPing], now: datetime
) -> Callable[[str], None]:
    def costs(error: str) -> None:
        left = [again for one in pings if (again := protocol.retry_ping(one, error, now))]
        kept = {one.feed_url for one in left}
        teller.store.unpinged(left)
        teller.store.pinged([one for one in pings if one.feed_url not in kept])
        teller.log("pinged", hub=pings[0].hub, feeds=len(pings), error=error)

    return costs
