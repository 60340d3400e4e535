"""Our own hub: what is delivered, to whom, and what happens when a subscriber fails."""

from datetime import timedelta

from aggregator.site import Document
from aggregator.websub.topic_urls import FeedTopics
from tests.harness.callback_server import Callbacks
from tests.harness.newsroom import article
from tests.harness.own_hub import DAY, HOUR, TOPIC, OwnHub


def test_a_topic_in_another_order(hub: OwnHub, reader: Callbacks) -> None:
    """Parameters may be in any order; the subscriber's own topic URL is used."""
    topic = "https://commons.example/all.json?without=harbor&limit=9"
    hub.request(f"{reader.url}/in", topic=topic)
    hub.work()
    hub.newsroom.lists("plains")
    hub.newsroom.publishes("plains", article("Elsewhere"))
    hub.newsroom.ingests(later=HOUR)
    hub.work()

    (delivery,) = reader.deliveries
    assert f'<{topic}>; rel="self"' in delivery.headers["link"]
    assert b"Elsewhere" in delivery.body


def test_a_closed_archive_is_not_delivered(hub: OwnHub, reader: Callbacks) -> None:
    """A closed archive document changes the feed, but is not news."""
    hub.request(f"{reader.url}/in")
    hub.work()
    hub.publish("Second strike", "First strike")
    hub.newsroom.store.lists.archive(1, hub.newsroom.now)
    hub.work()
    assert len(reader.deliveries) == 1
    hub.publish("Third strike", "Second strike", "First strike")

    assert len(reader.deliveries) == 2


def test_a_renamed_topic_keeps_its_subscribers(hub: OwnHub, reader: Callbacks) -> None:
    """Deliveries continue under the topic URL that was subscribed to."""
    hub.request(f"{reader.url}/in")
    hub.work()
    hub.newsroom.change('id = "labor"', 'id = "work"\nwas = ["labor"]')
    hub.newsroom.store.topics.rename(hub.newsroom.config.topics, hub.newsroom.now)
    hub.work()
    hub.publish("Second strike", "First strike")

    assert b"Second strike" in reader.deliveries[-1].body
    assert f'<{TOPIC}>; rel="self"' in reader.deliveries[-1].headers["link"]


def test_a_topic_that_has_gone(hub: OwnHub, reader: Callbacks) -> None:
    """Subscribers of a removed topic are told that it no longer exists (5.2)."""
    hub.request(f"{reader.url}/in")
    hub.work()
    hub.newsroom.change('id = "labor"', 'id = "work"')
    hub.publish("Second strike", "First strike")

    denied = reader.verifications[-1].params
    assert (denied["hub.mode"], denied["hub.topic"]) == ("denied", TOPIC)
    assert denied["hub.reason"] == "This feed no longer exists."
    assert hub.newsroom.store.hub.subscribers() == []


def test_news_during_a_verification_is_delivered(hub: OwnHub, reader: Callbacks) -> None:
    """A change between challenge and verification is not missed."""
    reader.on_get = lambda: hub.ingest("Second strike", "First strike")
    hub.request(f"{reader.url}/in")
    hub.work()
    hub.work()

    (delivery,) = reader.deliveries
    assert b"Second strike" in delivery.body


def test_a_subscriber_that_is_down(hub: OwnHub, reader: Callbacks) -> None:
    """Deliveries are retried at growing intervals with the current feed, even after a restart."""
    hub.request(f"{reader.url}/in")
    hub.work()
    reader.status = 503
    hub.publish("Second strike", "First strike")
    assert len(reader.deliveries) == 1
    hub.work(timedelta(seconds=20))
    assert len(reader.deliveries) == 1  # not yet
    hub.work(timedelta(seconds=11))
    assert len(reader.deliveries) == 2
    hub.work(timedelta(seconds=60))
    assert len(reader.deliveries) == 2
    (subscriber,) = hub.newsroom.store.hub.subscribers()
    assert subscriber.error == "127.0.0.1 responded with 503."

    hub.publish("Third strike", "Second strike", "First strike")
    hub.newsroom.restarts()
    reader.status = 200
    hub.work(HOUR)

    assert b"Third strike" in reader.deliveries[-1].body
    (subscriber,) = hub.newsroom.store.hub.subscribers()
    assert (subscriber.due_at, subscriber.attempts, subscriber.error) == (None, 0, "")


def test_a_dead_subscriber_is_dropped(hub: OwnHub, reader: Callbacks) -> None:
    """A subscriber that has failed for three days is dropped."""
    hub.request(f"{reader.url}/in")
    hub.work()
    reader.status = 500
    hub.publish("Second strike", "First strike")
    for _ in range(2 * 24 // 6 + 9):
        hub.work(timedelta(hours=6))
    assert len(hub.newsroom.store.hub.subscribers()) == 0
    count = len(reader.deliveries)

    hub.work(DAY)

    assert len(reader.deliveries) == count < 25
    assert hub.log[-1]["event"] == "hub_dropped"


def test_a_subscriber_that_has_gone(hub: OwnHub, reader: Callbacks) -> None:
    """A 410 ends a subscription at once (7)."""
    hub.request(f"{reader.url}/in")
    hub.work()
    reader.status = 410
    hub.publish("Second strike", "First strike")

    assert hub.newsroom.store.hub.subscribers() == []


def test_subscribing_again_delivers_what_was_missed(hub: OwnHub, reader: Callbacks) -> None:
    """A new subscription after failures gets the missed delivery at once."""
    hub.request(f"{reader.url}/in")
    hub.work()
    reader.status = 500
    hub.publish("Second strike", "First strike")
    reader.status = 200
    hub.request(f"{reader.url}/in")
    hub.work()

    (subscriber,) = hub.newsroom.store.hub.subscribers()
    assert (subscriber.attempts, subscriber.failing_since) == (0, None)
    assert len(reader.deliveries) == 2


class _BrokenTopics(FeedTopics):
    """Topics of which the feed of all stories cannot be rendered."""

    def content(self, topic: str) -> Document | None:
        if topic.endswith("all.rss"):
            raise ZeroDivisionError
        return super().content(topic)


def test_a_bug_affects_one_subscriber(hub: OwnHub, reader: Callbacks) -> None:
    """An unexpected error with one feed does not affect other subscribers."""
    hub.request(f"{reader.url}/bad", topic="https://commons.example/all.rss")
    hub.request(f"{reader.url}/good")
    hub.work()
    hub.topics = _BrokenTopics
    hub.request(f"{reader.url}/new", topic="https://commons.example/all.rss")
    hub.publish("Second strike", "First strike")

    assert [one.path for one in reader.deliveries] == ["/good"]
    errors = [entry["error"] for entry in hub.log if entry.get("error")]
    assert errors == ["This is a bug in aggregator: ZeroDivisionError()"] * 2
    assert hub.newsroom.store.hub.pending_requests(9) == []
    assert hub.newsroom.get("/healthz").get_json()["failures"] == {"bug": 1}


def test_secrets_stay_secret(hub: OwnHub, reader: Callbacks) -> None:
    """Neither secrets nor callbacks, which may contain one, are logged."""
    hub.request(f"{reader.url}/token-31415", secret="sesame")
    hub.work()
    hub.publish("Second strike", "First strike")

    assert len(hub.log) == 2
    assert "sesame" not in str(hub.log)
    assert "31415" not in str(hub.log)
