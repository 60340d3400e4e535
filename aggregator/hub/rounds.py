"""What a hub does: it verifies, hears of changes, delivers, and pings.

Each act takes what is due from the store, does it side by side, and notes what came of it.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Protocol

from aggregator.hub import rules
from aggregator.ingest.fetch import Fetcher
from aggregator.model import Intent, Ping, Subscriber
from aggregator.store import Store

__all__ = ["Content", "Published", "Teller", "go_round"]

AT_ONCE = 50
"""Callbacks that are called side by side."""
IN_ONE_PING = 50
"""Addresses."""

Log = Callable[..., None]


class Content(Protocol):
    """A feed as it is now."""

    @property
    def body(self) -> bytes: ...
    @property
    def media_type(self) -> str: ...
    @property
    def etag(self) -> str: ...


class Published(Protocol):
    """What can be subscribed to; a topic is the address of a feed."""

    def scopes(self, topic: str) -> Sequence[str]:
        """The lists on which a topic depends; none if there is no such feed."""

    def content(self, topic: str) -> Content | None:
        """The feed as it is now; None if there is none any more."""

    def addresses(self, scope: str) -> Sequence[str]:
        """The feeds of a list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """Who tells of changes. `hub` is the address of our own hub, empty if we are none; `method`
    signs what it delivers; `others` are hubs that are pinged."""

    store: Store
    fetcher: Fetcher
    published: Published
    hub: str
    method: str
    others: Sequence[str]
    log: Log


async def go_round(teller: Teller, now: datetime) -> bool:
    """Do all that is due. True if there was anything."""
    done = 0
    if teller.hub:
        teller.store.end_leases(now)
        done += await _verify(teller, now)
    done += await _hear(teller, now)
    if teller.hub:
        done += await _deliver(teller, now)
    done += await _ping(teller, now)
    return done > 0


async def _all(acts: Iterable[Awaitable[None]]) -> None:
    """Wait for all, then raise what went wrong with one."""
    for ended in await asyncio.gather(*acts, return_exceptions=True):
        if ended is not None:
            raise ended


# ---- verifying -----------------------------------------------------------------------------


async def _verify(teller: Teller, now: datetime) -> int:
    intents = teller.store.intents(AT_ONCE)
    await _all(_verify_one(teller, intent, now) for intent in intents)
    return len(intents)


async def _verify_one(teller: Teller, intent: Intent, now: datetime) -> None:
    """Ask whether it is meant; only who knows the challenge has read our question (5.3)."""
    content = await asyncio.to_thread(teller.published.content, intent.topic)
    if content is None and intent.mode == "subscribe":
        teller.store.forget_intent(intent)
        await _deny(teller, intent.callback, intent.topic)
        return
    challenge = secrets.token_urlsafe(32)
    reply = await teller.fetcher.call("GET", rules.verification(intent, challenge))
    is_meant = not reply.error and reply.body.strip() == challenge.encode()
    error = reply.error or ("" if is_meant else "It does not answer with our challenge.")
    if not is_meant:
        teller.store.forget_intent(intent)
    elif intent.mode == "unsubscribe":
        teller.store.leave_us(intent.callback, intent.topic)
    elif content is not None:
        subscriber = Subscriber(
            callback=intent.callback,
            topic=intent.topic,
            secret=intent.secret,
            lease_until=now + timedelta(seconds=intent.lease),
            etag=content.etag,
        )
        teller.store.subscribe_to_us(intent, subscriber)
    host = rules.origin_of(intent.callback)
    teller.log("hub", did=intent.mode, subscriber=host, topic=intent.topic, error=error)


async def _deny(teller: Teller, callback: str, topic: str) -> None:
    reason = "There is no such feed any more."
    reply = await teller.fetcher.call("GET", rules.denial(callback, topic, reason))
    host = rules.origin_of(callback)
    teller.log("hub", did="denied", subscriber=host, topic=topic, error=reply.error)


# ---- hearing -------------------------------------------------------------------------------


async def _hear(teller: Teller, now: datetime) -> int:
    """Note what is owed because of what has changed."""
    news = teller.store.news()
    if not news:
        return 0
    changed = {one.scope for one in news}
    owed: list[int] = []
    for topic in teller.store.topics_subscribed() if teller.hub else ():
        scopes = teller.published.scopes(topic)
        if scopes and changed.isdisjoint(scopes):
            continue
        content = await asyncio.to_thread(teller.published.content, topic)
        etag = content.etag if content else ""
        owed += [s.id for s in teller.store.subscribers(topic) if s.etag != etag]
    pings = [
        Ping(hub=hub, address=address, due=now)
        for hub in teller.others
        for scope in sorted(changed)
        for address in teller.published.addresses(scope)
    ]
    teller.store.tell(news, owed, pings, now)
    return 1


# ---- telling -------------------------------------------------------------------------------


async def _deliver(teller: Teller, now: datetime) -> int:
    owed = sorted(teller.store.owed(now, AT_ONCE), key=lambda s: (s.topic, s.id))
    for topic, some in groupby(owed, key=lambda subscriber: subscriber.topic):
        content = await asyncio.to_thread(teller.published.content, topic)
        await _all([_deliver_one(teller, subscriber, content, now) for subscriber in some])
    return len(owed)


async def _deliver_one(
    teller: Teller, subscriber: Subscriber, content: Content | None, now: datetime
) -> None:
    host = rules.origin_of(subscriber.callback)
    if content is None:
        teller.store.leave_us(subscriber.callback, subscriber.topic)
        await _deny(teller, subscriber.callback, subscriber.topic)
        return
    if content.etag == subscriber.etag:
        teller.store.delivered(subscriber, content.etag)  # it has changed back
        return
    reply = await teller.fetcher.call(
        "POST",
        subscriber.callback,
        data=content.body,
        headers=rules.headers(
            subscriber, content.media_type, content.body, teller.hub, teller.method
        ),
    )
    if not reply.error:
        teller.store.delivered(subscriber, content.etag)
    elif reply.status == 410:  # the subscriber has gone, and says so (7)
        teller.store.leave_us(subscriber.callback, subscriber.topic)
    elif (failed := rules.after_failure(subscriber, reply.error, now)) is not None:
        teller.store.undelivered(failed)
    else:
        teller.store.leave_us(subscriber.callback, subscriber.topic)
        reply = type(reply)(error=f"{reply.error} It is dropped.")
    teller.log("hub", did="delivered", subscriber=host, topic=subscriber.topic, error=reply.error)


async def _ping(teller: Teller, now: datetime) -> int:
    due = teller.store.pings(now)
    batches = [
        some[start : start + IN_ONE_PING]
        for _, of_hub in groupby(due, key=lambda ping: ping.hub)
        for some in [list(of_hub)]
        for start in range(0, len(some), IN_ONE_PING)
    ]
    await _all(_ping_one(teller, some, now) for some in batches)
    return len(batches)


async def _ping_one(teller: Teller, pings: Sequence[Ping], now: datetime) -> None:
    """Tell a hub which of our feeds have changed; it comes and fetches them."""
    hub = pings[0].hub
    form = [("hub.mode", "publish"), *(("hub.url", ping.address) for ping in pings)]
    error = await teller.fetcher.post(hub, form) if hub in teller.others else ""
    left = [ping for each in pings if error and (ping := rules.later(each, error, now))]
    kept = {ping.address for ping in left}
    teller.store.unpinged(left)
    teller.store.pinged([ping for ping in pings if ping.address not in kept])
    teller.log("pinged", hub=hub, feeds=len(pings), error=error)
