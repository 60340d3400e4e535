"""Our subscriptions to hubs, and the queue of what they deliver."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from aggregator.model import FetchState, HubLink, Subscription
from aggregator.store.base import Store
from tests.harness.builders import NOW
from tests.harness.saving import save

LEASE = NOW + timedelta(days=10)
HARBOR = Subscription(
    source="harbor",
    hub="https://hub.example/",
    topic="https://harbor.example/feed",
    token="t0ken",
    secret="s3cret",
    requested_at=NOW,
)


@pytest.fixture
def subscribed(store: Store) -> Store:
    """A store with a subscription that no hub has verified yet."""
    store.subscriptions.add(HARBOR)
    return store


def test_hubs_that_sources_announce(store: Store) -> None:
    """By source; a source without a hub is left out."""
    link = HubLink(hub="https://hub.example/", topic="https://harbor.example/feed")
    save(store, state=FetchState(hub_link=link))
    save(store, source="plains", state=FetchState())

    assert store.subscriptions.hub_links() == {"harbor": link}


def test_a_subscription(subscribed: Store, open_again: Callable[[], Store]) -> None:
    """It is found by its token, and delivers nothing before it is verified."""
    assert open_again().subscriptions.all() == [HARBOR]
    assert subscribed.subscriptions.by_token("t0ken") == HARBOR
    assert subscribed.subscriptions.by_token("other") is None
    assert not subscribed.subscriptions.has_active_lease("harbor", NOW)


def test_a_verified_subscription(subscribed: Store) -> None:
    """It delivers until its lease ends, whatever goes wrong with the hub meanwhile."""
    subscribed.subscriptions.confirm("t0ken", LEASE)
    subscribed.subscriptions.record_error("t0ken", "The hub cannot be reached.")

    assert subscribed.subscriptions.has_active_lease("harbor", NOW)
    assert not subscribed.subscriptions.has_active_lease("harbor", LEASE)
    assert not subscribed.subscriptions.has_active_lease("plains", NOW)
    (one,) = subscribed.subscriptions.all()
    assert (one.lease_until, one.error) == (LEASE, "The hub cannot be reached.")
    harbor = next(each for each in subscribed.sources.health() if each.source == "harbor")
    assert (harbor.pushed_until, harbor.push_error) == (LEASE, "The hub cannot be reached.")


def test_a_denied_subscription(subscribed: Store) -> None:
    """It no longer delivers; when it is verified again, the error is gone."""
    subscribed.subscriptions.confirm("t0ken", LEASE)
    subscribed.subscriptions.deny("t0ken", "Too many subscribers.")
    assert not subscribed.subscriptions.has_active_lease("harbor", NOW)
    (one,) = subscribed.subscriptions.all()
    assert (one.lease_until, one.error) == (None, "Too many subscribers.")

    subscribed.subscriptions.confirm("t0ken", LEASE)
    assert subscribed.subscriptions.all()[0].error == ""


def test_a_source_is_subscribed_to_again(subscribed: Store) -> None:
    """The new token takes the place of the old one."""
    again = Subscription(
        source="harbor", hub="https://other.example/", topic=HARBOR.topic, token="new",
        secret="new", requested_at=NOW,
    )  # fmt: skip
    subscribed.subscriptions.add(again)

    assert subscribed.subscriptions.all() == [again]
    assert subscribed.subscriptions.by_token("t0ken") is None

    subscribed.subscriptions.remove("harbor")
    assert subscribed.subscriptions.all() == []


def test_a_silent_hub(subscribed: Store) -> None:
    """One that has missed three entries in a row delivers nothing, until it does."""
    subscribed.subscriptions.confirm("t0ken", LEASE)
    for _ in range(2):
        subscribed.subscriptions.count_missed_push("harbor")
    assert subscribed.subscriptions.has_active_lease("harbor", NOW)
    subscribed.subscriptions.count_missed_push("harbor")
    assert not subscribed.subscriptions.has_active_lease("harbor", NOW)

    subscribed.subscriptions.enqueue_delivery("harbor", "application/xml", b"<rss/>", NOW)
    assert subscribed.subscriptions.has_active_lease("harbor", NOW)


def test_deliveries_wait_in_a_queue(store: Store, open_again: Callable[[], Store]) -> None:
    """In the order in which they came, until they are ingested."""
    bodies = (b"<rss/>", b"\x00\xff", b"<feed/>")
    for source, body in zip(("harbor", "plains", "harbor"), bodies, strict=True):
        store.subscriptions.enqueue_delivery(source, "application/xml", body, NOW)

    assert store.subscriptions.queue_size("harbor") == (2, len(bodies[0]) + len(bodies[2]))
    assert store.subscriptions.queue_size("nobody") == (0, 0)
    queued = open_again().subscriptions.queued_deliveries(2)
    assert [(each.source, each.content_type, each.body) for each in queued] == [
        ("harbor", "application/xml", bodies[0]),
        ("plains", "application/xml", bodies[1]),
    ]

    store.subscriptions.delete_delivery(queued[0].id)
    assert [each.body for each in store.subscriptions.queued_deliveries(9)] == [*bodies[1:]]
