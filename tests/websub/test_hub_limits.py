"""Limits of our own hub, against clients that abuse it."""

import asyncio
import socket
import sqlite3
import time
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from threading import Lock

import pytest
from structlog.testing import capture_logs

from aggregator.model import Subscriber
from aggregator.notifiers import notify_subscribers
from aggregator.site import Document
from aggregator.websub.protocol import parse_request
from aggregator.websub.topic_urls import FeedTopics
from tests.harness.callback_server import Callbacks
from tests.harness.newsroom import Newsroom
from tests.harness.own_hub import DAY, TOPIC, OwnHub


def test_a_private_callback_is_not_called(hub: OwnHub, reader: Callbacks) -> None:
    """Callbacks follow the rules of fetching: no private address is called."""
    hub.allowed = ()
    for callback in (f"{reader.url}/in", "http://localhost:1/", "http://169.254.169.254/latest"):
        assert hub.request(callback)[0] == 202
    hub.work()

    assert reader.received == []
    errors = [entry["error"] for entry in hub.log]
    assert len(errors) == 3
    assert all("on a private network, so it is not fetched" in error for error in errors)


def test_requests_of_one_host_are_limited(hub: OwnHub) -> None:
    """One host cannot fill the hub under different names; others can still subscribe."""
    for number in range(200):
        assert hub.request(f"https://h{number % 7}.x.example:{443 + number}/{number}")[0] == 202
        _another_client(hub)
    for callback in ("https://X.example/1", "http://x.example?1", "https://x.example.:81/"):
        status, text = hub.request(callback)
        assert (status, text) == (
            429,
            "Callbacks on one domain may have at most 200 subscriptions.\n",
        )
    assert hub.request("https://y.example/")[0] == 202


def _another_client(hub: OwnHub, name: str = "'client ' || id") -> None:
    """Make the requests so far those of another client, or each of another."""
    with closing(sqlite3.connect(hub.newsroom.config.database)) as db, db:
        db.execute(f"update subscription_requests set client = {name}")


def test_pending_requests_of_one_client_are_limited(hub: OwnHub) -> None:
    """Others can still subscribe, whatever its callbacks are."""
    for number in range(100):
        assert hub.request(f"https://h{number}.example/")[0] == 202
    status, text = hub.request("https://one-more.example/")
    assert status == 429
    assert text == "At most 100 of your requests can be pending; try again later.\n"
    _another_client(hub)
    assert hub.request("https://one-more.example/")[0] == 202


@pytest.mark.parametrize(
    ("limit", "sentence"),
    [
        ("MAX_PENDING_REQUESTS", "Too many requests are pending; try again later.\n"),
        ("MAX_SUBSCRIBERS", "This hub has no room for more subscriptions.\n"),
        ("MAX_SUBSCRIPTIONS_PER_CLIENT", "You may have at most 3 subscriptions.\n"),
    ],
)
def test_subscriptions_of_one_and_all_are_limited(
    hub: OwnHub, monkeypatch: pytest.MonkeyPatch, limit: str, sentence: str
) -> None:
    """What is subscribed, or about to be, can be renewed; one more is refused."""
    monkeypatch.setattr(f"aggregator.web.hub_views.{limit}", 3)
    callbacks = [f"https://h{number}.example/" for number in range(4)]

    answers = [hub.request(callback) for callback in callbacks]

    assert [status for status, _ in answers] == [202, 202, 202, 429]
    assert answers[3][1] == sentence
    assert hub.request(callbacks[0])[0] == 202


def test_requests_of_one_client_in_a_minute_are_limited(
    hub: OwnHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each costs a few queries, whatever the answer is."""
    monkeypatch.setattr("aggregator.web.hub_views.MAX_REQUESTS_PER_MINUTE", 5)
    statuses = [hub.request("https://x.example/", mode="nonsense")[0] for _ in range(7)]

    assert statuses[:5] == [400] * 5
    assert 429 in statuses[5:]


def test_pending_searches_count(hub: OwnHub) -> None:
    """A feed that is made for one subscriber counts from its request on."""
    for number in range(200):
        topic = f"https://commons.example/search.rss?q=a{number}"
        assert hub.request(f"https://h{number}.example/", topic=topic)[0] == 202
        _another_client(hub)
    search = "https://commons.example/search.rss?q=one+more"
    assert hub.request("https://x.example/", topic=search)[0] == 429
    again = "https://commons.example/search.rss?q=a7"
    assert hub.request("https://x.example/", topic=again)[0] == 202


@pytest.mark.parametrize(
    "extra", ["?x=1", "?x=2&y", "?limit=", "?lang=&without="],
)  # fmt: skip
def test_a_feed_is_one_feed_however_it_is_written(hub: OwnHub, extra: str) -> None:
    """Parameters that change nothing make no feed of their own."""
    assert hub.request("https://x.example/", topic=f"{TOPIC}{extra}")[0] == 202

    (request,) = hub.newsroom.store.hub.pending_requests(9)
    assert request.topic == f"{TOPIC}{extra}"
    assert request.feed_url == TOPIC
    assert hub.newsroom.store.hub.custom_feeds() == []


def test_hanging_callbacks_do_not_delay_others(hub: OwnHub, reader: Callbacks) -> None:
    """A callback that answers is verified at once, whatever hangs before it; then it gets what is
    new, though sixty subscribers hang."""
    with ExitStack() as stack:
        for number in range(2, 62):
            server = stack.enter_context(socket.create_server((f"127.0.0.{number}", 0)))
            hub.request(f"http://127.0.0.{number}:{server.getsockname()[1]}/")
        _another_client(hub, "'attacker'")
        hub.request(f"{reader.url}/in")
        started = time.monotonic()
        reader.on_get = lambda: verified.append(time.monotonic() - started)
        verified: list[float] = []

        hub.work()

    assert verified[0] < 2


def test_feeds_with_parameters_are_limited(hub: OwnHub) -> None:
    """Feeds that are rendered for one subscriber are limited; other feeds are not."""
    store, now = hub.newsroom.store, hub.newsroom.now
    for number in range(200):
        request = parse_request(
            {
                "hub.mode": "subscribe",
                "hub.topic": f"https://commons.example/search.rss?q=a{number}",
                "hub.callback": f"https://y{number}.example/",
            },
            now,
        )
        store.hub.add_subscriber(
            request,
            Subscriber(
                callback=request.callback, host=request.host, topic=request.topic,
                lease_until=now + DAY,
            ),
        )  # fmt: skip
    search = "https://commons.example/search.rss?q=one+more"
    assert hub.request("https://x.example/", topic=search)[0] == 429
    assert hub.request("https://x.example/")[0] == 202


@pytest.mark.parametrize(("limit", "rendered"), [(1, 3), (10, 2)])
def test_feeds_in_memory_are_limited(
    hub: OwnHub,
    reader: Callbacks,
    monkeypatch: pytest.MonkeyPatch,
    limit: int,
    rendered: int,
) -> None:
    """A feed that is no longer in memory is rendered again for its next subscriber."""
    everything = TOPIC.replace("/topics/labor", "/all")
    for number, topic in enumerate((TOPIC, everything, TOPIC)):
        hub.request(f"{reader.url}/{number}", topic=topic)
        hub.work()  # so that deliveries have this order
    monkeypatch.setattr("aggregator.websub.hub.MAX_RENDERED_FEEDS", limit)
    made: list[str] = []

    class Counted(FeedTopics):
        """Feeds that are counted as they are rendered."""

        def content(self, topic: str) -> Document | None:
            made.append(topic)
            return super().content(topic)

    hub.topics = Counted

    hub.publish("Second strike", "First strike")

    assert sorted(made) == sorted([TOPIC, everything, TOPIC][:rendered])
    assert [b"Second strike" in delivery.body for delivery in reader.deliveries] == [True] * 3


def test_notifying_ends_in_time(
    hub: OwnHub, reader: Callbacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command does not wait for a callback that hangs; what is left is done the next time."""
    monkeypatch.setattr("aggregator.websub.hub.MAX_NOTIFY_SECONDS", 1.0)
    hub.request(f"{reader.url}/in")
    reader.on_get = lambda: time.sleep(10)

    started = time.monotonic()
    with capture_logs() as logs:
        hub.notify_once()

    assert time.monotonic() - started < 8
    assert {
        "event": "hub_skipped", "log_level": "info", "task": "verify",
        "reason": "not finished in time; the rest is done next time",
    } in logs  # fmt: skip
    reader.on_get = None
    hub.work()
    assert len(hub.newsroom.store.hub.subscribers()) == 1


def test_slow_callbacks_of_one_host(hub: OwnHub, reader: Callbacks) -> None:
    """Callbacks of one host are verified a few at a time, so that others are not delayed."""
    for number in range(12):
        hub.request(f"{reader.url}/{number}")
    hub.request("http://localhost:1/")
    first = hub.newsroom.store.hub.pending_requests(50)

    assert sorted(request.host for request in first) == ["127.0.0.1"] * 4 + ["localhost"]


@pytest.fixture
def on_loopback(newsroom: Newsroom) -> Newsroom:
    """A newsroom whose own site is on loopback, so that callbacks there are called."""
    newsroom.lists("harbor")
    newsroom.has_topic("labor", "strike")
    newsroom.change("https://commons.example", "http://127.0.0.1:9")
    newsroom.change("[fetch]", '[publish]\nhub = "self"\n[fetch]')
    return newsroom


def _notifies(newsroom: Newsroom, *callbacks: str) -> list[dict[str, object]]:
    """Let these callbacks subscribe, and do what is due; returns the log."""
    now = datetime.now(UTC)
    for callback in callbacks:
        form = {"hub.mode": "subscribe", "hub.topic": "http://127.0.0.1:9/topics/labor.atom"}
        newsroom.store.hub.add_request(parse_request({**form, "hub.callback": callback}, now))
    with capture_logs() as logs:
        asyncio.run(notify_subscribers(newsroom.config, newsroom.store))
    return [dict(each) for each in logs]


def test_calls_to_one_host_are_spaced_and_few(on_loopback: Newsroom, reader: Callbacks) -> None:
    """At most four at a time, a tenth of a second apart."""
    lock, active, most, began = Lock(), 0, 0, []

    def answer() -> None:
        nonlocal active, most
        with lock:
            began.append(time.monotonic())
            active += 1
            most = max(most, active)
        time.sleep(0.6)
        with lock:
            active -= 1

    reader.on_get = answer
    _notifies(on_loopback, *(f"{reader.url}/{number}" for number in range(10)))

    assert most == 4
    assert len(began) == 10
    assert began[3] - began[0] > 0.2  # three pauses; four calls at once without any


def test_a_callback_that_hangs_is_left(
    on_loopback: Newsroom, reader: Callbacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its subscription is not confirmed."""
    monkeypatch.setattr("aggregator.fetching.CALLBACK_TIMEOUT_SECONDS", 0.5)
    reader.on_get = lambda: time.sleep(10)

    started = time.monotonic()
    (event,) = _notifies(on_loopback, f"{reader.url}/in")

    assert time.monotonic() - started < 8
    assert event["event"] == "hub_verified"
    assert "0.5" in str(event["error"])
