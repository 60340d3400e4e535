"""Subscribing to our own hub, point by point as in docs/websub.md, with real HTTP on loopback."""

import hashlib
import hmac
import urllib.request
from datetime import timedelta

import feedparser
import pytest

from tests.harness.callback_server import Callbacks
from tests.harness.newsroom import Newsroom
from tests.harness.own_hub import DAY, HOUR, TOPIC, OwnHub


@pytest.mark.parametrize("suffix", ["atom", "rss", "json"])
def test_discovery(hub: OwnHub, suffix: str) -> None:
    """Every feed announces its hub and its own URL, in the header and in the document."""
    own = f"https://commons.example/topics/labor.{suffix}"
    with urllib.request.urlopen(f"{hub.url}/topics/labor.{suffix}", timeout=5) as answer:
        header, body = answer.headers["Link"], answer.read()

    assert header == f'<https://commons.example/hub>; rel="hub", <{own}>; rel="self"'
    if suffix == "json":
        assert b'"type": "WebSub"' in body
        return
    links = {link.rel: link.href for link in feedparser.parse(body).feed.links}
    assert (links["hub"], links["self"]) == ("https://commons.example/hub", own)


def test_discovery_on_a_page(hub: OwnHub) -> None:
    """The page of a topic announces hub and feed in its header."""
    with urllib.request.urlopen(f"{hub.url}/topics/labor", timeout=5) as answer:
        header = answer.headers["Link"]

    assert header == f'<https://commons.example/hub>; rel="hub", <{TOPIC}>; rel="self"'


def test_a_subscription(hub: OwnHub, reader: Callbacks) -> None:
    """A subscription is accepted, verified with a random challenge, and then gets the full feed."""
    assert hub.request(f"{reader.url}/in")[0] == 202
    assert reader.received == []
    hub.work()

    (verification,) = reader.verifications
    assert verification.path == "/in"
    assert verification.params["hub.mode"] == "subscribe"
    assert verification.params["hub.topic"] == TOPIC
    assert int(verification.params["hub.lease_seconds"]) == 10 * 24 * 3600
    assert len(verification.params["hub.challenge"]) >= 32
    assert reader.deliveries == []

    hub.publish("Second strike", "First strike")

    (delivery,) = reader.deliveries
    assert delivery.body == hub.newsroom.get("/topics/labor.atom").data
    assert delivery.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert delivery.headers["link"] == (
        f'<https://commons.example/hub>; rel="hub", <{TOPIC}>; rel="self"'
    )
    assert "x-hub-signature" not in delivery.headers
    hub.work(DAY)
    assert len(reader.deliveries) == 1  # delivered once


def test_news_elsewhere_is_not_delivered(hub: OwnHub, reader: Callbacks) -> None:
    """Subscribers of a topic get only changes of that topic."""
    hub.request(reader.url + "/")
    hub.work()
    hub.publish("Weather", "First strike")

    assert reader.deliveries == []


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_a_signature(hub: OwnHub, reader: Callbacks, method: str) -> None:
    """Deliveries are signed if the subscriber gave a secret (7)."""
    hub.signature_method = method
    hub.request(f"{reader.url}/in", secret="sesame")
    hub.work()
    hub.publish("Second strike", "First strike")

    (delivery,) = reader.deliveries
    expected = hmac.new(b"sesame", delivery.body, getattr(hashlib, method)).hexdigest()
    assert delivery.headers["x-hub-signature"] == f"{method}={expected}"


def test_unknown_parameters_are_ignored(hub: OwnHub, reader: Callbacks) -> None:
    """Unknown parameters are ignored, and the callback's own are kept."""
    assert hub.request(f"{reader.url}/in?user=7", foo="bar")[0] == 202
    hub.work()
    hub.publish("Second strike", "First strike")

    assert reader.verifications[0].params["user"] == "7"
    assert reader.deliveries[0].params == {"user": "7"}


@pytest.mark.parametrize(
    ("requested", "granted"), [("60", 300), ("86400", 86400), ("99999999999", 30 * 86400)]
)
def test_a_lease(hub: OwnHub, reader: Callbacks, requested: str, granted: int) -> None:
    """The requested lease is granted within bounds, sent with the verification, and ends."""
    hub.request(f"{reader.url}/in", lease_seconds=requested)
    hub.work()
    assert reader.verifications[0].params["hub.lease_seconds"] == str(granted)
    hub.work(timedelta(seconds=granted - 1))
    assert len(hub.newsroom.store.hub.subscribers()) == 1

    hub.work(timedelta(seconds=2))
    hub.publish("Second strike", "First strike")

    assert hub.newsroom.store.hub.subscribers() == []
    assert reader.deliveries == []


def test_subscribing_again(hub: OwnHub, reader: Callbacks) -> None:
    """A renewal replaces the secret and the lease; there is one delivery."""
    hub.request(f"{reader.url}/in", secret="old", lease_seconds="86400")
    hub.work()
    hub.work(HOUR)
    hub.request(f"{reader.url}/in", secret="new", lease_seconds="86400")
    hub.work()
    hub.work(DAY - timedelta(minutes=90))
    hub.publish("Second strike", "First strike")

    (delivery,) = reader.deliveries
    expected = hmac.new(b"new", delivery.body, hashlib.sha256).hexdigest()
    assert delivery.headers["x-hub-signature"] == f"sha256={expected}"


def test_unsubscribing(hub: OwnHub, reader: Callbacks) -> None:
    """Unsubscribing is verified too, so that nobody ends another's subscription."""
    hub.request(f"{reader.url}/in")
    hub.work()
    reader.echo = False
    hub.request(f"{reader.url}/in", mode="unsubscribe")
    hub.work()
    assert len(hub.newsroom.store.hub.subscribers()) == 1

    reader.echo = True
    hub.request(f"{reader.url}/in", mode="unsubscribe")
    hub.work()
    hub.publish("Second strike", "First strike")

    assert reader.verifications[-1].params["hub.mode"] == "unsubscribe"
    assert "hub.lease_seconds" not in reader.verifications[-1].params
    assert reader.deliveries == []


def test_leaving_before_verification_cancels_the_request(hub: OwnHub, reader: Callbacks) -> None:
    """No subscription is created."""
    hub.request(f"{reader.url}/in")
    hub.request(f"{reader.url}/in", mode="unsubscribe")
    hub.work()

    assert hub.newsroom.store.hub.subscribers() == []


@pytest.mark.parametrize(("echo", "status"), [(False, 200), (True, 404), (True, 500), (True, 302)])
def test_an_unconfirmed_request_is_dropped(
    hub: OwnHub, reader: Callbacks, echo: bool, status: int
) -> None:
    """A callback that fails to confirm the challenge, or redirects, gets no delivery."""
    reader.echo, reader.status, reader.location = echo, status, f"{reader.url}/other"
    hub.request(f"{reader.url}/in")
    hub.work()
    reader.echo, reader.status, reader.location = True, 200, ""
    hub.publish("Second strike", "First strike")

    assert [one.path for one in reader.received] == ["/in"]
    assert hub.newsroom.store.hub.pending_requests(9) == []


REFUSED = [
    ({"mode": "publish"}, 'hub.mode must be "subscribe" or "unsubscribe".'),
    ({"mode": ""}, "hub.mode must be"),
    ({"topic": ""}, "hub.topic is missing"),
    ({"topic": "https://other.example/feed"}, "hub.topic must be the URL of one of our feeds."),
    ({"topic": "https://commons.example/topics/nope.atom"}, "hub.topic must be"),
    ({"topic": "https://commons.example/topics/labor"}, "hub.topic must be"),
    ({"topic": f"{TOPIC}?limit=x"}, "hub.topic must be"),
    ({"topic": f"{TOPIC}?x=\r\nEvil: 1"}, "hub.topic must be"),
    ({"topic": f"{TOPIC}?x={'x' * 2000}"}, "hub.topic must be"),
    ({"callback": ""}, "hub.callback must be an http or https URL"),
    ({"callback": "ftp://x.example/"}, "hub.callback must be"),
    ({"callback": "https://me:pw@x.example/"}, "must not contain a login"),
    ({"callback": "https://x.example/#a"}, "must not contain a login or a #"),
    ({"callback": "https://x.example/" + "a" * 2000}, "hub.callback must be"),
    ({"callback": "https://x.example/a b"}, "hub.callback must be"),
    ({"callback": "https://[::1/"}, "hub.callback must be"),
    ({"lease_seconds": "soon"}, "hub.lease_seconds must be a number"),
    ({"lease_seconds": "0"}, "hub.lease_seconds must be"),
    ({"secret": "x" * 200}, "hub.secret must have at most 199 bytes."),
]


@pytest.mark.parametrize(("keys", "sentence"), REFUSED, ids=[row[1][:40] for row in REFUSED])
def test_an_invalid_request_is_refused(hub: OwnHub, keys: dict[str, str], sentence: str) -> None:
    """An invalid request gets 400 with a sentence, and is not verified."""
    status, text = hub.request(**{"callback": "https://x.example/in", **keys})

    assert status == 400
    assert sentence in text
    assert hub.newsroom.store.hub.pending_requests(9) == []


def test_unsubscribing_without_a_subscription(hub: OwnHub, reader: Callbacks) -> None:
    """Without a subscription there is nothing to verify, so the callback is not called."""
    assert hub.request(f"{reader.url}/in", mode="unsubscribe")[0] == 202
    hub.work()

    assert reader.received == []


def test_a_challenge_may_arrive_in_pieces(hub: OwnHub, reader: Callbacks) -> None:
    """A subscriber may send its response in small pieces."""
    reader.chunk_size = 10
    hub.request(f"{reader.url}/in")
    hub.work()

    assert len(hub.newsroom.store.hub.subscribers()) == 1


def test_a_request_during_verification_replaces_the_first(hub: OwnHub, reader: Callbacks) -> None:
    """The secret of the last request is used."""

    def again() -> None:
        reader.on_get = None
        hub.request(f"{reader.url}/in", secret="two")

    reader.on_get = again
    hub.request(f"{reader.url}/in", secret="one")
    hub.work()
    hub.publish("Second strike", "First strike")

    signature = reader.deliveries[0].headers["x-hub-signature"]
    expected = hmac.new(b"two", reader.deliveries[0].body, hashlib.sha256).hexdigest()
    assert signature == f"sha256={expected}"


def test_there_is_no_hub_by_default(newsroom: Newsroom) -> None:
    """No feed announces a hub unless the operator configures one."""
    newsroom.lists("harbor")
    newsroom.ingests()

    assert newsroom.get("/hub").status_code == 404
    assert newsroom.reader.post("/hub").status_code == 405
    answer = newsroom.get("/all.atom")
    assert "Link" not in answer.headers
    assert b'rel="hub"' not in answer.data


def test_the_hub_explains_itself(hub: OwnHub) -> None:
    """The hub's URL shows a page in a browser."""
    assert "This is the WebSub hub of The Commons." in hub.newsroom.get("/hub").text
