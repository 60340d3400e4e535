"""Bounces are read from a mailbox and counted; nobody else can suspend a subscriber."""

import imaplib
import mailbox
import ssl
from collections.abc import Callable
from datetime import timedelta
from email import policy
from email.message import EmailMessage, Message
from pathlib import Path

import pytest

from aggregator.digest.bounces import BouncesRead, read_bounces
from aggregator.errors import MailError
from aggregator.mail.bounce_messages import read_bounce
from aggregator.mail.mailboxes import ImapBox, read_imap
from aggregator.model import SubscriberState
from tests.harness.digest import DIGEST_TOML, MORNING, DigestRoom
from tests.harness.imap_server import DOVECOT, IMAP_LOGIN, open_imap_server

DAY = timedelta(days=1)
REPORT = (
    "Reporting-MTA: dns; mx.reader.example\n\n"
    "Final-Recipient: rfc822; ana@reader.example\n"
    "Action: {action}\nStatus: {status}\n"
    "Diagnostic-Code: smtp; 550 5.1.1 <ana@reader.example>: no such user\n"
)


def _bounce(to: str, action: str = "failed", status: str = "5.1.1", header: str = "To") -> bytes:
    """A delivery status notification, as Postfix writes it (RFC 3464)."""
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"] = "MAILER-DAEMON@mx.reader.example"
    mail["Subject"] = "Undelivered Mail Returned to Sender"
    mail[header] = to
    mail.set_content("I'm sorry to have to inform you that your message could not be delivered.")
    mail.make_mixed()
    report = Message()
    report["Content-Type"] = "message/delivery-status"
    blocks = REPORT.format(action=action, status=status).split("\n\n")
    report.set_payload([_block(block) for block in blocks])
    mail.attach(report)  # type: ignore[arg-type]  # of the older kind, whose payload is a list
    return mail.as_bytes()


def _block(text: str) -> Message:
    block = Message()
    for line in text.strip().splitlines():
        name, _, value = line.partition(": ")
        block[name] = value
    return block


def _vacation(to: str) -> bytes:
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"], mail["To"] = "ana@reader.example", to
    mail["Auto-Submitted"] = "auto-replied"
    mail.set_content("I am away until Monday.")
    return mail.as_bytes()


@pytest.fixture
def maildir(digest_room: DigestRoom) -> Callable[[bytes], None]:
    """Delivers a message into the Maildir for bounces of a newsroom with two subscribers."""
    box = mailbox.Maildir(digest_room.folder / "bounces", create=True)
    keys = 'bounces = "bounces@commons.example"\nbounce_maildir = "bounces"\n'
    digest_room.configure(DIGEST_TOML.replace("port = 2525\n", f"port = 2525\n{keys}"))
    for name in ("ana", "bo"):
        digest_room.subscribes(name, MORNING)

    def deliver(message: bytes) -> None:
        box.add(message)

    return deliver


def _read(digest_room: DigestRoom, day: int = 0) -> BouncesRead | None:
    return read_bounces(
        digest_room.config, digest_room.store, digest_room.composer.signer, {}, MORNING + day * DAY
    )


def _address(digest_room: DigestRoom, name: str) -> str:
    return f"bounces+{digest_room.composer.signer.bounce_mark(name)}@commons.example"


def test_three_bounces_suspend(digest_room: DigestRoom, maildir: Callable[[bytes], None]) -> None:
    """Of three days; several reports of one day count once. What was read is deleted."""
    for day in range(3):
        for _ in range(2):
            maildir(_bounce(_address(digest_room, "ana")))
        assert _read(digest_room, day) == BouncesRead(messages=2, permanent=2)
        ana = digest_room.store.digest_subscribers.get("ana")
        assert ana
        assert ana.bounces == day + 1
    assert ana
    assert ana.state is SubscriberState.SUSPENDED
    assert ana.reason == "550 5.1.1 <…>: no such user"
    bo = digest_room.store.digest_subscribers.get("bo")
    assert bo
    assert bo.state is SubscriberState.ACTIVE
    assert _read(digest_room, 3) == BouncesRead()
    assert len(list((digest_room.folder / "bounces").rglob("*:*"))) == 0


def test_bounces_long_ago_do_not_count(
    digest_room: DigestRoom, maildir: Callable[[bytes], None]
) -> None:
    """More than ten days apart."""
    for day in (0, 11, 22, 33):
        maildir(_bounce(_address(digest_room, "ana")))
        _read(digest_room, day)
    ana = digest_room.store.digest_subscribers.get("ana")
    assert ana
    assert (ana.state, ana.bounces) == (SubscriberState.ACTIVE, 1)


def test_what_is_no_permanent_failure(
    digest_room: DigestRoom, maildir: Callable[[bytes], None]
) -> None:
    """Delays and full mailboxes are not counted; answers and other mail stay, and are read once."""
    maildir(_bounce(_address(digest_room, "ana"), "delayed", "4.4.1"))
    for status in ("4.2.2", "5.2.2", "5.7.1"):
        maildir(_bounce(_address(digest_room, "ana"), "failed", status))
    maildir(_vacation(_address(digest_room, "ana")))
    maildir(_vacation("bounces@commons.example"))
    maildir(b"\xff\xfe not a mail at all")
    maildir(b"")
    for header in ('To: "', "To: <\r\n", "To: =?utf-8?b?////?="):
        maildir(header.encode() + b"\r\n\r\nhello")
    assert _read(digest_room) == BouncesRead(messages=11, temporary=3)
    assert _read(digest_room) == BouncesRead()
    ana = digest_room.store.digest_subscribers.get("ana")
    assert ana
    assert ana.bounces == 0
    assert len(mailbox.Maildir(digest_room.folder / "bounces").keys()) == 8


@pytest.mark.parametrize("header", ["To", "Delivered-To", "X-Original-To"])
def test_the_mark_may_be_in_several_headers(header: str) -> None:
    """Servers differ in where they put the address."""
    found = read_bounce(
        _bounce("bounces+ana-0123456789ab@c.example", header=header), "bounces@c.example"
    )
    assert found
    assert found.mark == "ana-0123456789ab"


def test_nobody_else_can_suspend(digest_room: DigestRoom, maildir: Callable[[bytes], None]) -> None:
    """A mark cannot be guessed, nor that of another subscriber be used."""
    mark = digest_room.composer.signer.bounce_mark("bo").rpartition("-")[2]
    for forged in (f"ana-{mark}", "ana-000000000000", "nobody-000000000000"):
        maildir(_bounce(f"bounces+{forged}@commons.example"))
    assert _read(digest_room) == BouncesRead(messages=3)
    ana = digest_room.store.digest_subscribers.get("ana")
    assert ana
    assert ana.bounces == 0


def test_a_subscriber_who_has_left(
    digest_room: DigestRoom, maildir: Callable[[bytes], None]
) -> None:
    """Their bounces are read, and forgotten."""
    maildir(_bounce(_address(digest_room, "ana")))
    digest_room.store.digest_subscribers.remove("ana", "hash", MORNING)
    assert _read(digest_room) == BouncesRead(messages=1, permanent=1)


def test_a_folder_that_is_no_maildir(digest_room: DigestRoom) -> None:
    """It says so; without a mailbox there is nothing to read."""
    assert _read(digest_room) is None
    keys = 'bounces = "b@commons.example"\nbounce_maildir = "nowhere"\n'
    digest_room.configure(DIGEST_TOML.replace("port = 2525\n", f"port = 2525\n{keys}"))
    with pytest.raises(MailError, match="is not a Maildir"):
        _read(digest_room)


@pytest.mark.skipif(not Path(DOVECOT).exists(), reason="Dovecot is not installed")
def test_over_imap(digest_room: DigestRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a real server, over TLS; what is done with is deleted there, and the rest is read."""
    digest_room.subscribes("ana", MORNING)
    with open_imap_server() as (port, folder):
        monkeypatch.setenv("SSL_CERT_FILE", str(folder / "ca.pem"))
        monkeypatch.setattr(ImapBox.__init__, "__defaults__", (port,))
        keys = (
            'bounces = "bounces@commons.example"\nbounce_imap = "localhost"\n'
            'bounce_user = "IMAP_USER"\nbounce_password = "IMAP_PASSWORD"\n'
        )
        digest_room.configure(DIGEST_TOML.replace("port = 2525\n", f"port = 2525\n{keys}"))
        box = ImapBox("localhost", *IMAP_LOGIN)
        for message in (
            _bounce(_address(digest_room, "ana")),
            _vacation("bounces@commons.example"),
        ):
            context = ssl.create_default_context()
            with imaplib.IMAP4_SSL("localhost", port, ssl_context=context) as client:
                client.login(*IMAP_LOGIN)
                client.append("INBOX", "", "", message)
        environment = dict(zip(("IMAP_USER", "IMAP_PASSWORD"), IMAP_LOGIN, strict=True))
        signer = digest_room.composer.signer

        def read() -> BouncesRead | None:
            return read_bounces(digest_room.config, digest_room.store, signer, environment, MORNING)

        assert read() == BouncesRead(messages=2, permanent=1)
        assert read() == BouncesRead()
        assert len(mailbox.Maildir(folder / "Maildir").keys()) == 1
        with pytest.raises(MailError, match="are not both set"):
            read_bounces(digest_room.config, digest_room.store, signer, {}, MORNING)
        with pytest.raises(MailError, match="cannot be read") as failed:
            read_imap(ImapBox("localhost", "bounces", "wrong-secret", port), lambda _: True)
        assert "wrong-secret" not in str(failed.value)
        assert box.host == "localhost"
        monkeypatch.delenv("SSL_CERT_FILE")
        with pytest.raises(MailError, match="certificate verify failed"):
            read_imap(ImapBox("localhost", *IMAP_LOGIN, port), lambda _: True)
    ana = digest_room.store.digest_subscribers.get("ana")
    assert ana
    assert ana.bounces == 1
