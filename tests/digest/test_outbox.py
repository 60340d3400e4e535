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

from aggregator.digest.outbox import Outbox, Sent
from aggregator.mail.smtp import MailServer, mail_server
from aggregator.model import DigestMail, DueMail, MailState
from tests.harness.digest import DIGEST_TOML, MORNING, DigestRoom
from tests.harness.mail_server import LOGIN, Mailbox, open_mail_server
from tests.harness.outbox import configure, deliver, mail_states, queue_issue
from tests.harness.smtp_scripts import BadMailServer, open_bad_mail_server

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while")  # of the test's server
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def mailbox(digest_room: DigestRoom, tmp_path: Path) -> Iterator[Mailbox]:
    """A mail server that takes everything."""
    with open_mail_server(tmp_path) as opened:
        configure(digest_room, opened.port)
        yield opened


def test_everybody_gets_one(digest_room: DigestRoom, mailbox: Mailbox) -> None:
    """Over one connection, with links of their own, and nothing the second time."""
    queue_issue(digest_room, "ana", "bo", "cleo")
    assert deliver(digest_room) == Sent(sent=3)
    assert deliver(digest_room) == Sent()
    assert sorted(mailbox.recipients) == [f"{n}@reader.example" for n in ("ana", "bo", "cleo")]
    assert mailbox.sessions == 1
    assert mail_states(digest_room) == {"sent": 3}

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
    assert digest_room.composer.signer.subscriber("unsubscribe", token, MORNING) == name
    assert len({each["List-Unsubscribe"] for each in mailbox.mails}) == 3


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_encrypted_and_with_a_login(
    digest_room: DigestRoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    """The login comes from the environment."""
    with open_mail_server(tmp_path, security, wants_login=True) as mailbox:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        text = DIGEST_TOML.replace('security = "none"', f'security = "{security}"')
        keys = 'user = "SMTP_USER"\npassword = "SMTP_PASSWORD"'
        configure(digest_room, mailbox.port, keys=keys, text=text)
        queue_issue(digest_room, "ana", "bo")
        environment = dict(zip(("SMTP_USER", "SMTP_PASSWORD"), LOGIN, strict=True))
        assert deliver(digest_room, environment=environment) == Sent(sent=2)
        assert len(mailbox.mails) == 2


def test_the_raw_headers_are_whole(digest_room: DigestRoom) -> None:
    """A long address in a header is neither folded nor encoded, and lines are not too long."""
    with open_bad_mail_server() as server:
        configure(digest_room, server.port)
        queue_issue(digest_room, "ana")
        assert deliver(digest_room).sent == 1
    mail_as_sent = server.mails[0].replace(b"\r\n..", b"\r\n.")
    head, _, body = mail_as_sent.partition(b"\r\n\r\n")
    assert b"List-Unsubscribe: <https://commons.example/digest/unsubscribe/" in head
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert server.mails[0].isascii()
    mail = message_from_bytes(server.mails[0], policy=default)
    assert mail["Subject"] == "Dockers win – «Übung»"


def test_international_addresses(digest_room: DigestRoom, tmp_path: Path) -> None:
    """A domain is written in ASCII; other letters before the @ need a server that knows them."""
    with open_mail_server(tmp_path, letters=True) as mailbox:
        configure(digest_room, mailbox.port)
        digest_room.subscribes("ana", MORNING - HOUR, address="ana@müller.example")
        queue_issue(digest_room, "jürgen")
        assert deliver(digest_room) == Sent(sent=2)
    assert "ana@xn--mller-kva.example" in mailbox.recipients
    assert "jürgen@reader.example" in mailbox.recipients

    with open_mail_server(tmp_path) as mailbox:
        configure(digest_room, mailbox.port)
        digest_room.publishes("Next", at=MORNING + HOUR)
        digest_room.composes(MORNING + 24 * HOUR)
        deliver(digest_room, MORNING + 24 * HOUR)
    (failed,) = digest_room.store.digest.mails(MailState.FAILED, 9)
    assert "does not support addresses with non-ASCII letters" in failed.error
    assert failed.subscriber == "jürgen"


def test_a_bounce_comes_back_with_a_mark(digest_room: DigestRoom) -> None:
    """VERP: the sender names the subscriber in a way that nobody can guess."""
    with open_bad_mail_server() as server:
        configure(digest_room, server.port, keys='bounces = "bounces@commons.example"')
        mail = mail_server(digest_room.config.mail, {})  # type: ignore[arg-type]  # it is there
    mark = digest_room.composer.signer.bounce_mark("ana")
    assert mail.envelope_sender(mark) == f"bounces+{mark}@commons.example"
    assert mark != digest_room.composer.signer.bounce_mark("bo")


# ---- what happens meanwhile


def test_a_story_that_is_taken_down_after_composing(
    digest_room: DigestRoom, mailbox: Mailbox
) -> None:
    """It is not sent; an issue without any other story is not sent at all."""
    gone = digest_room.publishes("Gone", "labor", at=MORNING - 2 * HOUR)
    digest_room.publishes("Here", at=MORNING - 2 * HOUR)
    digest_room.subscribes("ana", MORNING - HOUR)
    digest_room.subscribes("bo", MORNING - HOUR, topics=("labor",))
    digest_room.composes(MORNING)
    digest_room.store.stories.take_down(gone.id, "the outlet asks", MORNING)
    assert deliver(digest_room).sent == 1
    (mail,) = mailbox.mails
    assert mail["Subject"] == "Here"
    assert "Gone" not in str(mail)
    assert mail_states(digest_room) == {"sent": 1, "discarded": 1}


def test_a_mail_that_cannot_be_written(
    digest_room: DigestRoom, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fails alone, and says that it is a bug."""
    write = Outbox.message

    def broken(box: Outbox, server: MailServer, due: DueMail, now: datetime) -> EmailMessage:
        if due.subscriber.id == "ana":
            raise UnicodeEncodeError("ascii", "ana@reader.example", 0, 1, "no")
        return write(box, server, due, now)

    monkeypatch.setattr(Outbox, "message", broken)
    queue_issue(digest_room, "ana", "bo")
    assert deliver(digest_room) == Sent(sent=1, failed=1)
    assert mailbox.recipients == ["bo@reader.example"]
    (failed,) = digest_room.store.digest.mails(MailState.FAILED, 9)
    assert "a bug in aggregator (UnicodeEncodeError)" in failed.error


def test_who_leaves_before_the_mail(digest_room: DigestRoom, mailbox: Mailbox) -> None:
    """Gets none."""
    queue_issue(digest_room, "ana", "bo")
    digest_room.store.digest_subscribers.remove("ana", "hash", MORNING)
    assert deliver(digest_room) == Sent(sent=1)
    assert mailbox.recipients == ["bo@reader.example"]


def test_a_program_that_is_stopped_finishes_the_mail(
    digest_room: DigestRoom, mailbox: Mailbox
) -> None:
    """A change of feeds.toml ends sending between two mails, never within one."""
    queue_issue(digest_room, *(f"reader{n}" for n in range(50)))
    box = Outbox(
        digest_room.config, digest_room.store, digest_room.composer, digest_room.composer.signer, {}
    )

    async def cancel() -> None:
        task = asyncio.create_task(box.deliver(lambda: MORNING))
        while len(mailbox.mails) < 5:
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    states = mail_states(digest_room)
    assert states["sent"] == len(mailbox.mails) < 50
    assert states.keys() == {"sent", "queued"}
    deliver(digest_room)
    assert len(set(mailbox.recipients)) == len(mailbox.recipients) == 50


@pytest.mark.parametrize("kind", ["confirm", "known", "no_topics"])
@pytest.mark.parametrize("language", ["en", "de", "ar"])
def test_other_mails(digest_room: DigestRoom, mailbox: Mailbox, kind: str, language: str) -> None:
    """Each has a subject and its link, in the language that was chosen."""
    digest_room.subscribes("ana", MORNING, language=language)
    digest_room.store.digest.add_mail(
        DigestMail(
            kind=kind,  # type: ignore[arg-type]  # one of them
            subscriber="ana",
            created_at=MORNING,
            due_at=MORNING,
            changed_at=MORNING,
        )
    )
    assert deliver(digest_room) == Sent(sent=1)
    (mail,) = mailbox.mails
    assert "The Commons" in mail["Subject"]
    wanted = "confirm" if kind == "confirm" else "preferences"
    text = mail.get_content()
    (line,) = (line for line in text.splitlines() if f"/digest/{wanted}/" in line)
    assert digest_room.composer.signer.subscriber(wanted, line.rpartition("/")[2], MORNING) == "ana"  # type: ignore[arg-type]  # one of them


def test_the_rate(digest_room: DigestRoom, mailbox: Mailbox) -> None:
    """Not more mails in a minute than [mail] says, after the first second."""
    configure(digest_room, mailbox.port, text=DIGEST_TOML.replace("rate = 1000000", "rate = 600"))
    queue_issue(digest_room, *(f"reader{n}" for n in range(30)))
    begin = monotonic()
    assert deliver(digest_room) == Sent(sent=30)
    assert monotonic() - begin > 1.5


def test_nobody_is_served_by_a_bad_server_twice(digest_room: DigestRoom) -> None:
    """The counts of what the server has taken agree with ours."""
    with open_bad_mail_server() as server:
        configure(digest_room, server.port)
        queue_issue(digest_room, *(f"reader{n}" for n in range(20)))
        deliver(digest_room)
        deliver(digest_room, MORNING + HOUR)
    assert isinstance(server, BadMailServer)
    assert len(server.mails) == 20
