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
from aggregator.hub import rules
from aggregator.ingest.fetch import Fetcher
from aggregator.model import Intent, Ping, Subscriber
from aggregator.store import Store

__all__ = ["Content", "Published", "Teller", "ping", "tell", "verify"]

AT_ONCE = 50
"""Callbacks that are called side by side."""
IN_ONE_PING = 50
"""Addresses."""
GONE = 410

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


@dataclass(slots=True)
class _Feeds:
    """Feeds as they are now, each made once."""

    published: Published
    _made: dict[str, Content | None] = field(default_factory=dict)

    async def get(self, topic: str) -> Content | None:
        if topic not in self._made:
            self._made[topic] = await asyncio.to_thread(self.published.content, topic)
        return self._made[topic]


async def _all(acts: Iterable[Awaitable[None]]) -> None:
    """Wait for all, then raise what went wrong with one."""
    for ended in await asyncio.gather(*acts, return_exceptions=True):
        if ended is not None:
            raise ended


async def _alone(act: Awaitable[None], costs: Callable[[str], None]) -> None:
    """What nobody has foreseen `costs` the one that it has happened with."""
    try:
        await act
    except StoreError:
        raise
    except Exception as error:
        costs(f"This is a bug in aggregator: {error!r}")


# ---- verifying -----------------------------------------------------------------------------


async def verify(teller: Teller, now: datetime) -> bool:
    """Ask those who want to subscribe, or to leave, whether they mean it. True if there were
    any."""
    teller.store.end_leases(now)
    intents = teller.store.intents(AT_ONCE)

    def gone(intent: Intent) -> Callable[[str], None]:
        def costs(error: str) -> None:
            teller.store.forget_intent(intent)
            teller.log("hub", did=intent.mode, subscriber=intent.host, error=error)

        return costs

    await _all(_alone(_verify(teller, one, now), gone(one)) for one in intents)
    return bool(intents)


async def _verify(teller: Teller, intent: Intent, now: datetime) -> None:
    """Ask whether it is meant; only who knows the challenge has read our question (5.3)."""
    content = await asyncio.to_thread(teller.published.content, intent.topic)
    if content is None and intent.mode == "subscribe":
        teller.store.forget_intent(intent)
        await _deny(teller, intent)
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
            host=intent.host,
            topic=intent.topic,
            secret=intent.secret,
            lease_until=now + timedelta(seconds=intent.lease),
            etag=content.etag,
            due=now,  # what has come since it was asked; or from before, if it subscribes again
        )
        teller.store.subscribe_to_us(intent, subscriber)
    teller.log("hub", did=intent.mode, subscriber=intent.host, topic=intent.topic, error=error)


async def _deny(teller: Teller, one: Intent | Subscriber) -> None:
    reason = "There is no such feed any more."
    reply = await teller.fetcher.call("GET", rules.denial(one.callback, one.topic, reason))
    teller.log("hub", did="denied", subscriber=one.host, topic=one.topic, error=reply.error)


# ---- telling -------------------------------------------------------------------------------


async def tell(teller: Teller, now: datetime) -> bool:
    """Note what is owed because of what has changed, and deliver what is due. True if there was
    anything."""
    feeds = _Feeds(teller.published)
    has_heard = await _hear(teller, now)
    owed = teller.store.owed(now, AT_ONCE) if teller.hub else []
    await _all(_alone(_deliver(teller, one, feeds, now), _failed(teller, one, now)) for one in owed)
    return has_heard or bool(owed)


async def _hear(teller: Teller, now: datetime) -> bool:
    news = teller.store.news()
    if not news:
        return False
    changed = {one.scope for one in news}
    owed: list[int] = []
    for topic in teller.store.topics_subscribed() if teller.hub else ():
        scopes = teller.published.scopes(topic)
        if not scopes or not changed.isdisjoint(scopes):
            owed += [s.id for s in teller.store.subscribers(topic)]
    pings = [
        Ping(hub=hub, address=address, due=now)
        for hub in teller.others
        for scope in sorted(changed)
        for address in teller.published.addresses(scope)
    ]
    teller.store.tell(news, owed, pings, now)
    return True


async def _deliver(teller: Teller, subscriber: Subscriber, feeds: _Feeds, now: datetime) -> None:
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
        headers=rules.headers(
            subscriber, content.media_type, content.body, teller.hub, teller.method
        ),
    )
    if not reply.error:
        teller.store.delivered(subscriber, content.etag)
        about = {"subscriber": subscriber.host, "topic": subscriber.topic}
        teller.log("hub", did="delivered", **about)
    elif reply.status == GONE:  # the subscriber has gone, and says so (7)
        teller.store.leave_us(subscriber.callback, subscriber.topic)
        teller.log("hub", did="dropped", subscriber=subscriber.host, error=reply.error)
    else:
        _failed(teller, subscriber, now)(reply.error)


def _failed(teller: Teller, subscriber: Subscriber, now: datetime) -> Callable[[str], None]:
    """What a failure costs a subscriber: another attempt, and in the end its subscription."""

    def costs(error: str) -> None:
        if (failed := rules.after_failure(subscriber, error, now)) is not None:
            teller.store.undelivered(failed)
        else:
            teller.store.leave_us(subscriber.callback, subscriber.topic)
            error = f"{error} It is dropped."
        about = {"subscriber": subscriber.host, "topic": subscriber.topic}
        teller.log("hub", did="not delivered", **about, error=error)

    return costs


# ---- hubs of others ------------------------------------------------------------------------


async def ping(teller: Teller, now: datetime) -> bool:
    """Tell hubs of others which of our feeds have changed; they come and fetch them. True if
    there was anything to tell."""
    due = teller.store.pings(now)
    batches = [
        some[start : start + IN_ONE_PING]
        for _, of_hub in groupby(due, key=lambda one: one.hub)
        for some in [list(of_hub)]
        for start in range(0, len(some), IN_ONE_PING)
    ]
    await _all(_alone(_ping(teller, some, now), _unheard(teller, some, now)) for some in batches)
    return bool(batches)


async def _ping(teller: Teller, pings: Sequence[Ping], now: datetime) -> None:
    hub = pings[0].hub
    form = [("hub.mode", "publish"), *(("hub.url", one.address) for one in pings)]
    error = await teller.fetcher.post(hub, form) if hub in teller.others else ""
    if error:
        _unheard(teller, pings, now)(error)
        return
    teller.store.pinged(pings)
    teller.log("pinged", hub=hub, feeds=len(pings))


def _unheard(teller: Teller, pings: Sequence[Ping], now: datetime) -> Callable[[str], None]:
    def costs(error: str) -> None:
        left = [again for one in pings if (again := rules.later(one, error, now))]
        kept = {one.address for one in left}
        teller.store.unpinged(left)
        teller.store.pinged([one for one in pings if one.address not in kept])
        teller.log("pinged", hub=pings[0].hub, feeds=len(pings), error=error)

    return costs
