"""External hubs are pinged when our feeds change."""

from dataclasses import replace
from datetime import timedelta

from lxml import etree

from aggregator.model import HubPing
from tests.harness.callback_server import Callbacks
from tests.harness.own_hub import DAY, TOPIC, OwnHub


def test_news_during_a_ping_causes_another_ping(hub: OwnHub, reader: Callbacks) -> None:
    """A change while a ping is sent is announced afterwards."""
    hub.newsroom.change('hub = "self"', f'hubs = ["{reader.url}/ping"]')

    def change_again() -> None:
        reader.on_post = None
        hub.ingest("Third strike", "Second strike", "First strike")
        changes = hub.newsroom.store.hub.unannounced_changes()
        pings = [replace(ping, due_at=hub.newsroom.now) for ping in hub.newsroom.store.hub.pings()]
        hub.newsroom.store.hub.enqueue_notifications(changes, (), pings, hub.newsroom.now)

    reader.on_post = change_again
    hub.publish("Second strike", "First strike")
    hub.work(timedelta(minutes=1))

    assert len(reader.deliveries) == 2
    assert hub.newsroom.store.hub.pings() == []


def test_external_hubs_are_pinged(hub: OwnHub, reader: Callbacks) -> None:
    """A ping lists every feed that has changed, and is repeated if it fails."""
    hub.newsroom.change('hub = "self"', f'hubs = ["{reader.url}/ping"]')
    reader.status = 500
    hub.publish("Second strike", "First strike")
    (failed,) = reader.deliveries
    reader.status = 204
    hub.work(timedelta(seconds=31))
    (_, repeated) = reader.deliveries
    hub.work(DAY)

    assert failed.body == repeated.body
    form = repeated.body.decode()
    assert form.startswith("hub.mode=publish&hub.url=")
    for address in ("all.atom", "topics%2Flabor.rss", "sources%2Fharbor.json"):
        assert f"hub.url=https%3A%2F%2Fcommons.example%2F{address}" in form
    assert form.count("hub.url") == 9
    assert hub.newsroom.store.hub.pings() == []
    assert len(reader.deliveries) == 2
    feed = etree.fromstring(hub.newsroom.get("/all.atom").data)
    links = feed.iterfind("{http://www.w3.org/2005/Atom}link[@rel='hub']")
    assert [link.get("href") for link in links] == [f"{reader.url}/ping"]


def test_a_hub_that_never_responds(hub: OwnHub, reader: Callbacks) -> None:
    """A failing ping is dropped after twelve attempts."""
    hub.newsroom.change('hub = "self"', f'hubs = ["{reader.url}/ping"]')
    reader.status = 500
    hub.publish("Second strike", "First strike")
    for _ in range(30):
        hub.work(timedelta(hours=6))

    assert hub.newsroom.store.hub.pings() == []
    assert len(reader.deliveries) == 12


def test_a_removed_hub_is_not_pinged(hub: OwnHub, reader: Callbacks) -> None:
    """Pings to a hub that is no longer configured are dropped."""
    removed = HubPing(hub=f"{reader.url}/old", feed_url=TOPIC, due_at=hub.newsroom.now)
    hub.newsroom.store.hub.enqueue_notifications((), (), [removed], hub.newsroom.now)
    hub.work()

    assert reader.received == []
    assert hub.newsroom.store.hub.pings() == []
