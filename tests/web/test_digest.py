"""Signing up for the digest, confirming, choosing and leaving, as browsers and mail programs do."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from werkzeug.test import Client, TestResponse

from aggregator.digest.sign_up import MAX_MAILS_PER_DAY, MAX_SIGN_UPS, MAX_SIGN_UPS_PER_CLIENT
from aggregator.model import DigestSubscriber, SubscriberState
from aggregator.site.turns import CURRENT_CLIENT
from aggregator.site_app import create_wsgi_app
from tests.harness.digest import DIGEST_TOML, MORNING, DigestRoom, open_digest_room

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Reader:
    """A person with a browser and a mailbox."""

    def __init__(self, digest_room: DigestRoom) -> None:
        self.digest_room = digest_room
        self.client = Client(create_wsgi_app(digest_room.config, digest_room.store))

    def gets(self, path: str) -> TestResponse:
        """Open a page."""
        return self.client.get(path)

    def signs_up(
        self, address: str = "ana@reader.example", *, client: str = "192.0.2.1", **form: Any
    ) -> TestResponse:
        """Send the form."""
        token = CURRENT_CLIENT.set(client)  # as the ASGI application does
        try:
            return self.client.post("/digest", data={"address": address, **form})
        finally:
            CURRENT_CLIENT.reset(token)

    def link(self, kind: str, address: str = "ana@reader.example") -> str:
        """The path of a link in a mail to an address."""
        found = self.stored(address)
        assert found
        url = self.digest_room.composer.signer.link(kind, found.id, datetime.now(UTC))  # type: ignore[arg-type]  # one of them
        return url.removeprefix("https://commons.example")

    def stored(self, address: str = "ana@reader.example") -> DigestSubscriber | None:
        """What is stored about an address."""
        return self.digest_room.store.digest_subscribers.by_address(address)

    def mails(self) -> list[tuple[str, str]]:
        """Address and kind of the mails that wait."""
        due = self.digest_room.store.digest.due_mails(datetime.now(UTC), 1000)
        return [(each.subscriber.address, each.mail.kind) for each in due]


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    """A reader in the morning."""
    with open_digest_room(tmp_path) as digest_room, time_machine.travel(MORNING, tick=False):
        yield Reader(digest_room)


def _text(response: TestResponse) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.text).split())


def test_the_way_in_and_out(reader: Reader) -> None:
    """Form, mail, button, digest; one click ends it, and nothing is left but a hash."""
    page = reader.gets("/digest")
    assert page.status_code == 200
    for label in ("Your email address", "All topics", "Only these", "Ports and Ships", "Time zone"):
        assert label in _text(page)
    response = reader.signs_up(
        scope="some", topic=["labor", "ports"], frequency="weekly", weekday="5", hour="18",
        timezone="America/Lima", language="es",
    )  # fmt: skip
    assert response.status_code == 200
    assert "Check your email" in response.text
    assert reader.mails() == [("ana@reader.example", "confirm")]
    ana = reader.stored()
    assert ana
    assert ana.state is SubscriberState.PENDING
    chosen = ana.preferences
    assert chosen.topics == ("labor", "ports")
    assert (chosen.frequency, chosen.weekday, chosen.hour) == ("weekly", 5, 18)
    assert (chosen.timezone, chosen.language) == ("America/Lima", "es")

    link = reader.link("confirm")
    assert "Yes, send it to me" in reader.gets(link).text
    assert reader.client.head(link).status_code == 200
    ana = reader.stored()
    assert ana
    assert ana.state is SubscriberState.PENDING  # a mail program has only looked
    assert "You are subscribed" in reader.client.post(link).text
    assert "You are subscribed" in reader.client.post(link).text
    ana = reader.stored()
    assert ana
    assert (ana.state, ana.confirmed_at) == (SubscriberState.ACTIVE, MORNING)
    assert ana.next_at == datetime(2026, 10, 10, 23, tzinfo=UTC)

    leave = reader.link("unsubscribe")
    assert "delete your address" in reader.gets(leave).text
    assert reader.client.head(leave).status_code == 200
    assert reader.client.options(leave).status_code == 200
    assert reader.stored()
    form = {"List-Unsubscribe": "One-Click"}  # as mail providers send it, without a cookie
    assert reader.client.post(leave, data=form).status_code == 200
    assert reader.stored() is None
    assert reader.client.post(leave, data=form).status_code == 200
    assert "You are unsubscribed" in reader.gets(leave).text
    hash_ = reader.digest_room.composer.signer.address_hash("ana@reader.example")
    assert reader.digest_room.store.digest_subscribers.has_left(hash_)


def test_a_box_needs_only_an_address(reader: Reader) -> None:
    """The rest is as the site suggests; a topic page suggests its topic."""
    assert 'action="/digest"' in reader.gets("/").text
    assert 'value="labor"' in reader.gets("/topics/labor").text
    reader.signs_up(timezone="Europe/Berlin")
    reader.signs_up("bo@reader.example", topic="labor")
    reader.signs_up("cleo@reader.example", topic="")
    names = ("ana", "bo", "cleo")
    ana, bo, cleo = (reader.stored(f"{name}@reader.example") for name in names)
    assert ana
    assert bo
    assert cleo
    assert (ana.preferences.topics, ana.preferences.hour) == (None, 7)
    assert ana.preferences.timezone == "Europe/Berlin"
    assert bo.preferences.topics == ("labor",)
    assert cleo.preferences.topics is None


def test_the_page_says_the_same_of_every_address(reader: Reader) -> None:
    """New, waiting, subscribed, suspended or gone: only the mailbox learns which it is."""
    answers = [reader.signs_up()]
    answers.append(reader.signs_up("ANA@reader.example"))
    reader.client.post(reader.link("confirm"))
    with time_machine.travel(MORNING + HOUR, tick=False):
        answers.append(reader.signs_up())
        assert reader.mails()[-1] == ("ana@reader.example", "known")
    ana = reader.stored()
    assert ana
    reader.digest_room.store.digest_subscribers.record_bounce(
        ana.id, 3, "Full.", SubscriberState.SUSPENDED, MORNING
    )
    with time_machine.travel(MORNING + 2 * HOUR, tick=False):
        answers.append(reader.signs_up())
        assert reader.mails()[-1][1] == "confirm"
        reader.client.post(reader.link("unsubscribe"))
        answers.append(reader.signs_up())
    answers.append(reader.signs_up("bo@reader.example", website="https://spam.example"))
    assert {(a.status_code, a.data, tuple(a.headers)) for a in answers} == {
        (200, answers[0].data, tuple(answers[0].headers))
    }
    assert reader.stored("bo@reader.example") is None  # a program filled in what nobody sees


@pytest.mark.parametrize(
    "address",
    ["", "ana", "ana@", "@reader.example", "ana@localhost", "ana@reader..example",
     "ana@reader.example\r\nBcc: all@reader.example", "Ana <ana@reader.example>",
     "ana@reader.example, bo@reader.example", "ana@[192.0.2.1]", f"{'a' * 250}@reader.example",
     "<script>alert(1)</script>@reader.example", "ana\x00@reader.example"],
)  # fmt: skip
def test_what_is_no_address(reader: Reader, address: str) -> None:
    """It is said at the field, what was filled in stays, and nothing is stored."""
    response = reader.signs_up(address, scope="some", topic=["ports"], hour="20")
    assert response.status_code == 400
    assert "This is not a valid email address." in response.text
    assert 'aria-describedby="problem-address"' in response.text
    assert re.search(r'value="ports"\s+checked', response.text)
    assert "<script>alert" not in response.text
    assert list(reader.digest_room.store.digest_subscribers.all()) == []
    assert reader.mails() == []


def test_an_address_that_is_thrown_away(reader: Reader) -> None:
    """It is refused, with the reason."""
    response = reader.signs_up("ana@mailinator.com")
    assert response.status_code == 400
    assert "throwaway address" in response.text


def test_a_form_that_was_tampered_with(reader: Reader) -> None:
    """What no form of ours says is as the site suggests; headers cannot be forged with it."""
    reader.signs_up(
        scope="some", topic=["labor", "x\r\nBcc: a@b.example", "no-such"], frequency="hourly",
        weekday="-1", hour="99", timezone="../../etc/passwd", language="en\r\nX: y",
    )  # fmt: skip
    ana = reader.stored()
    assert ana
    assert ana.preferences.topics == ("labor",)
    assert (ana.preferences.hour, ana.preferences.weekday) == (7, 0)
    assert (ana.preferences.timezone, ana.preferences.language) == ("UTC", "en")
    response = reader.signs_up(scope="some")
    assert response.status_code == 400
    assert "Choose at least one topic." in response.text
    assert reader.client.post("/digest", data={"address": "x" * 20_000}).status_code in (400, 413)


def test_nobody_fills_a_mailbox_with_our_mails(reader: Reader) -> None:
    """An address gets few mails, however many clients ask; the page does not say so."""
    for minutes in range(0, 24 * 60, 7):
        with time_machine.travel(MORNING + timedelta(minutes=minutes), tick=False):
            response = reader.signs_up(client=f"198.51.100.{minutes % 250}")
            assert "Check your email" in response.text
    with time_machine.travel(MORNING + DAY, tick=False):
        assert reader.mails() == [("ana@reader.example", "confirm")] * MAX_MAILS_PER_DAY


def test_a_client_signs_up_few_addresses(reader: Reader) -> None:
    """And all clients together not endlessly many; an hour later it goes on."""
    for number in range(MAX_SIGN_UPS_PER_CLIENT):
        assert reader.signs_up(f"reader{number}@reader.example").status_code == 200
    response = reader.signs_up("another@reader.example")
    assert response.status_code == 429
    assert "Too many sign-ups" in response.text
    for number in range(MAX_SIGN_UPS_PER_CLIENT, MAX_SIGN_UPS):
        client = f"203.0.113.{number % 250}"
        assert reader.signs_up(f"r{number}@reader.example", client=client).status_code == 200
    assert reader.signs_up("more@reader.example", client="2001:db8::1").status_code == 429
    with time_machine.travel(MORNING + HOUR + timedelta(seconds=1), tick=False):
        assert reader.signs_up("another@reader.example").status_code == 200


def test_choosing_something_else(reader: Reader) -> None:
    """Everything that is stored is shown; topics, day and hour can be changed, or all deleted."""
    reader.signs_up()
    reader.client.post(reader.link("confirm"))
    link = reader.link("preferences")
    page = _text(reader.gets(link))
    for part in ("ana@reader.example", "Signed up", "Confirmed", "Next digest",
                 "Emails of the last 30 days 1"):  # fmt: skip
        assert part in page
    form = {"scope": "some", "topic": ["courts"], "frequency": "daily", "hour": "9",
            "timezone": "Asia/Tokyo", "language": "ar", "action": "save"}  # fmt: skip
    saved = _text(reader.client.post(link, data=form))
    assert "Saved." in saved
    assert "Next digest 6 October 2026, 09:00" in saved, "in the subscriber's time zone"
    ana = reader.stored()
    assert ana
    assert (ana.preferences.topics, ana.preferences.timezone) == (("courts",), "Asia/Tokyo")
    assert ana.next_at == datetime(2026, 10, 6, 0, tzinfo=UTC)
    bad = reader.client.post(link, data={**form, "topic": [], "hour": "12"})
    assert bad.status_code == 400
    assert "Choose at least one topic." in bad.text
    assert reader.stored() == ana
    reader.client.post(link)
    reader.client.post(link, data={"hour": "10"})
    left = reader.stored()
    assert left
    assert (left.preferences.topics, left.preferences.hour) == (("courts",), 10)
    assert left.preferences.language == "ar"
    assert "You are unsubscribed" in reader.client.post(link, data={"action": "leave"}).text
    assert reader.stored() is None
    assert reader.gets(link).status_code == 404


def test_who_was_suspended_comes_back(reader: Reader) -> None:
    """By saving the choices: the mailbox works again."""
    reader.signs_up()
    reader.client.post(reader.link("confirm"))
    ana = reader.stored()
    assert ana
    reader.digest_room.store.digest_subscribers.record_bounce(
        ana.id, 3, "550 full", SubscriberState.SUSPENDED, MORNING
    )
    page = _text(reader.gets(reader.link("preferences")))
    assert "bounced several times" in page
    assert "550 full" in page
    reader.client.post(reader.link("preferences"), data={"scope": "all", "action": "save"})
    ana = reader.stored()
    assert ana
    assert (ana.state, ana.bounces) == (SubscriberState.ACTIVE, 0)


def test_links_expire_and_cannot_be_forged(reader: Reader) -> None:
    """A link is for one thing, of one subscriber; that for leaving is for ever."""
    reader.signs_up()
    links = {kind: reader.link(kind) for kind in ("confirm", "preferences", "unsubscribe")}
    for kind in links:
        for other, link in links.items():
            if other != kind:
                swapped = link.replace(f"/{other}/", f"/{kind}/")
                assert reader.gets(swapped).status_code == 404
        for token in ("", "x", "a.b", links[kind].rpartition("/")[2][:-1] + "~", "%00", "a" * 5000):
            assert reader.gets(f"/digest/{kind}/{token}").status_code == 404
            assert reader.client.post(f"/digest/{kind}/{token}").status_code in (404, 405)
    reader.client.post(links["confirm"])
    with time_machine.travel(MORNING + 4 * DAY, tick=False):
        assert reader.gets(links["confirm"]).status_code == 404
        assert reader.gets(links["preferences"]).status_code == 200
    with time_machine.travel(MORNING + 4000 * DAY, tick=False):
        assert reader.gets(links["preferences"]).status_code == 404
        assert reader.client.post(links["unsubscribe"]).status_code == 200
    assert reader.stored() is None


def test_pages_for_one_person_stay_private(reader: Reader) -> None:
    """No cache keeps them, no search engine, and their address is not passed on."""
    reader.signs_up()
    for path in (reader.link("confirm"), reader.link("preferences"), reader.link("unsubscribe")):
        headers = reader.gets(path).headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Robots-Tag"] == "noindex"
        assert "form-action 'self'" in headers["Content-Security-Policy"]


def test_without_a_mail_server_nobody_can_sign_up(reader: Reader) -> None:
    """The page says so; there are no boxes."""
    mail = DIGEST_TOML[DIGEST_TOML.index("[mail]") : DIGEST_TOML.index("[digest]")]
    reader.digest_room.configure(DIGEST_TOML.replace(mail, ""))
    without = Reader(reader.digest_room)
    assert "Sign-up is off at the moment." in without.gets("/digest").text
    assert "<form" not in without.gets("/digest").text
    assert 'action="/digest"' not in without.gets("/").text
    assert without.signs_up().status_code == 503
    assert list(reader.digest_room.store.digest_subscribers.all()) == []


def test_without_a_digest_there_is_no_page(reader: Reader) -> None:
    """Nor a form."""
    start = DIGEST_TOML.index("[digest]")
    end = DIGEST_TOML.index("[[topic]]")
    reader.digest_room.configure(DIGEST_TOML[:start] + DIGEST_TOML[end:])
    without = Reader(reader.digest_room)
    for path in ("/digest", "/digest.atom", "/digest/2026-10-05"):
        assert without.gets(path).status_code == 404
    assert without.signs_up().status_code in (404, 405)


# ---- the archive


def test_every_issue_is_a_page_and_in_the_feed(reader: Reader) -> None:
    """Without what was taken down since."""
    digest_room = reader.digest_room
    for day in range(2):
        digest_room.publishes(f"Strike {day}", "labor", at=MORNING + day * DAY - 2 * HOUR)
        gone = digest_room.publishes(f"Gone {day}", "ports", at=MORNING + day * DAY - HOUR)
        assert digest_room.composer.archive_due(MORNING + day * DAY)
        digest_room.store.stories.take_down(gone.id, "the outlet asks", MORNING + day * DAY + HOUR)
    page = reader.gets("/digest/2026-10-05")
    assert page.status_code == 200
    assert "Strike 0" in page.text
    assert "Gone 0" not in page.text
    assert "/digest/2026-10-06" in page.text
    assert reader.gets("/digest/2026-10-04").status_code == 404
    assert reader.gets("/digest/2026-99-99").status_code == 404
    listed = reader.gets("/digest").text
    assert "/digest/2026-10-06" in listed
    assert "Strike 1" in listed
    assert "Gone" not in listed
    feed = reader.gets("/digest.atom")
    assert feed.content_type == "application/atom+xml; charset=utf-8"
    assert feed.text.count("<entry>") == 2
    assert "Strike 1" in feed.text
    assert "Gone" not in feed.text
    assert feed.headers["ETag"]
    opened = reader.client.get("/digest.atom", headers={"Sec-Fetch-Dest": "document"})
    assert (opened.status_code, opened.location) == (302, "/digest")
