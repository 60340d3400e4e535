"""Our own hub, point by point as docs/websub.md lists it, with real HTTP on loopback.

The hub's address is served by a real server; callbacks are real servers too. Only the time is
passed in, so that a lease ends when the test says so.
"""

import asyncio
import hashlib
import hmac
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlencode

import feedparser
import pytest
from lxml import etree

from aggregator.ingest.fetch.client import open_fetcher
from aggregator.ingest.fetch.settings import FetchSettings
from aggregator.model import HubPing, Subscriber
from aggregator.notifier import hub_tasks
from aggregator.websub.hub import HubNotifier
from aggregator.websub.protocol import parse_request
from aggregator.websub.topics import FeedTopics
from tests.harness.callback_server import Callbacks, open_callbacks
from tests.harness.newsroom import Newsroom, article
from tests.harness.servers import serving

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TOPIC = "https://commons.example/topics/labor.atom"
LOOPBACK = (ip_network("127.0.0.0/8"),)


@dataclass
class Hub:
    """A newsroom that is a hub, at an address on loopback."""

    newsroom: Newsroom
    url: str
    log: list[dict[str, Any]] = field(default_factory=list)
    method: str = "sha256"
    allowed: tuple[Any, ...] = LOOPBACK

    def asks(self, callback: str, **keys: str) -> tuple[int, str]:
        """Send the hub a form; `keys` without "hub."; gives status and text."""
        form = {"mode": "subscribe", "topic": TOPIC, "callback": callback, **keys}
        data = urlencode({f"hub.{key}": value for key, value in form.items()}).encode()
        try:
            with urllib.request.urlopen(f"{self.url}/hub", data, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def works(self, later: timedelta = timedelta()) -> None:
        """Do all that is due, `later` than the last time."""
        self.newsroom.now += later
        asyncio.run(self._work(self.newsroom.now))

    async def _work(self, now: datetime) -> None:
        limits = FetchSettings(user_agent="tests", timeout=3, allow_private=self.allowed)
        async with open_fetcher(limits, {}) as fetcher:
            teller = HubNotifier(
                store=self.newsroom.store,
                fetcher=fetcher,
                topics=FeedTopics(self.newsroom.edition),
                hub_url="https://commons.example/hub",
                signature_method=self.method,
                other_hubs=self.newsroom.config.publish.hubs,
                log=lambda event, **values: self.log.append({"event": event, **values}),
            )
            for _ in range(20):
                if not any([await act(teller, now) for act in hub_tasks(teller)]):
                    return

    def tells(self, *titles: str) -> None:
        """The outlet has news."""
        self.tells_nobody(*titles)
        self.works()

    def tells_nobody(self, *titles: str) -> None:
        """The outlet has news, and the hub has not heard of them yet."""
        self.newsroom.publishes("harbor", *map(article, titles))
        self.newsroom.ingests(later=HOUR)


@pytest.fixture
def hub(newsroom: Newsroom) -> Iterator[Hub]:
    """One outlet, one topic, one story; the hub has nothing to do."""
    newsroom.lists("harbor")
    newsroom.has_topic("labor", "strike")
    newsroom.change("[fetch]", '[publish]\nhub = "self"\n[fetch]')
    newsroom.publishes("harbor", article("First strike"))
    newsroom.ingests()
    with serving(newsroom.reader.application) as served:
        opened = Hub(newsroom, served.url)
        opened.works()
        yield opened


@pytest.fixture
def reader() -> Iterator[Callbacks]:
    """A subscriber's server."""
    with open_callbacks() as opened:
        yield opened


# ---- discovery (WebSub 4) ----------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["atom", "rss", "json"])
def test_discovery(hub: Hub, ending: str) -> None:
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


def test_discovery_on_a_page(hub: Hub) -> None:
    """Whoever is given the page of a topic finds hub and feed in its header."""
    with urllib.request.urlopen(f"{hub.url}/topics/labor", timeout=5) as answer:
        header = answer.headers["Link"]

    assert header == f'<https://commons.example/hub>; rel="hub", <{TOPIC}>; rel="self"'


# ---- subscribing (5.1, 5.3) --------------------------------------------------------------------


def test_a_subscription(hub: Hub, reader: Callbacks) -> None:
    """Accepted at once, verified with a challenge that nobody can guess, then told of news: the
    whole feed as it is, with its type, hub and address."""
    assert hub.asks(f"{reader.url}/in")[0] == 202
    assert reader.received == []
    hub.works()

    (question,) = reader.questions
    assert question.path == "/in"
    assert question.asked["hub.mode"] == "subscribe"
    assert question.asked["hub.topic"] == TOPIC
    assert int(question.asked["hub.lease_seconds"]) == 10 * 24 * 3600
    assert len(question.asked["hub.challenge"]) >= 32
    assert reader.deliveries == []

    hub.tells("Second strike", "First strike")

    (delivery,) = reader.deliveries
    assert delivery.body == hub.newsroom.get("/topics/labor.atom").data
    assert delivery.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert delivery.headers["link"] == (
        f'<https://commons.example/hub>; rel="hub", <{TOPIC}>; rel="self"'
    )
    assert "x-hub-signature" not in delivery.headers
    hub.works(DAY)
    assert len(reader.deliveries) == 1  # told once


def test_nothing_that_is_not_news(hub: Hub, reader: Callbacks) -> None:
    """News elsewhere is none of the topic's subscribers' business."""
    hub.asks(reader.url + "/")
    hub.works()
    hub.tells("Weather", "First strike")

    assert reader.deliveries == []


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_a_signature(hub: Hub, reader: Callbacks, method: str) -> None:
    """With a secret, every delivery is signed with it (7)."""
    hub.method = method
    hub.asks(f"{reader.url}/in", secret="sesame")
    hub.works()
    hub.tells("Second strike", "First strike")

    (delivery,) = reader.deliveries
    expected = hmac.new(b"sesame", delivery.body, getattr(hashlib, method)).hexdigest()
    assert delivery.headers["x-hub-signature"] == f"{method}={expected}"


def test_parameters_of_others(hub: Hub, reader: Callbacks) -> None:
    """What a hub does not know it passes over; the callback's own parameters stay."""
    assert hub.asks(f"{reader.url}/in?user=7", foo="bar")[0] == 202
    hub.works()
    hub.tells("Second strike", "First strike")

    assert reader.questions[0].asked["user"] == "7"
    assert reader.deliveries[0].asked == {"user": "7"}


@pytest.mark.parametrize(
    ("asked", "granted"), [("60", 300), ("86400", 86400), ("99999999999", 30 * 86400)]
)
def test_a_lease(hub: Hub, reader: Callbacks, asked: str, granted: int) -> None:
    """What is asked for, within bounds; what is granted is said, and it ends."""
    hub.asks(f"{reader.url}/in", lease_seconds=asked)
    hub.works()
    assert reader.questions[0].asked["hub.lease_seconds"] == str(granted)
    hub.works(timedelta(seconds=granted - 1))
    assert len(hub.newsroom.store.subscribers()) == 1

    hub.works(timedelta(seconds=2))
    hub.tells("Second strike", "First strike")

    assert hub.newsroom.store.subscribers() == []
    assert reader.deliveries == []


def test_subscribing_again(hub: Hub, reader: Callbacks) -> None:
    """Before the lease ends: one subscription goes on, with another secret and a new lease."""
    hub.asks(f"{reader.url}/in", secret="old", lease_seconds="86400")
    hub.works()
    hub.works(HOUR)
    hub.asks(f"{reader.url}/in", secret="new", lease_seconds="86400")
    hub.works()
    hub.works(DAY - timedelta(minutes=90))
    hub.tells("Second strike", "First strike")

    (delivery,) = reader.deliveries
    expected = hmac.new(b"new", delivery.body, hashlib.sha256).hexdigest()
    assert delivery.headers["x-hub-signature"] == f"sha256={expected}"


def test_leaving(hub: Hub, reader: Callbacks) -> None:
    """It is verified too, so that nobody ends another's subscription."""
    hub.asks(f"{reader.url}/in")
    hub.works()
    reader.echo = False
    hub.asks(f"{reader.url}/in", mode="unsubscribe")
    hub.works()
    assert len(hub.newsroom.store.subscribers()) == 1

    reader.echo = True
    hub.asks(f"{reader.url}/in", mode="unsubscribe")
    hub.works()
    hub.tells("Second strike", "First strike")

    assert reader.questions[-1].asked["hub.mode"] == "unsubscribe"
    assert "hub.lease_seconds" not in reader.questions[-1].asked
    assert reader.deliveries == []


@pytest.mark.parametrize(("echo", "status"), [(False, 200), (True, 404), (True, 500), (True, 302)])
def test_what_was_not_meant(hub: Hub, reader: Callbacks, echo: bool, status: int) -> None:
    """A callback that does not know the challenge, or says no, or sends us elsewhere, is never
    told anything."""
    reader.echo, reader.status, reader.location = echo, status, f"{reader.url}/other"
    hub.asks(f"{reader.url}/in")
    hub.works()
    reader.echo, reader.status, reader.location = True, 200, ""
    hub.tells("Second strike", "First strike")

    assert [one.path for one in reader.received] == ["/in"]
    assert hub.newsroom.store.intents(9) == []


REFUSED = [
    ({"mode": "publish"}, 'hub.mode must be "subscribe" or "unsubscribe".'),
    ({"mode": ""}, "hub.mode must be"),
    ({"topic": ""}, "hub.topic is missing"),
    ({"topic": "https://other.example/feed"}, "hub.topic must be the address of one of our feeds."),
    ({"topic": "https://commons.example/topics/nope.atom"}, "hub.topic must be"),
    ({"topic": "https://commons.example/topics/labor"}, "hub.topic must be"),
    ({"topic": f"{TOPIC}?limit=x"}, "hub.topic must be"),
    ({"topic": f"{TOPIC}?x=\r\nEvil: 1"}, "hub.topic must be"),
    ({"topic": f"{TOPIC}?x={'x' * 2000}"}, "hub.topic must be"),
    ({"callback": ""}, "hub.callback must be an http or https address"),
    ({"callback": "ftp://x.example/"}, "hub.callback must be"),
    ({"callback": "https://me:pw@x.example/"}, "must have no login"),
    ({"callback": "https://x.example/#a"}, "must have no login and no #"),
    ({"callback": "https://x.example/" + "a" * 2000}, "hub.callback must be"),
    ({"callback": "https://x.example/a b"}, "hub.callback must be"),
    ({"callback": "https://[::1/"}, "hub.callback must be"),
    ({"lease_seconds": "soon"}, "hub.lease_seconds must be a number"),
    ({"lease_seconds": "0"}, "hub.lease_seconds must be"),
    ({"secret": "x" * 200}, "hub.secret must have at most 199 bytes."),
]


@pytest.mark.parametrize(("keys", "sentence"), REFUSED, ids=[row[1][:40] for row in REFUSED])
def test_what_cannot_be_meant(hub: Hub, keys: dict[str, str], sentence: str) -> None:
    """400 with a sentence, and nothing is asked back."""
    status, text = hub.asks(**{"callback": "https://x.example/in", **keys})

    assert status == 400
    assert sentence in text
    assert hub.newsroom.store.intents(9) == []


def test_a_topic_in_another_order(hub: Hub, reader: Callbacks) -> None:
    """Whatever is asked of a feed can be subscribed to, under the address that was named."""
    topic = "https://commons.example/all.json?without=harbor&limit=9"
    hub.asks(f"{reader.url}/in", topic=topic)
    hub.works()
    hub.newsroom.lists("plains")
    hub.newsroom.publishes("plains", article("Elsewhere"))
    hub.newsroom.ingests(later=HOUR)
    hub.works()

    (delivery,) = reader.deliveries
    assert f'<{topic}>; rel="self"' in delivery.headers["link"]
    assert b"Elsewhere" in delivery.body


def test_a_closed_archive_is_no_news(hub: Hub, reader: Callbacks) -> None:
    """The feed leads to one more document, and that is all."""
    hub.asks(f"{reader.url}/in")
    hub.works()
    hub.tells("Second strike", "First strike")
    hub.newsroom.store.archive(1, hub.newsroom.now)
    hub.works()
    assert len(reader.deliveries) == 1
    hub.tells("Third strike", "Second strike", "First strike")

    assert len(reader.deliveries) == 2


# ---- failures ----------------------------------------------------------------------------------


def test_a_subscriber_that_is_down(hub: Hub, reader: Callbacks) -> None:
    """It is tried again, later and later, with the feed as it is then, restart or not."""
    hub.asks(f"{reader.url}/in")
    hub.works()
    reader.status = 503
    hub.tells("Second strike", "First strike")
    assert len(reader.deliveries) == 1
    hub.works(timedelta(seconds=20))
    assert len(reader.deliveries) == 1  # not yet
    hub.works(timedelta(seconds=11))
    assert len(reader.deliveries) == 2
    hub.works(timedelta(seconds=60))
    assert len(reader.deliveries) == 2
    (owed,) = hub.newsroom.store.subscribers()
    assert owed.error == "127.0.0.1 answers 503."

    hub.tells("Third strike", "Second strike", "First strike")
    hub.newsroom.close()  # as a restart does
    hub.newsroom._store = None
    reader.status = 200
    hub.works(HOUR)

    assert b"Third strike" in reader.deliveries[-1].body
    (owed,) = hub.newsroom.store.subscribers()
    assert (owed.due_at, owed.attempts, owed.error) == (None, 0, "")


def test_a_subscriber_that_is_dead(hub: Hub, reader: Callbacks) -> None:
    """After three days it is dropped."""
    hub.asks(f"{reader.url}/in")
    hub.works()
    reader.status = 500
    hub.tells("Second strike", "First strike")
    for _ in range(2 * 24 // 6 + 9):
        hub.works(timedelta(hours=6))
    assert len(hub.newsroom.store.subscribers()) == 0
    count = len(reader.deliveries)

    hub.works(DAY)

    assert len(reader.deliveries) == count < 25
    assert "It is dropped." in hub.log[-1]["error"]


def test_a_subscriber_that_has_gone(hub: Hub, reader: Callbacks) -> None:
    """410 ends a subscription at once (7)."""
    hub.asks(f"{reader.url}/in")
    hub.works()
    reader.status = 410
    hub.tells("Second strike", "First strike")

    assert hub.newsroom.store.subscribers() == []


def test_a_topic_that_has_gone(hub: Hub, reader: Callbacks) -> None:
    """Its subscribers hear that there is nothing more to come (5.2)."""
    hub.asks(f"{reader.url}/in")
    hub.works()
    hub.newsroom.change('id = "labor"', 'id = "work"')
    hub.tells("Second strike", "First strike")

    denied = reader.questions[-1].asked
    assert (denied["hub.mode"], denied["hub.topic"]) == ("denied", TOPIC)
    assert denied["hub.reason"] == "There is no such feed any more."
    assert hub.newsroom.store.subscribers() == []


def test_a_callback_inside_the_house(hub: Hub, reader: Callbacks) -> None:
    """Callbacks are called under the rules of fetching: no inner address, whatever its name."""
    hub.allowed = ()
    for callback in (f"{reader.url}/in", "http://localhost:1/", "http://169.254.169.254/latest"):
        assert hub.asks(callback)[0] == 202
    hub.works()

    assert reader.received == []
    errors = [entry["error"] for entry in hub.log]
    assert len(errors) == 3
    assert all("is not asked" in error for error in errors)


def test_too_much_of_one_host(hub: Hub) -> None:
    """One host may not fill the hub, however it writes itself; others are still let in."""
    for number in range(200):
        assert hub.asks(f"https://h{number % 7}.x.example:{443 + number}/{number}")[0] == 202
    for callback in ("https://X.example/1", "http://x.example?1", "https://x.example.:81/"):
        status, text = hub.asks(callback)
        assert (status, text) == (429, "200 subscriptions from one host are enough.\n")
    assert hub.asks("https://y.example/")[0] == 202


def test_too_many_feeds_of_their_own(hub: Hub) -> None:
    """What is made for one subscriber alone is made for so many; plain feeds are always free."""
    store, now = hub.newsroom.store, hub.newsroom.now
    for number in range(200):
        intent = parse_request(
            {
                "hub.mode": "subscribe",
                "hub.topic": f"https://commons.example/search.rss?q=a{number}",
                "hub.callback": f"https://y{number}.example/",
            },
            now,
        )
        store.subscribe_to_us(
            intent,
            Subscriber(
                callback=intent.callback, host=intent.host, topic=intent.topic,
                lease_until=now + DAY,
            ),
        )  # fmt: skip
    search = "https://commons.example/search.rss?q=one+more"
    assert hub.asks("https://x.example/", topic=search)[0] == 429
    assert hub.asks("https://x.example/")[0] == 202


def test_leaving_what_was_never_joined(hub: Hub, reader: Callbacks) -> None:
    """Nobody makes us call somebody who has nothing to do with us."""
    assert hub.asks(f"{reader.url}/in", mode="unsubscribe")[0] == 202
    hub.works()

    assert reader.received == []


def test_a_bug_costs_one(hub: Hub, reader: Callbacks, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody has foreseen with one feed keeps nobody else from being told."""
    hub.asks(f"{reader.url}/bad", topic="https://commons.example/all.rss")
    hub.asks(f"{reader.url}/good")
    hub.works()
    content = FeedTopics.content

    def broken(self: FeedTopics, topic: str) -> object:
        if topic.endswith("all.rss"):
            raise ZeroDivisionError
        return content(self, topic)

    monkeypatch.setattr(FeedTopics, "content", broken)
    hub.asks(f"{reader.url}/new", topic="https://commons.example/all.rss")
    hub.tells("Second strike", "First strike")

    assert [one.path for one in reader.deliveries] == ["/good"]
    errors = [entry["error"] for entry in hub.log if entry.get("error")]
    assert errors == ["This is a bug in aggregator: ZeroDivisionError()"] * 2
    assert hub.newsroom.store.intents(9) == []


def test_a_challenge_in_pieces(hub: Hub, reader: Callbacks) -> None:
    """A server may send its answer bit by bit."""
    reader.piece = 10
    hub.asks(f"{reader.url}/in")
    hub.works()

    assert len(hub.newsroom.store.subscribers()) == 1


def test_slow_callbacks_of_one_host(hub: Hub, reader: Callbacks) -> None:
    """They are called a few at a time, and others in between."""
    for number in range(12):
        hub.asks(f"{reader.url}/{number}")
    hub.asks("http://localhost:1/")
    first = hub.newsroom.store.intents(50)

    assert sorted(intent.host for intent in first) == ["127.0.0.1"] * 4 + ["localhost"]


def test_a_renamed_topic_keeps_its_subscribers(hub: Hub, reader: Callbacks) -> None:
    """They are told under the address that they have subscribed to."""
    hub.asks(f"{reader.url}/in")
    hub.works()
    hub.newsroom.change('id = "labor"', 'id = "work"\nwas = ["labor"]')
    hub.newsroom.store.rename_topics(hub.newsroom.config.topics, hub.newsroom.now)
    hub.works()
    hub.tells("Second strike", "First strike")

    assert b"Second strike" in reader.deliveries[-1].body
    assert f'<{TOPIC}>; rel="self"' in reader.deliveries[-1].headers["link"]


def test_a_subscriber_that_is_back(hub: Hub, reader: Callbacks) -> None:
    """Whoever subscribes again after a failure is owed what it has missed, at once."""
    hub.asks(f"{reader.url}/in")
    hub.works()
    reader.status = 500
    hub.tells("Second strike", "First strike")
    reader.status = 200
    hub.asks(f"{reader.url}/in")
    hub.works()

    (subscriber,) = hub.newsroom.store.subscribers()
    assert (subscriber.attempts, subscriber.failing_since) == (0, None)
    assert len(reader.deliveries) == 2


def test_secrets_stay_secret(hub: Hub, reader: Callbacks) -> None:
    """Neither a secret nor a callback, which may hold one, stands in the log."""
    hub.asks(f"{reader.url}/token-31415", secret="sesame")
    hub.works()
    hub.tells("Second strike", "First strike")

    assert len(hub.log) == 2
    assert "sesame" not in str(hub.log)
    assert "31415" not in str(hub.log)


def test_no_hub_without_wish(newsroom: Newsroom) -> None:
    """Unless the operator says so, there is none, and no feed announces one."""
    newsroom.lists("harbor")
    newsroom.ingests()

    assert newsroom.get("/hub").status_code == 404
    assert newsroom.reader.post("/hub").status_code == 405
    answer = newsroom.get("/all.atom")
    assert "Link" not in answer.headers
    assert b'rel="hub"' not in answer.data


def test_the_hub_explains_itself(hub: Hub) -> None:
    """To people who open its address."""
    assert "This is the WebSub hub of The Commons." in hub.newsroom.get("/hub").text


# ---- at the same time ----------------------------------------------------------------------------


def test_news_while_a_challenge_is_out(hub: Hub, reader: Callbacks) -> None:
    """Whoever is asked back while something changes is told of it."""
    reader.on_get = lambda: hub.tells_nobody("Second strike", "First strike")
    hub.asks(f"{reader.url}/in")
    hub.works()
    hub.works()

    (delivery,) = reader.deliveries
    assert b"Second strike" in delivery.body


def test_a_second_request_while_the_first_is_verified(hub: Hub, reader: Callbacks) -> None:
    """The last one counts."""

    def again() -> None:
        reader.on_get = None
        hub.asks(f"{reader.url}/in", secret="two")

    reader.on_get = again
    hub.asks(f"{reader.url}/in", secret="one")
    hub.works()
    hub.tells("Second strike", "First strike")

    signature = reader.deliveries[0].headers["x-hub-signature"]
    expected = hmac.new(b"two", reader.deliveries[0].body, hashlib.sha256).hexdigest()
    assert signature == f"sha256={expected}"


def test_leaving_before_it_is_verified(hub: Hub, reader: Callbacks) -> None:
    """There is no subscription then."""
    hub.asks(f"{reader.url}/in")
    hub.asks(f"{reader.url}/in", mode="unsubscribe")
    hub.works()

    assert hub.newsroom.store.subscribers() == []


def test_news_while_another_hub_is_told(hub: Hub, reader: Callbacks) -> None:
    """It is told again."""
    hub.newsroom.change('hub = "self"', f'hubs = ["{reader.url}/ping"]')

    def more() -> None:
        reader.on_post = None
        hub.tells_nobody("Third strike", "Second strike", "First strike")
        news = hub.newsroom.store.news()
        pings = [replace(ping, due_at=hub.newsroom.now) for ping in hub.newsroom.store.pings()]
        hub.newsroom.store.tell(news, (), pings, hub.newsroom.now)

    reader.on_post = more
    hub.tells("Second strike", "First strike")
    hub.works(timedelta(minutes=1))

    assert len(reader.deliveries) == 2
    assert hub.newsroom.store.pings() == []


# ---- hubs of others ----------------------------------------------------------------------------


def test_hubs_of_others_are_told(hub: Hub, reader: Callbacks) -> None:
    """After a change, of every feed that has changed, and again if they do not listen."""
    hub.newsroom.change('hub = "self"', f'hubs = ["{reader.url}/ping"]')
    reader.status = 500
    hub.tells("Second strike", "First strike")
    (failed,) = reader.deliveries
    reader.status = 204
    hub.works(timedelta(seconds=31))
    (_, told) = reader.deliveries
    hub.works(DAY)

    assert failed.body == told.body
    form = told.body.decode()
    assert form.startswith("hub.mode=publish&hub.url=")
    for address in ("all.atom", "topics%2Flabor.rss", "sources%2Fharbor.json"):
        assert f"hub.url=https%3A%2F%2Fcommons.example%2F{address}" in form
    assert form.count("hub.url") == 9
    assert hub.newsroom.store.pings() == []
    assert len(reader.deliveries) == 2
    feed = etree.fromstring(hub.newsroom.get("/all.atom").data)
    links = feed.iterfind("{http://www.w3.org/2005/Atom}link[@rel='hub']")
    assert [link.get("href") for link in links] == [f"{reader.url}/ping"]


def test_a_hub_that_never_listens(hub: Hub, reader: Callbacks) -> None:
    """A ping is given up in the end; the next change is another."""
    hub.newsroom.change('hub = "self"', f'hubs = ["{reader.url}/ping"]')
    reader.status = 500
    hub.tells("Second strike", "First strike")
    for _ in range(30):
        hub.works(timedelta(hours=6))

    assert hub.newsroom.store.pings() == []
    assert len(reader.deliveries) == 12


def test_a_hub_that_was_taken_out(hub: Hub, reader: Callbacks) -> None:
    """It is owed nothing any more."""
    gone = HubPing(hub=f"{reader.url}/old", feed_url=TOPIC, due_at=hub.newsroom.now)
    hub.newsroom.store.tell((), (), [gone], hub.newsroom.now)
    hub.works()

    assert reader.received == []
    assert hub.newsroom.store.pings() == []
