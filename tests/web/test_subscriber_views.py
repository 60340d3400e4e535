"""The callback URLs for hubs."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from werkzeug.test import TestResponse

from aggregator.model import Subscription
from tests.harness.newsroom import Newsroom

TOPIC = "https://harbor.example/feed"
LATER = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
def subscribed(newsroom: Newsroom) -> Newsroom:
    """A newsroom that has requested a subscription for one source."""
    newsroom.lists("harbor")
    newsroom.store.sources.sync(newsroom.config.all_sources, newsroom.now)
    newsroom.store.subscriptions.add(
        Subscription(
            source="harbor",
            hub="https://hub.example/",
            topic=TOPIC,
            token="token",
            secret="secret",
            requested_at=newsroom.now,
        )
    )
    return newsroom


def _verify(
    subscribed: Newsroom, mode: str, token: str = "token", topic: str = TOPIC,
    lease: str = "864000",
) -> TestResponse:  # fmt: skip
    query = {
        "hub.mode": mode,
        "hub.topic": topic,
        "hub.challenge": "31415",
        "hub.lease_seconds": lease,
    }
    return subscribed.reader.get(f"/websub/{token}", query_string=query)


def _deliver(
    subscribed: Newsroom, body: bytes, secret: str = "secret", token: str = "token"
) -> int:
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return subscribed.reader.post(
        f"/websub/{token}",
        data=body,
        content_type="application/rss+xml",
        headers={"X-Hub-Signature": f"sha256={signature}"},
    ).status_code


def test_a_hub_verifies_our_subscription(subscribed: Newsroom) -> None:
    """The challenge is returned as plain text, and the source is pushed from then on."""
    answer = _verify(subscribed, "subscribe")

    assert (answer.status_code, answer.data) == (200, b"31415")
    assert answer.mimetype == "text/plain"
    assert subscribed.store.subscriptions.has_active_lease("harbor", LATER)
    assert not subscribed.store.subscriptions.has_active_lease("harbor", LATER + timedelta(days=10))


@pytest.mark.parametrize("lease", ["999999999", "9" * 5000])
def test_a_lease_has_a_limit(subscribed: Newsroom, lease: str) -> None:
    """A subscription that no hub knows any more is renewed after 90 days at most."""
    assert _verify(subscribed, "subscribe", lease=lease).status_code == 200

    end = datetime.now(UTC) + timedelta(days=90)
    assert subscribed.store.subscriptions.has_active_lease("harbor", end - timedelta(hours=1))
    assert not subscribed.store.subscriptions.has_active_lease("harbor", end + timedelta(hours=1))


@pytest.mark.parametrize(
    ("mode", "keys"),
    [
        ("subscribe", {"token": "guessed"}),
        ("subscribe", {"topic": "https://other.example/feed"}),
        ("unsubscribe", {}),
        ("nonsense", {}),
    ],
    ids=["unknown token", "other topic", "unsubscribing what we want", "unknown mode"],
)
def test_a_verification_we_did_not_request_fails(
    subscribed: Newsroom, mode: str, keys: dict[str, str]
) -> None:
    """An unknown token, topic or mode is not confirmed."""
    assert _verify(subscribed, mode, **keys).status_code == 404
    assert not subscribed.store.subscriptions.has_active_lease("harbor", LATER)
    assert len(subscribed.store.subscriptions.all()) == 1


def test_a_denied_subscription_has_a_reason(subscribed: Newsroom) -> None:
    """The operator can read why the hub denied the subscription."""
    _verify(subscribed, "subscribe")
    subscribed.reader.get(
        "/websub/token",
        query_string={
            "hub.mode": "denied",
            "hub.topic": TOPIC,
            "hub.reason": "too many".ljust(900, "!"),
        },
    )

    (subscription,) = subscribed.store.subscriptions.all()
    assert not subscribed.store.subscriptions.has_active_lease("harbor", LATER)
    reason = "too many".ljust(200, "!")
    assert subscription.error == f"The hub has refused the subscription: {reason}"


def test_a_delivery_is_queued(subscribed: Newsroom) -> None:
    """The document is stored unchanged until the ingest loop reads it."""
    assert _deliver(subscribed, b"<rss/>") == 202

    (delivery,) = subscribed.store.subscriptions.queued_deliveries(9)
    assert (delivery.source, delivery.body) == ("harbor", b"<rss/>")
    subscribed.store.subscriptions.delete_delivery(delivery.id)
    assert subscribed.store.subscriptions.queued_deliveries(9) == []


def test_a_forged_delivery_is_ignored(subscribed: Newsroom) -> None:
    """A wrong signature gets the same status as a valid one (7.1)."""
    assert _deliver(subscribed, b"<rss/>", secret="guessed") == 202
    assert subscribed.store.subscriptions.queued_deliveries(9) == []


def test_a_delivery_for_an_unknown_token_is_gone(subscribed: Newsroom) -> None:
    """410 tells the hub to stop."""
    assert _deliver(subscribed, b"<rss/>", token="guessed") == 410


def test_a_too_large_delivery_is_refused(subscribed: Newsroom) -> None:
    """A body that is larger than a feed may be is not read."""
    assert _deliver(subscribed, b"x" * (subscribed.config.fetch.max_bytes + 1)) == 413
    assert subscribed.store.subscriptions.queued_deliveries(9) == []


def test_too_many_deliveries_are_refused(subscribed: Newsroom) -> None:
    """A hub must wait while 100 deliveries are queued."""
    statuses = [_deliver(subscribed, b"<rss/>") for _ in range(102)]

    assert statuses == [202] * 100 + [503] * 2


def test_deliveries_too_large_in_total_are_refused(subscribed: Newsroom) -> None:
    """The size of the queue is limited too."""
    half = b"x" * (subscribed.config.fetch.max_bytes // 2)

    assert [_deliver(subscribed, half) for _ in range(5)] == [202] * 4 + [503]


def test_a_hub_that_misses_news_is_polled_instead(subscribed: Newsroom) -> None:
    """After three missed entries the source is polled until the next delivery."""
    _verify(subscribed, "subscribe")
    for _ in range(3):
        subscribed.store.subscriptions.count_missed_push("harbor")
    assert not subscribed.store.subscriptions.has_active_lease("harbor", LATER)

    _deliver(subscribed, b"<rss/>")
    assert subscribed.store.subscriptions.has_active_lease("harbor", LATER)
