"""Limits of our own hub, against clients that abuse it."""

from aggregator.model import Subscriber
from aggregator.websub.protocol import parse_request
from tests.harness.callback_server import Callbacks
from tests.harness.own_hub import DAY, OwnHub


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
    for callback in ("https://X.example/1", "http://x.example?1", "https://x.example.:81/"):
        status, text = hub.request(callback)
        assert (status, text) == (429, "One host may have at most 200 subscriptions.\n")
    assert hub.request("https://y.example/")[0] == 202


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


def test_slow_callbacks_of_one_host(hub: OwnHub, reader: Callbacks) -> None:
    """Callbacks of one host are verified a few at a time, so that others are not delayed."""
    for number in range(12):
        hub.request(f"{reader.url}/{number}")
    hub.request("http://localhost:1/")
    first = hub.newsroom.store.hub.pending_requests(50)

    assert sorted(request.host for request in first) == ["127.0.0.1"] * 4 + ["localhost"]
