"""Mail servers that refuse, greylist, hang, drop the connection, or talk nonsense."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.digest.outbox import Sent
from aggregator.mail import smtp, smtp_session
from aggregator.model import MailState, SubscriberState
from aggregator.overview.digest_reasons import digest_reasons
from tests.harness.digest import MORNING, DigestRoom
from tests.harness.mail_server import Mailbox, open_mail_server
from tests.harness.outbox import configure, deliver, mail_states, queue_issue
from tests.harness.smtp_scripts import open_bad_mail_server

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def mailbox(digest_room: DigestRoom, tmp_path: Path) -> Iterator[Mailbox]:
    """A mail server that takes everything."""
    with open_mail_server(tmp_path) as opened:
        configure(digest_room, opened.port)
        yield opened


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for a server that hangs."""
    monkeypatch.setattr(smtp, "TIMEOUT_SECONDS", 0.5)
    monkeypatch.setattr(smtp_session, "TIMEOUT_SECONDS", 0.5)
    monkeypatch.setattr(smtp_session, "DATA_TIMEOUT_SECONDS", 0.5)


def test_an_address_that_does_not_exist(digest_room: DigestRoom, mailbox: Mailbox) -> None:
    """Others get theirs. It fails for good, with the reason, and counts as a bounce; after three
    the subscriber is suspended."""
    mailbox.answers["bo@reader.example"] = "550 5.1.1 no such user"
    for day in range(4):
        now = MORNING + day * 24 * HOUR
        queue_issue(digest_room, *(("ana", "bo") if not day else ()), now=now)
        deliver(digest_room, now)
    assert mailbox.recipients == ["ana@reader.example"] * 4
    failed = digest_room.store.digest.mails(MailState.FAILED, 9)
    assert len(failed) == 3
    assert failed[0].error == "localhost refused the address: 550 5.1.1 no such user."
    bo = digest_room.store.digest_subscribers.get("bo")
    assert bo
    assert (bo.state, bo.bounces) == (SubscriberState.SUSPENDED, 3)
    assert "no such user" in bo.reason


def test_a_server_that_greylists(digest_room: DigestRoom, mailbox: Mailbox) -> None:
    """It is asked again after some minutes, not too often."""
    mailbox.answers["bo@reader.example"] = "450 4.7.1 greylisted"
    queue_issue(digest_room, "ana", "bo")
    assert deliver(digest_room) == Sent(sent=1, deferred=1)
    assert deliver(digest_room, MORNING + 4 * MINUTE) == Sent()
    (queued,) = digest_room.store.digest.mails(MailState.QUEUED, 9)
    assert "greylisted" in queued.error
    attempts = mailbox.attempts
    for minutes in range(5, 3 * 60, 5):
        deliver(digest_room, MORNING + minutes * MINUTE)
    assert 2 < mailbox.attempts - attempts < 8
    mailbox.answers.clear()
    assert deliver(digest_room, MORNING + 5 * HOUR) == Sent(sent=1)
    assert mailbox.recipients.count("bo@reader.example") == 1


def test_an_issue_that_is_never_taken_joins_the_next(
    digest_room: DigestRoom, mailbox: Mailbox
) -> None:
    """After six hours; no story is lost, and none comes twice."""
    mailbox.answers["ana@reader.example"] = "450 4.2.2 mailbox full"
    queue_issue(digest_room, "ana", "bo")
    for hours in range(8):
        deliver(digest_room, MORNING + hours * HOUR)
    (late,) = digest_room.store.digest.mails(MailState.DISCARDED, 9)
    assert late.error.startswith("It was too late; its stories are in the next digest.")
    assert "mailbox full" in late.error
    mailbox.answers.clear()
    digest_room.publishes("Ferry", at=MORNING + 9 * HOUR)
    assert digest_room.gets(MORNING + 24 * HOUR) == {
        "ana": ["Ferry", "Dockers win – «Übung»"], "bo": ["Ferry"],
    }  # fmt: skip
    ana = digest_room.store.digest_subscribers.get("ana")
    assert ana
    assert ana.bounces == 0


@pytest.mark.parametrize(
    "answer",
    ["554 5.7.1 relay access denied", "550 5.7.1 blocked", "552 5.2.2 over quota", "554 no"],
)
def test_a_refusal_that_is_not_about_the_address(
    digest_room: DigestRoom, mailbox: Mailbox, answer: str
) -> None:
    """It fails with the reason, and is no bounce."""
    mailbox.answers["ana@reader.example"] = answer
    queue_issue(digest_room, "ana", "bo")
    assert deliver(digest_room) == Sent(sent=1, failed=1)
    ana = digest_room.store.digest_subscribers.get("ana")
    assert ana
    assert ana.bounces == 0


def test_a_server_that_refuses_everybody(digest_room: DigestRoom, mailbox: Mailbox) -> None:
    """It costs ten mails, not all of them; operators are told, and can send them again."""
    mailbox.answer = "554 5.7.1 relay access denied"
    queue_issue(digest_room, *(f"reader{n:02}" for n in range(30)))
    assert "refused 10 mails and accepted none: localhost refused" in deliver(digest_room).error
    assert mail_states(digest_room) == {"failed": 10, "queued": 20}
    reasons = digest_reasons(digest_room.config, digest_room.store, MORNING)
    assert any("has refused 10 of 10 mails" in reason.sentence for reason in reasons)
    mailbox.answer = ""
    assert deliver(digest_room, MORNING + 2 * MINUTE) == Sent(sent=20)
    assert digest_room.store.digest.resend(None, MORNING, failed=True) == 10
    assert deliver(digest_room, MORNING + 3 * MINUTE) == Sent(sent=10)
    assert len(set(mailbox.recipients)) == len(mailbox.recipients) == 30


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
    digest_room: DigestRoom, options: dict[str, str], sentence: str
) -> None:
    """Nothing is sent for a while, the reason is kept, and all get their mail when it works."""
    with open_bad_mail_server(**options) as server:
        configure(digest_room, server.port)
        queue_issue(digest_room, "ana", "bo")
        sent = deliver(digest_room)
        assert sentence in sent.error
        assert sent.error
        assert mail_states(digest_room) == {"queued": 2}
        pause = digest_room.store.digest.pause()
        assert pause
        assert (pause.error, pause.attempts) == (sent.error, 1)
        connections = server.connections
        assert deliver(digest_room, MORNING + MINUTE / 2) == Sent()
        assert server.connections == connections

        server.times, server.replies = 0, {}
        assert deliver(digest_room, MORNING + 2 * MINUTE) == Sent(sent=2)
        assert len(server.mails) == 2
        assert digest_room.store.digest.pause() is None


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("at", "how"),
    [("DATA", "drop"), ("DATA", "hang"), ("TEXT", "drop"), ("TEXT", "hang"), ("END", "drop"),
     ("END", "hang"), ("END", "nonsense")],
)  # fmt: skip
def test_a_connection_that_is_lost_in_the_middle_of_a_mail(
    digest_room: DigestRoom, at: str, how: str
) -> None:
    """Nobody knows whether it was taken: it is not sent again by itself. The others wait."""
    with open_bad_mail_server(at=at, how=how, times=1) as server:
        configure(digest_room, server.port)
        queue_issue(digest_room, "ana", "bo", "cleo")
        assert deliver(digest_room).unknown == 1
        assert mail_states(digest_room) == {"unknown": 1, "queued": 2}
        assert deliver(digest_room, MORNING + 2 * MINUTE) == Sent(sent=2)
        assert deliver(digest_room, MORNING + 24 * HOUR) == Sent()
        (unknown,) = digest_room.store.digest.mails(MailState.UNKNOWN, 9)
        assert unknown.error
        assert digest_room.store.digest.resend([unknown.id], MORNING + 24 * HOUR) == 1
        assert deliver(digest_room, MORNING + 24 * HOUR) == Sent(sent=1)


@pytest.mark.usefixtures("quick")
def test_a_server_that_loses_every_mail(digest_room: DigestRoom) -> None:
    """It is asked less and less often: it does not make everybody's mail unknown."""
    with open_bad_mail_server(at="END", how="drop") as server:
        configure(digest_room, server.port)
        queue_issue(digest_room, *(f"reader{n}" for n in range(60)))
        for minutes in range(0, 24 * 60, 10):
            deliver(digest_room, MORNING + minutes * MINUTE)
    assert mail_states(digest_room)["unknown"] < 30
    assert len(server.mails) < 30


def test_a_server_that_takes_few_mails_in_a_session(digest_room: DigestRoom) -> None:
    """It is called again at once."""
    with open_bad_mail_server(most_per_connection=2) as server:
        configure(digest_room, server.port)
        queue_issue(digest_room, *(f"reader{n}" for n in range(7)))
        assert deliver(digest_room) == Sent(sent=7)
        assert len(set(server.recipients)) == 7
        assert len(server.mails) == 7


@pytest.mark.parametrize("point", ["DATA", "END"])
def test_a_mail_that_a_server_does_not_like(digest_room: DigestRoom, point: str) -> None:
    """It fails with the reason, which is not the subscriber's fault."""
    with open_bad_mail_server(replies={point: "554 5.7.1 looks like spam"}) as server:
        configure(digest_room, server.port)
        queue_issue(digest_room, "ana")
        assert deliver(digest_room) == Sent(failed=1)
    (failed,) = digest_room.store.digest.mails(MailState.FAILED, 9)
    assert "looks like spam" in failed.error
    ana = digest_room.store.digest_subscribers.get("ana")
    assert ana
    assert (ana.state, ana.bounces) == (SubscriberState.ACTIVE, 0)


def test_a_server_that_is_not_there(digest_room: DigestRoom) -> None:
    """And one whose login is not set."""
    configure(digest_room, 9)
    queue_issue(digest_room, "ana")
    assert "Could not connect to localhost port 9" in deliver(digest_room).error
    configure(digest_room, 9, keys='user = "SMTP_USER"\npassword = "SMTP_PASSWORD"')
    assert "SMTP_USER" in deliver(digest_room, MORNING + HOUR).error
    assert mail_states(digest_room) == {"queued": 1}


def test_an_answer_that_is_neither_yes_nor_no(digest_room: DigestRoom) -> None:
    """After a whole mail, the server may have taken it: it is not sent again by itself."""
    with open_bad_mail_server(replies={"END": "200 fine"}) as server:
        configure(digest_room, server.port)
        queue_issue(digest_room, "ana")
        assert deliver(digest_room).unknown == 1
    assert mail_states(digest_room) == {"unknown": 1}


def test_a_mail_that_breaks_the_connection_keeps_nobody_waiting(digest_room: DigestRoom) -> None:
    """It is tried again after the others."""
    with open_bad_mail_server(at="RCPT", times=1) as server:
        configure(digest_room, server.port)
        queue_issue(digest_room, "ana", "bo", "cleo")
        assert deliver(digest_room).error
        assert deliver(digest_room, MORNING + 2 * MINUTE) == Sent(sent=3)
        assert server.recipients[-1] == server.recipients[0]
