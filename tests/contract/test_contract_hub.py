"""Our own hub: requests, subscribers, notifications, and pings to external hubs."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from aggregator.model import (
    ALL,
    FailureKind,
    HubPing,
    ListChange,
    Subscriber,
    SubscriptionRequest,
    source_scope,
    topic_scope,
)
from aggregator.store.base import Store
from tests.harness.builders import NOW
from tests.harness.saving import publish

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TOPIC = "https://commons.example/topics/labor.atom"
MAX_CALLBACKS_PER_HOST = 4
"""How many callbacks of one host are due at a time."""


def _request(name: str = "a", host: str = "reader.example", **fields: Any) -> SubscriptionRequest:
    defaults: dict[str, Any] = {
        "mode": "subscribe", "callback": f"https://{host}/{name}", "host": host, "topic": TOPIC,
        "secret": "s3cret", "lease_seconds": 864_000, "requested_at": NOW,
    }  # fmt: skip
    return SubscriptionRequest(**{**defaults, **fields})


def _subscribe(
    store: Store, name: str = "a", host: str = "reader.example", **fields: Any
) -> Subscriber:
    """Make a request and verify it; returns the subscriber."""
    request = _request(name, host)
    store.hub.add_request(request)
    request = next(r for r in store.hub.pending_requests(99) if r.callback == request.callback)
    defaults: dict[str, Any] = {
        "callback": request.callback, "host": host, "topic": TOPIC, "secret": "s3cret",
        "lease_until": NOW + 10 * DAY, "etag": '"1"',
    }  # fmt: skip
    store.hub.add_subscriber(request, Subscriber(**{**defaults, **fields}))
    return next(s for s in store.hub.subscribers() if s.callback == request.callback)


# ---- subscribing


def test_a_later_request_replaces_a_pending_one(
    store: Store, open_again: Callable[[], Store]
) -> None:
    """A request is stored unchanged until another for the same callback and topic arrives."""
    store.hub.add_request(_request())
    (pending,) = open_again().hub.pending_requests(9)
    assert pending == replace(_request(), id=pending.id)

    store.hub.add_request(_request(mode="unsubscribe", secret=""))
    (later,) = store.hub.pending_requests(9)
    assert (later.mode, later.secret) == ("unsubscribe", "")
    assert later.id != pending.id  # so that it cannot be mistaken for the one being verified

    store.hub.delete_request(pending)
    assert store.hub.count_requests() == (1, 0)
    store.hub.delete_request(later)
    assert store.hub.count_requests() == (0, 0)


def test_pending_requests_are_limited_per_host(store: Store) -> None:
    """Requests are verified oldest first, a few per host, so that no host delays others."""
    for number in range(MAX_CALLBACKS_PER_HOST + 2):
        store.hub.add_request(_request(str(number), "busy.example"))
    store.hub.add_request(_request())

    found = [request.callback for request in store.hub.pending_requests(99)]
    assert found == [
        *(f"https://busy.example/{n}" for n in range(MAX_CALLBACKS_PER_HOST)), "https://reader.example/a",
    ]  # fmt: skip
    assert len(store.hub.pending_requests(2)) == 2
    assert store.hub.count_from_host("busy.example") == MAX_CALLBACKS_PER_HOST + 2


def test_clients_take_turns(store: Store) -> None:
    """Requests are counted by client, and one client's do not come before all others'."""
    for number in range(4):
        host = f"h{number}.example"
        store.hub.add_request(_request(host=host, client="198.51.100.7"))
    store.hub.add_request(_request(host="late.example", client="203.0.113.9"))

    first, second, *_ = store.hub.pending_requests(9)
    assert {first.host, second.host} == {"h0.example", "late.example"}
    assert store.hub.count_from_client("198.51.100.7") == (4, 0)
    store.hub.add_subscriber(
        first,
        Subscriber(
            callback=first.callback, host=first.host, topic=first.topic, lease_until=NOW + DAY
        ),
    )
    assert store.hub.count_from_client(first.client)[1] == 1


def test_feeds_that_are_made_for_subscribers(store: Store) -> None:
    """They count from the request on, each once."""
    site = "https://commons.example"
    paths = ["/all.rss", "/all.rss?limit=9", "/topics/a+b.rss", "/all.rss?limit=9"]
    for number, path in enumerate(paths):
        request = _request(host=f"h{number}.example", feed_url=f"{site}{path}")
        store.hub.add_request(request)
    store.hub.add_request(_request(mode="unsubscribe", feed_url=f"{site}/all.rss?limit=3"))

    found = [url.removeprefix(site) for url in store.hub.custom_feeds()]
    assert sorted(found) == ["/all.rss?limit=9", "/topics/a+b.rss"]


def test_a_verified_request_becomes_a_subscription(
    store: Store, open_again: Callable[[], Store]
) -> None:
    """A new subscription is due at once."""
    subscriber = _subscribe(store)

    assert open_again().hub.subscribers() == [subscriber]
    assert (subscriber.secret, subscriber.etag) == ("s3cret", '"1"')
    assert subscriber.lease_until == NOW + 10 * DAY
    assert subscriber.due_at == NOW
    assert store.hub.pending_requests(9) == []
    assert store.hub.count_requests() == (0, 1)
    assert store.hub.count_from_host("reader.example") == 1


def test_pending_requests_count_as_subscribed(store: Store) -> None:
    """A subscriber is subscribed, and so is one that is not verified yet."""
    _subscribe(store)
    store.hub.add_request(_request("b"))

    assert store.hub.is_subscribed("https://reader.example/a", TOPIC)
    assert store.hub.is_subscribed("https://reader.example/b", TOPIC)
    assert not store.hub.is_subscribed("https://reader.example/c", TOPIC)
    assert not store.hub.is_subscribed("https://reader.example/a", "https://commons.example/all")


def test_a_renewal_replaces_lease_and_secret(store: Store) -> None:
    """A renewal clears failures and keeps what was delivered."""
    first = _subscribe(store)
    store.hub.mark_delivered(first, '"2"')
    store.hub.mark_failed(replace(first, attempts=3, failing_since=NOW, error="404"))

    renewed = _subscribe(store, secret="new", lease_until=NOW + 20 * DAY, etag='"x"')

    assert (renewed.id, renewed.secret, renewed.lease_until) == (first.id, "new", NOW + 20 * DAY)
    assert (renewed.attempts, renewed.failing_since, renewed.error) == (0, None, "")
    assert renewed.etag == '"2"'


def test_subscriptions_end_with_the_lease_or_on_request(store: Store) -> None:
    """A subscription ends when its lease does, or when the subscriber unsubscribes."""
    for name, days in (("a", 1), ("b", 2), ("c", 3)):
        _subscribe(store, name, lease_until=NOW + days * DAY)

    assert store.hub.end_leases(NOW + 1.5 * DAY) == 1
    assert store.hub.end_leases(NOW + 1.5 * DAY) == 0
    store.hub.remove_subscriber("https://reader.example/b", TOPIC)
    store.hub.remove_subscriber("https://reader.example/nobody", TOPIC)

    assert [s.callback for s in store.hub.subscribers()] == ["https://reader.example/c"]


# ---- notifying


def test_changes_are_announced_once(store: Store) -> None:
    """Changed lists are announced once; archives and story pages never are."""
    publish(store, "A", "labor")
    store.lists.archive(1, NOW)
    changes = store.hub.unannounced_changes()
    revisions = {
        scope: store.lists.revision(scope).number
        for scope in (ALL, topic_scope("labor"), source_scope("harbor"))
    }
    assert {change.scope for change in changes} == set(revisions)

    store.hub.enqueue_notifications(changes, (), (), NOW)
    assert store.hub.unannounced_changes() == [
        change for change in changes if revisions[change.scope] != change.revision
    ]

    publish(store, "B", source="plains")
    scopes = {change.scope for change in store.hub.unannounced_changes()}
    assert scopes == {ALL, source_scope("plains")}


def test_a_change_during_an_announcement_is_not_lost(store: Store) -> None:
    """A change that follows the announced one is still unannounced."""
    publish(store, "A")
    changes = store.hub.unannounced_changes()
    publish(store, "B")

    store.hub.enqueue_notifications(changes, (), (), NOW)

    now = ListChange(scope=ALL, revision=store.lists.revision(ALL).number)
    assert now in store.hub.unannounced_changes()


def test_a_delivery_is_due_until_it_is_made(store: Store) -> None:
    """A second change does not postpone the delivery."""
    subscriber = _subscribe(store)
    store.hub.mark_delivered(subscriber, '"2"')
    assert store.hub.due_deliveries(NOW, 9) == []

    for hours in (1, 2):
        store.hub.enqueue_notifications((), [subscriber.id], (), NOW + hours * HOUR)

    (due,) = store.hub.due_deliveries(NOW + HOUR, 9)
    assert (due.id, due.etag, due.due_at) == (subscriber.id, '"2"', NOW + HOUR)
    assert store.hub.due_deliveries(NOW, 9) == []


def test_a_change_during_a_delivery_is_delivered_too(store: Store) -> None:
    """The subscriber stays due until it has what came while the delivery was under way."""
    _subscribe(store)
    subscribers = [each.id for each in store.hub.subscribers()]
    store.hub.enqueue_notifications([], subscribers, [], NOW)
    (due,) = store.hub.due_deliveries(NOW, 9)
    store.hub.enqueue_notifications([], subscribers, [], NOW)
    store.hub.mark_delivered(due, '"2"')

    (again,) = store.hub.due_deliveries(NOW, 9)
    store.hub.mark_delivered(again, '"3"')

    assert store.hub.due_deliveries(NOW, 9) == []


def test_a_failed_delivery_is_retried_later(store: Store) -> None:
    """Failed deliveries come after those that work."""
    bad, good = _subscribe(store, "bad", "bad.example"), _subscribe(store, "good", "good.example")
    failed = replace(bad, due_at=NOW - HOUR, attempts=2, failing_since=NOW - DAY, error="500")
    store.hub.mark_failed(failed)

    assert store.hub.due_deliveries(NOW, 9) == [good, failed]
    store.hub.mark_failed(replace(failed, due_at=NOW + HOUR))
    assert store.hub.due_deliveries(NOW, 9) == [good]

    store.hub.mark_delivered(failed, '"3"')
    healthy = next(s for s in store.hub.subscribers() if s.id == bad.id)
    assert healthy == replace(bad, etag='"3"', due_at=None)


def test_failures_are_counted_by_kind(store: Store) -> None:
    """Of subscribers and pings that are failing now, not of those that have recovered."""
    slow, broken = _subscribe(store, "slow"), _subscribe(store, "broken")
    ping = HubPing(hub="https://hub.example/", feed_url=TOPIC, due_at=NOW)
    store.hub.enqueue_notifications((), (), [ping], NOW)
    assert store.hub.count_failing() == {}

    store.hub.mark_failed(
        replace(slow, attempts=1, failing_since=NOW, failure_kind=FailureKind.TIMEOUT, error="Slow")
    )
    failed = replace(broken, attempts=1, failing_since=NOW, failure_kind=FailureKind.BUG)
    store.hub.mark_failed(failed)
    store.hub.mark_ping_failed([replace(ping, attempts=1, failure_kind=FailureKind.BUG)])

    assert store.hub.count_failing() == {FailureKind.TIMEOUT: 1, FailureKind.BUG: 2}
    (stored,) = (each for each in store.hub.subscribers() if each.id == broken.id)
    assert stored.failure_kind is FailureKind.BUG
    assert [each.failure_kind for each in store.hub.pings()] == [FailureKind.BUG]
    store.hub.mark_delivered(broken, '"1"')
    store.hub.mark_pinged(store.hub.pings())
    assert store.hub.count_failing() == {FailureKind.TIMEOUT: 1}


def test_due_deliveries_are_limited_per_host(store: Store) -> None:
    """Only a few deliveries to one host are due at a time."""
    for number in range(MAX_CALLBACKS_PER_HOST + 2):
        _subscribe(store, str(number), "busy.example")
    _subscribe(store)

    found = [subscriber.host for subscriber in store.hub.due_deliveries(NOW, 99)]
    assert sorted(found) == ["busy.example"] * MAX_CALLBACKS_PER_HOST + ["reader.example"]
    assert len(store.hub.due_deliveries(NOW, 2)) == 2


# ---- pings


def _ping(store: Store, **fields: Any) -> HubPing:
    ping = HubPing(hub="https://hub.example/", feed_url=TOPIC, due_at=NOW, **fields)
    store.hub.enqueue_notifications((), (), [ping], NOW)
    return ping


def test_a_ping_is_due_until_it_is_sent(store: Store) -> None:
    """A change makes a ping due; sending it removes it."""
    ping = _ping(store)

    assert store.hub.pings() == store.hub.pings(NOW) == [ping]
    assert store.hub.pings(NOW - HOUR) == []
    store.hub.mark_pinged([ping])
    assert store.hub.pings() == []


def test_a_change_while_a_ping_is_sent_makes_it_due_again(store: Store) -> None:
    """The ping is kept, with both changes."""
    sent = _ping(store)
    _ping(store)

    store.hub.mark_pinged([sent])

    assert store.hub.pings() == [replace(sent, changes=2)]


def test_a_failed_ping_is_retried_later(store: Store) -> None:
    """A failed ping is kept with the time of its next attempt."""
    failed = replace(_ping(store), due_at=NOW + HOUR, attempts=1, error="503")

    store.hub.mark_ping_failed([failed])

    assert store.hub.pings(NOW) == []
    assert store.hub.pings() == [failed]
