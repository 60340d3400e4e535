"""Where hubs call."""

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
def room(newsroom: Newsroom) -> Newsroom:
    """A newsroom that has asked a hub for one source."""
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


def _asks(room: Newsroom, mode: str, token: str = "token", topic: str = TOPIC) -> TestResponse:
    query = {
        "hub.mode": mode,
        "hub.topic": topic,
        "hub.challenge": "31415",
        "hub.lease_seconds": "864000",
    }
    return room.reader.get(f"/websub/{token}", query_string=query)


def _delivers(room: Newsroom, body: bytes, secret: str = "secret", token: str = "token") -> int:
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return room.reader.post(
        f"/websub/{token}",
        data=body,
        content_type="application/rss+xml",
        headers={"X-Hub-Signature": f"sha256={signature}"},
    ).status_code


def test_a_hub_asks_back(room: Newsroom) -> None:
    """It hears its challenge, as plain text, and the source is pushed from then on."""
    answer = _asks(room, "subscribe")

    assert (answer.status_code, answer.data) == (200, b"31415")
    assert answer.mimetype == "text/plain"
    assert room.store.subscriptions.has_active_lease("harbor", LATER)
    assert not room.store.subscriptions.has_active_lease("harbor", LATER + timedelta(days=10))


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
def test_a_stranger_asks_back(room: Newsroom, mode: str, keys: dict[str, str]) -> None:
    """What we have not asked for is not confirmed."""
    assert _asks(room, mode, **keys).status_code == 404
    assert not room.store.subscriptions.has_active_lease("harbor", LATER)
    assert len(room.store.subscriptions.all()) == 1


def test_a_hub_that_refuses(room: Newsroom) -> None:
    """The operator can read why."""
    _asks(room, "subscribe")
    room.reader.get(
        "/websub/token",
        query_string={"hub.mode": "denied", "hub.topic": TOPIC, "hub.reason": "too many"},
    )

    (subscription,) = room.store.subscriptions.all()
    assert not room.store.subscriptions.has_active_lease("harbor", LATER)
    assert subscription.error == "The hub has refused the subscription: too many"


def test_a_delivery(room: Newsroom) -> None:
    """It is put down as it came, to be taken in by the ingest loop."""
    assert _delivers(room, b"<rss/>") == 202

    (delivery,) = room.store.subscriptions.queued_deliveries(9)
    assert (delivery.source, delivery.body) == ("harbor", b"<rss/>")
    room.store.subscriptions.delete_delivery(delivery.id)
    assert room.store.subscriptions.queued_deliveries(9) == []


def test_a_forged_delivery(room: Newsroom) -> None:
    """It is let drop, and the forger learns nothing (7.1)."""
    assert _delivers(room, b"<rss/>", secret="guessed") == 202
    assert room.store.subscriptions.queued_deliveries(9) == []


def test_a_delivery_for_nobody(room: Newsroom) -> None:
    """The hub may stop."""
    assert _delivers(room, b"<rss/>", token="guessed") == 410


def test_a_delivery_without_end(room: Newsroom) -> None:
    """What is larger than a feed may be is refused unread."""
    assert _delivers(room, b"x" * (room.config.fetch.max_bytes + 1)) == 413
    assert room.store.subscriptions.queued_deliveries(9) == []


def test_too_many_deliveries(room: Newsroom) -> None:
    """A hub that sends more than is taken in has to wait; the disk is not its own."""
    statuses = [_delivers(room, b"<rss/>") for _ in range(102)]

    assert statuses == [202] * 100 + [503] * 2


def test_deliveries_that_are_too_large_together(room: Newsroom) -> None:
    """Nor by their size."""
    half = b"x" * (room.config.fetch.max_bytes // 2)

    assert [_delivers(room, half) for _ in range(5)] == [202] * 4 + [503]


def test_a_hub_that_misses_news(room: Newsroom) -> None:
    """After three times the source is polled as before, until the hub delivers again."""
    _asks(room, "subscribe")
    for _ in range(3):
        room.store.subscriptions.count_missed_push("harbor")
    assert not room.store.subscriptions.has_active_lease("harbor", LATER)

    _delivers(room, b"<rss/>")
    assert room.store.subscriptions.has_active_lease("harbor", LATER)
