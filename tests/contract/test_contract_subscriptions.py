"""Our subscriptions to hubs, and the queue of deliveries."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from aggregator.model import FetchState, HubLink, Subscription
from aggregator.store.base import Store
from tests.harness.builders import NOW
from tests.harness.saving import save

LEASE_END = NOW + timedelta(days=10)
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
    """A store with a subscription that is not verified yet."""
    store.subscriptions.add(HARBOR)
    return store


def test_announced_hubs_are_listed_by_source(store: Store) -> None:
    """A source without a hub is left out."""
    link = HubLink(hub="https://hub.example/", topic="https://harbor.example/feed")
    save(store, state=FetchState(hub_link=link))
    save(store, source="plains", state=FetchState())

    assert store.subscriptions.hub_links() == {"harbor": link}


def test_an_unverified_subscription_has_no_lease(
    subscribed: Store, open_again: Callable[[], Store]
) -> None:
    """A subscription is found by its token."""
    assert open_again().subscriptions.all() == [HARBOR]
    assert subscribed.subscriptions.by_token("t0ken") == HARBOR
    assert subscribed.subscriptions.by_token("other") is None
    assert not subscribed.subscriptions.has_active_lease("harbor", NOW)


def test_a_verified_subscription_is_active_until_its_lease_ends(subscribed: Store) -> None:
    """An error of the hub does not end the lease."""
    subscribed.subscriptions.confirm("t0ken", LEASE_END)
    subscribed.subscriptions.record_error("t0ken", "The hub cannot be reached.")

    assert subscribed.subscriptions.has_active_lease("harbor", NOW)
    assert not subscribed.subscriptions.has_active_lease("harbor", LEASE_END)
    assert not subscribed.subscriptions.has_active_lease("plains", NOW)
    (one,) = subscribed.subscriptions.all()
    assert (one.lease_until, one.error) == (LEASE_END, "The hub cannot be reached.")
    harbor = next(each for each in subscribed.sources.health() if each.source == "harbor")
    assert (harbor.pushed_until, harbor.push_error) == (LEASE_END, "The hub cannot be reached.")


def test_a_denied_subscription_has_no_lease(subscribed: Store) -> None:
    """The reason is cleared when the subscription is verified again."""
    subscribed.subscriptions.confirm("t0ken", LEASE_END)
    subscribed.subscriptions.deny("t0ken", "Too many subscribers.")
    assert not subscribed.subscriptions.has_active_lease("harbor", NOW)
    (one,) = subscribed.subscriptions.all()
    assert (one.lease_until, one.error) == (None, "Too many subscribers.")

    subscribed.subscriptions.confirm("t0ken", LEASE_END)
    assert subscribed.subscriptions.all()[0].error == ""


def test_a_new_subscription_replaces_the_old_one(subscribed: Store) -> None:
    """The old token is no longer valid."""
    again = Subscription(
        source="harbor", hub="https://other.example/", topic=HARBOR.topic, token="new",
        secret="new", requested_at=NOW,
    )  # fmt: skip
    subscribed.subscriptions.add(again)

    assert subscribed.subscriptions.all() == [again]
    assert subscribed.subscriptions.by_token("t0ken") is None

    subscribed.subscriptions.remove("harbor")
    assert subscribed.subscriptions.all() == []


def test_a_hub_that_misses_three_entries_is_inactive(subscribed: Store) -> None:
    """The lease is active again after the next delivery."""
    subscribed.subscriptions.confirm("t0ken", LEASE_END)
    for _ in range(2):
        subscribed.subscriptions.count_missed_push("harbor")
    assert subscribed.subscriptions.has_active_lease("harbor", NOW)
    subscribed.subscriptions.count_missed_push("harbor")
    assert not subscribed.subscriptions.has_active_lease("harbor", NOW)

    subscribed.subscriptions.enqueue_delivery("harbor", "application/xml", b"<rss/>", NOW)
    assert subscribed.subscriptions.has_active_lease("harbor", NOW)


def test_deliveries_are_queued_in_order(store: Store, open_again: Callable[[], Store]) -> None:
    """Deliveries stay in the queue until they are ingested."""
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
