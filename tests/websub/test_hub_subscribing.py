"""Subscribing to our own hub, point by point as docs/websub.md lists it, with real HTTP on
loopback."""

import hashlib
import hmac
import urllib.request
from datetime import timedelta

import feedparser
import pytest

from tests.harness.callback_server import Callbacks
from tests.harness.newsroom import Newsroom
from tests.harness.own_hub import DAY, HOUR, TOPIC, OwnHub


@pytest.mark.parametrize("ending", ["atom", "rss", "json"])
def test_discovery(hub: OwnHub, ending: str) -> None:
    """Every feed names its hub and its own address, in the header and in itself."""
    own = f"https://commons.example/topics/labor.{ending}"
    with urllib.request.urlopen(f"{hub.url}/topics/labor.{ending}", timeout=5) as answer:
        header, body = answer.headers["Link"], answer.read()

    assert header == f'<https://commons.example/hub>; rel="hub", <{own}>; rel="self"'
    if ending == "json":
        assert b'"type": "WebSub"' in body
        return
    links = {link.rel: link.href for link in feedparser.parse(body).feed.links}
    assert (links["hub"], links["self"]) == ("https://commons.example/hub", own)


def test_discovery_on_a_page(hub: OwnHub) -> None:
    """Whoever is given the page of a topic finds hub and feed in its header."""
    with urllib.request.urlopen(f"{hub.url}/topics/labor", timeout=5) as answer:
        header = answer.headers["Link"]

    assert header == f'<https://commons.example/hub>; rel="hub", <{TOPIC}>; rel="self"'


def test_a_subscription(hub: OwnHub, reader: Callbacks) -> None:
    """Accepted at once, verified with a challenge that nobody can guess, then told of news: the
    whole feed as it is, with its type, hub and address."""
    assert hub.request(f"{reader.url}/in")[0] == 202
    assert reader.received == []
    hub.work()

    (question,) = reader.questions
    assert question.path == "/in"
    assert question.params["hub.mode"] == "subscribe"
    assert question.params["hub.topic"] == TOPIC
    assert int(question.params["hub.lease_seconds"]) == 10 * 24 * 3600
    assert len(question.params["hub.challenge"]) >= 32
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
    assert len(reader.deliveries) == 1  # told once


def test_nothing_that_is_not_news(hub: OwnHub, reader: Callbacks) -> None:
    """News elsewhere is none of the topic's subscribers' business."""
    hub.request(reader.url + "/")
    hub.work()
    hub.publish("Weather", "First strike")

    assert reader.deliveries == []


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_a_signature(hub: OwnHub, reader: Callbacks, method: str) -> None:
    """With a secret, every delivery is signed with it (7)."""
    hub.signature_method = method
    hub.request(f"{reader.url}/in", secret="sesame")
    hub.work()
    hub.publish("Second strike", "First strike")

    (delivery,) = reader.deliveries
    expected = hmac.new(b"sesame", delivery.body, getattr(hashlib, method)).hexdigest()
    assert delivery.headers["x-hub-signature"] == f"{method}={expected}"


def test_parameters_of_others(hub: OwnHub, reader: Callbacks) -> None:
    """What a hub does not know it passes over; the callback's own parameters stay."""
    assert hub.request(f"{reader.url}/in?user=7", foo="bar")[0] == 202
    hub.work()
    hub.publish("Second strike", "First strike")

    assert reader.questions[0].params["user"] == "7"
    assert reader.deliveries[0].params == {"user": "7"}


@pytest.mark.parametrize(
    ("asked", "granted"), [("60", 300), ("86400", 86400), ("99999999999", 30 * 86400)]
)
def test_a_lease(hub: OwnHub, reader: Callbacks, asked: str, granted: int) -> None:
    """What is asked for, within bounds; what is granted is said, and it ends."""
    hub.request(f"{reader.url}/in", lease_seconds=asked)
    hub.work()
    assert reader.questions[0].params["hub.lease_seconds"] == str(granted)
    hub.work(timedelta(seconds=granted - 1))
    assert len(hub.newsroom.store.hub.subscribers()) == 1

    hub.work(timedelta(seconds=2))
    hub.publish("Second strike", "First strike")

    assert hub.newsroom.store.hub.subscribers() == []
    assert reader.deliveries == []


def test_subscribing_again(hub: OwnHub, reader: Callbacks) -> None:
    """Before the lease ends: one subscription goes on, with another secret and a new lease."""
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


def test_leaving(hub: OwnHub, reader: Callbacks) -> None:
    """It is verified too, so that nobody ends another's subscription."""
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

    assert reader.questions[-1].params["hub.mode"] == "unsubscribe"
    assert "hub.lease_seconds" not in reader.questions[-1].params
    assert reader.deliveries == []


def test_leaving_before_it_is_verified(hub: OwnHub, reader: Callbacks) -> None:
    """There is no subscription then."""
    hub.request(f"{reader.url}/in")
    hub.request(f"{reader.url}/in", mode="unsubscribe")
    hub.work()

    assert hub.newsroom.store.hub.subscribers() == []


@pytest.mark.parametrize(("echo", "status"), [(False, 200), (True, 404), (True, 500), (True, 302)])
def test_what_was_not_meant(hub: OwnHub, reader: Callbacks, echo: bool, status: int) -> None:
    """A callback that does not know the challenge, or says no, or sends us elsewhere, is never
    told anything."""
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
def test_what_cannot_be_meant(hub: OwnHub, keys: dict[str, str], sentence: str) -> None:
    """400 with a sentence, and nothing is asked back."""
    status, text = hub.request(**{"callback": "https://x.example/in", **keys})

    assert status == 400
    assert sentence in text
    assert hub.newsroom.store.hub.pending_requests(9) == []


def test_leaving_what_was_never_joined(hub: OwnHub, reader: Callbacks) -> None:
    """Nobody makes us call somebody who has nothing to do with us."""
    assert hub.request(f"{reader.url}/in", mode="unsubscribe")[0] == 202
    hub.work()

    assert reader.received == []


def test_a_challenge_in_pieces(hub: OwnHub, reader: Callbacks) -> None:
    """A server may send its answer bit by bit."""
    reader.piece = 10
    hub.request(f"{reader.url}/in")
    hub.work()

    assert len(hub.newsroom.store.hub.subscribers()) == 1


def test_a_second_request_while_the_first_is_verified(hub: OwnHub, reader: Callbacks) -> None:
    """The last one counts."""

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


def test_no_hub_without_wish(newsroom: Newsroom) -> None:
    """Unless the operator says so, there is none, and no feed announces one."""
    newsroom.lists("harbor")
    newsroom.ingests()

    assert newsroom.get("/hub").status_code == 404
    assert newsroom.reader.post("/hub").status_code == 405
    answer = newsroom.get("/all.atom")
    assert "Link" not in answer.headers
    assert b'rel="hub"' not in answer.data


def test_the_hub_explains_itself(hub: OwnHub) -> None:
    """To people who open its address."""
    assert "This is the WebSub hub of The Commons." in hub.newsroom.get("/hub").text
