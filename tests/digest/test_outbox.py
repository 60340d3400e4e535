"""Mails go out once, through a real server, and what keeps them from that is stored."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from time import monotonic

import pytest

from aggregator.digest.outbox import GIVE_UP_AFTER, Outbox, Sent
from aggregator.mail import smtp, smtp_session
from aggregator.mail.smtp import mail_server
from aggregator.model import DigestMail, MailState, SubscriberState
from tests.harness.digest import DIGEST_TOML, MORNING, DigestRoom
from tests.harness.mail_server import LOGIN, Mailbox, open_mail_server
from tests.harness.smtp_scripts import BadMailServer, open_bad_mail_server

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while")  # of the test's server
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def _configure(room: DigestRoom, port: int, *, keys: str = "", text: str = DIGEST_TOML) -> None:
    room.configure(text.replace("port = 2525", f"port = {port}\n{keys}"))


def _deliver(
    room: DigestRoom,
    now: datetime = MORNING,
    environment: dict[str, str] | None = None,
) -> Sent:
    box = Outbox(room.config, room.store, room.composer, room.composer.signer, environment or {})

    async def deliver() -> Sent:
        sent = await box.deliver(lambda: now)
        await asyncio.sleep(0.05)  # a connection with TLS takes a moment to close
        return sent

    return asyncio.run(deliver())


def _queue(room: DigestRoom, *names: str, now: datetime = MORNING) -> None:
    """An issue is due for these subscribers."""
    for name in names:
        room.subscribes(name, now - HOUR)
    title = "Dockers win – «Übung»" if now == MORNING else f"Dockers win – {now}"
    room.publishes(title, "labor", at=now - HOUR, summary="Ω\n.\nend")
    room.composes(now)


def _states(room: DigestRoom) -> dict[str, int]:
    return {state.value: count for state, count in room.store.digest.count_mails().items()}


@pytest.fixture
def mailbox(room: DigestRoom, tmp_path: Path) -> Iterator[Mailbox]:
    """A mail server that takes everything."""
    with open_mail_server(tmp_path) as opened:
        _configure(room, opened.port)
        yield opened


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for a server that hangs."""
    monkeypatch.setattr(smtp, "TIMEOUT_SECONDS", 0.5)
    monkeypatch.setattr(smtp_session, "TIMEOUT_SECONDS", 0.5)
    monkeypatch.setattr(smtp_session, "DATA_TIMEOUT_SECONDS", 0.5)


def test_everybody_gets_one(room: DigestRoom, mailbox: Mailbox) -> None:
    """Over one connection, with links of their own, and nothing the second time."""
    _queue(room, "ana", "bo", "cleo")
    assert _deliver(room) == Sent(sent=3)
    assert _deliver(room) == Sent()
    assert sorted(mailbox.recipients) == [f"{n}@reader.example" for n in ("ana", "bo", "cleo")]
    assert mailbox.sessions == 1
    assert _states(room) == {"sent": 3}

    mail = mailbox.mails[0]
    assert mail["Subject"] == "Dockers win – «Übung»"
    assert mail["From"] == "The Commons <news@commons.example>"
    assert mail["Reply-To"] == "desk@commons.example"
    assert mail["List-Id"] == "The Commons <digest.commons.example>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Date"].datetime == MORNING
    assert mail["Message-ID"].endswith("@commons.example>")
    assert len({each["Message-ID"] for each in mailbox.mails}) == 3
    plain, html = mail.iter_parts()
    assert isinstance(plain, EmailMessage)
    assert isinstance(html, EmailMessage)
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    link = mail["List-Unsubscribe"].strip("<>")
    assert link.startswith("https://commons.example/digest/unsubscribe/")
    assert plain.get_content().count(link) == html.get_content().count(link) == 1
    assert ".invalid" not in plain.get_content() + html.get_content()
    token = link.rpartition("/")[2]
    name = mail["To"].partition("@")[0]
    assert room.composer.signer.subscriber("unsubscribe", token, MORNING) == name
    assert len({each["List-Unsubscribe"] for each in mailbox.mails}) == 3


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_encrypted_and_with_a_login(
    room: DigestRoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    """The login comes from the environment."""
    with open_mail_server(tmp_path, security, wants_login=True) as mailbox:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        text = DIGEST_TOML.replace('security = "none"', f'security = "{security}"')
        keys = 'user = "SMTP_USER"\npassword = "SMTP_PASSWORD"'
        _configure(room, mailbox.port, keys=keys, text=text)
        _queue(room, "ana", "bo")
        environment = dict(zip(("SMTP_USER", "SMTP_PASSWORD"), LOGIN, strict=True))
        assert _deliver(room, environment=environment) == Sent(sent=2)
        assert len(mailbox.mails) == 2


def test_the_raw_headers_are_whole(room: DigestRoom) -> None:
    """A long address in a header is neither folded nor encoded, and lines are not too long."""
    with open_bad_mail_server() as server:
        _configure(room, server.port)
        _queue(room, "ana")
        assert _deliver(room).sent == 1
    mail_as_sent = server.mails[0].replace(b"\r\n..", b"\r\n.")
    head, _, body = mail_as_sent.partition(b"\r\n\r\n")
    assert b"List-Unsubscribe: <https://commons.example/digest/unsubscribe/" in head
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert server.mails[0].isascii()
    mail = message_from_bytes(server.mails[0], policy=default)
    assert mail["Subject"] == "Dockers win – «Übung»"


def test_international_addresses(room: DigestRoom, tmp_path: Path) -> None:
    """A domain is written in ASCII; other letters before the @ need a server that knows them."""
    with open_mail_server(tmp_path, letters=True) as mailbox:
        _configure(room, mailbox.port)
        room.subscribes("ana", MORNING - HOUR, address="ana@müller.example")
        _queue(room, "jürgen")
        assert _deliver(room) == Sent(sent=2)
    assert "ana@xn--mller-kva.example" in mailbox.recipients
    assert "jürgen@reader.example" in mailbox.recipients

    with open_mail_server(tmp_path) as mailbox:
        _configure(room, mailbox.port)
        room.publishes("Next", at=MORNING + HOUR)
        room.composes(MORNING + 24 * HOUR)
        _deliver(room, MORNING + 24 * HOUR)
    (failed,) = room.store.digest.mails(MailState.FAILED, 9)
    assert "cannot send to an address with these letters" in failed.error
    assert failed.subscriber == "jürgen"


def test_a_bounce_comes_back_with_a_mark(room: DigestRoom) -> None:
    """VERP: the sender names the subscriber in a way that nobody can guess."""
    with open_bad_mail_server() as server:
        _configure(room, server.port, keys='bounces = "bounces@commons.example"')
        mail = mail_server(room.config.mail, {})  # type: ignore[arg-type]  # it is there
    mark = room.composer.signer.bounce_mark("ana")
    assert mail.envelope_sender(mark) == f"bounces+{mark}@commons.example"
    assert mark != room.composer.signer.bounce_mark("bo")


# ---- servers that do not take a mail


def test_an_address_that_does_not_exist(room: DigestRoom, mailbox: Mailbox) -> None:
    """Others get theirs. It fails for good, with the reason, and counts as a bounce; after three
    the subscriber is suspended."""
    mailbox.answers["bo@reader.example"] = "550 5.1.1 no such user"
    for day in range(4):
        now = MORNING + day * 24 * HOUR
        _queue(room, *(("ana", "bo") if not day else ()), now=now)
        _deliver(room, now)
    assert mailbox.recipients == ["ana@reader.example"] * 4
    failed = room.store.digest.mails(MailState.FAILED, 9)
    assert len(failed) == 3
    assert failed[0].error == "localhost refused the address: 550 5.1.1 no such user."
    bo = room.store.digest_subscribers.get("bo")
    assert bo
    assert (bo.state, bo.bounces) == (SubscriberState.SUSPENDED, 3)
    assert "no such user" in bo.reason


def test_a_server_that_greylists(room: DigestRoom, mailbox: Mailbox) -> None:
    """It is asked again after some minutes; what was never taken fails after a day."""
    mailbox.answers["bo@reader.example"] = "450 4.7.1 greylisted"
    _queue(room, "ana", "bo")
    assert _deliver(room) == Sent(sent=1, deferred=1)
    assert _deliver(room, MORNING + 4 * MINUTE) == Sent()
    (queued,) = room.store.digest.mails(MailState.QUEUED, 9)
    assert "greylisted" in queued.error
    attempts = mailbox.attempts
    for minutes in range(5, 20 * 60, 5):
        _deliver(room, MORNING + minutes * MINUTE)
    assert mailbox.attempts - attempts < 20
    mailbox.answers.clear()
    assert _deliver(room, MORNING + GIVE_UP_AFTER - HOUR) == Sent(sent=1)
    assert mailbox.recipients.count("bo@reader.example") == 1


def test_a_mail_that_is_never_taken_fails(room: DigestRoom, mailbox: Mailbox) -> None:
    """After a day, with the last reason."""
    mailbox.answers["ana@reader.example"] = "450 4.2.2 mailbox full"
    _queue(room, "ana")
    for hours in range(30):
        _deliver(room, MORNING + hours * HOUR)
    (failed,) = room.store.digest.mails(MailState.FAILED, 9)
    assert "mailbox full" in failed.error
    ana = room.store.digest_subscribers.get("ana")
    assert ana
    assert ana.bounces == 0


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"at": "CONNECT", "how": "drop"}, "closed the connection"),
        ({"at": "CONNECT", "how": "hang"}, "did not answer within"),
        ({"at": "CONNECT", "how": "nonsense"}, ""),
        ({"at": "EHLO", "how": "drop"}, "closed the connection"),
        ({"at": "MAIL", "how": "drop"}, "closed the connection"),
        ({"at": "MAIL", "how": "hang"}, "did not answer within"),
        ({"at": "MAIL", "how": "nonsense"}, ""),
        ({"at": "RCPT", "how": "drop"}, "closed the connection"),
        ({"replies": {"CONNECT": "554 go away"}}, "554 go away"),
        ({"replies": {"MAIL": "530 log in first"}}, "530 log in first"),
        ({"replies": {"MAIL": "450 later"}}, "450 later"),
        ({"replies": {"RCPT": "421 closing"}}, "421 closing"),
    ],
)
def test_a_server_that_does_not_work(
    room: DigestRoom, options: dict[str, str], sentence: str
) -> None:
    """Nothing is sent for a while, the reason is kept, and all get their mail when it works."""
    with open_bad_mail_server(**options) as server:
        _configure(room, server.port)
        _queue(room, "ana", "bo")
        sent = _deliver(room)
        assert sentence in sent.error
        assert sent.error
        assert _states(room) == {"queued": 2}
        pause = room.store.digest.pause()
        assert pause
        assert (pause.error, pause.attempts) == (sent.error, 1)
        connections = server.connections
        assert _deliver(room, MORNING + MINUTE / 2) == Sent()
        assert server.connections == connections

        server.times, server.replies = 0, {}
        assert _deliver(room, MORNING + 2 * MINUTE) == Sent(sent=2)
        assert len(server.mails) == 2
        assert room.store.digest.pause() is None


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("at", "how"),
    [("DATA", "drop"), ("DATA", "hang"), ("TEXT", "drop"), ("TEXT", "hang"), ("END", "drop"),
     ("END", "hang"), ("END", "nonsense")],
)  # fmt: skip
def test_a_connection_that_is_lost_in_the_middle_of_a_mail(
    room: DigestRoom, at: str, how: str
) -> None:
    """Nobody knows whether it was taken: it is not sent again by itself. The others wait."""
    with open_bad_mail_server(at=at, how=how, times=1) as server:
        _configure(room, server.port)
        _queue(room, "ana", "bo", "cleo")
        assert _deliver(room).unknown == 1
        assert _states(room) == {"unknown": 1, "queued": 2}
        assert _deliver(room, MORNING + 2 * MINUTE) == Sent(sent=2)
        assert _deliver(room, MORNING + 24 * HOUR) == Sent()
        (unknown,) = room.store.digest.mails(MailState.UNKNOWN, 9)
        assert unknown.error
        assert room.store.digest.resend([unknown.id], MORNING + 24 * HOUR) == 1
        assert _deliver(room, MORNING + 24 * HOUR) == Sent(sent=1)


@pytest.mark.usefixtures("quick")
def test_a_server_that_loses_every_mail(room: DigestRoom) -> None:
    """It is asked less and less often: it does not make everybody's mail unknown."""
    with open_bad_mail_server(at="END", how="drop") as server:
        _configure(room, server.port)
        _queue(room, *(f"reader{n}" for n in range(60)))
        for minutes in range(0, 24 * 60, 10):
            _deliver(room, MORNING + minutes * MINUTE)
    assert _states(room)["unknown"] < 30
    assert len(server.mails) < 30


def test_a_server_that_takes_few_mails_in_a_session(room: DigestRoom) -> None:
    """It is called again at once."""
    with open_bad_mail_server(most_per_connection=2) as server:
        _configure(room, server.port)
        _queue(room, *(f"reader{n}" for n in range(7)))
        assert _deliver(room) == Sent(sent=7)
        assert len(set(server.recipients)) == 7
        assert len(server.mails) == 7


@pytest.mark.parametrize("point", ["DATA", "END"])
def test_a_mail_that_a_server_does_not_like(room: DigestRoom, point: str) -> None:
    """It fails with the reason, which is not the subscriber's fault."""
    with open_bad_mail_server(replies={point: "554 5.7.1 looks like spam"}) as server:
        _configure(room, server.port)
        _queue(room, "ana")
        assert _deliver(room) == Sent(failed=1)
    (failed,) = room.store.digest.mails(MailState.FAILED, 9)
    assert "looks like spam" in failed.error
    ana = room.store.digest_subscribers.get("ana")
    assert ana
    assert (ana.state, ana.bounces) == (SubscriberState.ACTIVE, 0)


def test_a_server_that_is_not_there(room: DigestRoom) -> None:
    """And one whose login is not set."""
    _configure(room, 9)
    _queue(room, "ana")
    assert "Could not connect to localhost port 9" in _deliver(room).error
    _configure(room, 9, keys='user = "SMTP_USER"\npassword = "SMTP_PASSWORD"')
    assert "SMTP_USER" in _deliver(room, MORNING + HOUR).error
    assert _states(room) == {"queued": 1}


# ---- what happens meanwhile


def test_a_story_that_is_taken_down_after_composing(room: DigestRoom, mailbox: Mailbox) -> None:
    """It is not sent; an issue without any other story is not sent at all."""
    gone = room.publishes("Gone", "labor", at=MORNING - 2 * HOUR)
    room.publishes("Here", at=MORNING - 2 * HOUR)
    room.subscribes("ana", MORNING - HOUR)
    room.subscribes("bo", MORNING - HOUR, topics=("labor",))
    room.composes(MORNING)
    room.store.stories.take_down(gone.id, "the outlet asks", MORNING)
    assert _deliver(room).sent == 1
    (mail,) = mailbox.mails
    assert mail["Subject"] == "Here"
    assert "Gone" not in str(mail)
    assert _states(room) == {"sent": 1, "discarded": 1}


def test_who_leaves_before_the_mail(room: DigestRoom, mailbox: Mailbox) -> None:
    """Gets none."""
    _queue(room, "ana", "bo")
    room.store.digest_subscribers.remove("ana", "hash", MORNING)
    assert _deliver(room) == Sent(sent=1)
    assert mailbox.recipients == ["bo@reader.example"]


def test_a_program_that_is_stopped_finishes_the_mail(room: DigestRoom, mailbox: Mailbox) -> None:
    """A change of feeds.toml ends sending between two mails, never within one."""
    _queue(room, *(f"reader{n}" for n in range(50)))
    box = Outbox(room.config, room.store, room.composer, room.composer.signer, {})

    async def cancel() -> None:
        task = asyncio.create_task(box.deliver(lambda: MORNING))
        while len(mailbox.mails) < 5:
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    states = _states(room)
    assert states["sent"] == len(mailbox.mails) < 50
    assert states.keys() == {"sent", "queued"}
    _deliver(room)
    assert len(set(mailbox.recipients)) == len(mailbox.recipients) == 50


@pytest.mark.parametrize("kind", ["confirm", "known", "no_topics"])
@pytest.mark.parametrize("language", ["en", "de", "ar"])
def test_other_mails(room: DigestRoom, mailbox: Mailbox, kind: str, language: str) -> None:
    """Each has a subject and its link, in the language that was chosen."""
    room.subscribes("ana", MORNING, language=language)
    room.store.digest.add_mail(
        DigestMail(
            kind=kind,  # type: ignore[arg-type]  # one of them
            subscriber="ana",
            created_at=MORNING,
            due_at=MORNING,
            changed_at=MORNING,
        )
    )
    assert _deliver(room) == Sent(sent=1)
    (mail,) = mailbox.mails
    assert "The Commons" in mail["Subject"]
    wanted = "confirm" if kind == "confirm" else "preferences"
    text = mail.get_content()
    (line,) = (line for line in text.splitlines() if f"/digest/{wanted}/" in line)
    assert room.composer.signer.subscriber(wanted, line.rpartition("/")[2], MORNING) == "ana"  # type: ignore[arg-type]  # one of them


def test_the_rate(room: DigestRoom, mailbox: Mailbox) -> None:
    """Not more mails in a minute than [mail] says, after the first second."""
    _configure(room, mailbox.port, text=DIGEST_TOML.replace("rate = 1000000", "rate = 600"))
    _queue(room, *(f"reader{n}" for n in range(30)))
    begin = monotonic()
    assert _deliver(room) == Sent(sent=30)
    assert monotonic() - begin > 1.5


def test_nobody_is_served_by_a_bad_server_twice(room: DigestRoom) -> None:
    """The counts of what the server has taken agree with ours."""
    with open_bad_mail_server() as server:
        _configure(room, server.port)
        _queue(room, *(f"reader{n}" for n in range(20)))
        _deliver(room)
        _deliver(room, MORNING + HOUR)
    assert isinstance(server, BadMailServer)
    assert len(server.mails) == 20
