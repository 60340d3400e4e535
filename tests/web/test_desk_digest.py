"""The page Digest of the desk: who gets it, what became of each mail, a test, and forgetting."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine

from aggregator.model import MailState, SendingPause, SubscriberState
from tests.harness.desk import DeskUser
from tests.harness.digest import DIGEST_TOML, MORNING, DigestRoom, open_digest_room
from tests.harness.mail_server import open_mail_server

HOUR = timedelta(hours=1)
PASSWORD = "correct horse battery"


@pytest.fixture
def digest_room(tmp_path: Path) -> Iterator[DigestRoom]:
    """A newsroom with a digest, in the morning."""
    with open_digest_room(tmp_path) as opened, time_machine.travel(MORNING, tick=False):
        yield opened


def _operator(digest_room: DigestRoom) -> DeskUser:
    user = DeskUser(digest_room)  # type: ignore[arg-type]  # it has what the desk needs
    user.is_owner("ana", PASSWORD)
    user.logs_in("ana", PASSWORD)
    return user


def _unknown_mails(digest_room: DigestRoom, *names: str) -> list[int]:
    digest_room.publishes("Dockers win", "labor", at=MORNING - HOUR)
    for name in names:
        digest_room.subscribes(name, MORNING - HOUR)
    digest_room.composes(MORNING)
    mails = [due.mail.id for due in digest_room.store.digest.due_mails(MORNING, 9)]
    for id_ in mails:
        digest_room.store.digest.begin_sending(id_, MORNING)
    digest_room.store.digest.mark_interrupted(MORNING)
    return mails


def test_what_became_of_the_mails(digest_room: DigestRoom) -> None:
    """Unknown ones are decided one by one, or all; addresses are in no page and no log."""
    first, *_ = _unknown_mails(digest_room, "anna", "bo", "cleo")
    desk = _operator(digest_room)
    page = desk.get("/digest").text
    for part in ("3 subscribers", "Mails to decide about", "The program ended while", "Dockers win",
                 "Resend all unknown ones"):  # fmt: skip
        assert part in page
    assert "reader.example" not in page
    assert "needs you" in desk.get("/").text or "may or may not have arrived" in desk.get("/").text

    assert desk.post("/digest/mails", mail=str(first), do="discard").status_code == 303
    asked = desk.post("/digest/mails", mail="all", do="resend")
    assert "Send 2 mails once more" in asked.text
    assert digest_room.store.digest.count_mails()[MailState.UNKNOWN] == 2
    assert desk.post("/digest/mails", mail="all", do="resend", sure="1").status_code == 303
    assert digest_room.store.digest.count_mails() == {
        MailState.DISCARDED: 1, MailState.QUEUED: 2,
    }  # fmt: skip
    log = [entry.action for entry in digest_room.store.operators.audit_log(9)]
    assert {"resent digest mails", "discarded digest mails"} <= set(log)


@pytest.mark.parametrize(
    "form",
    [
        {"mail": "x", "do": "resend"},
        {"mail": "1"},
        {"mail": "-1", "do": "discard"},
        {},
        {"mail": "²", "do": "resend"},
        {"mail": "9" * 30, "do": "discard"},
    ],
)
def test_a_form_that_is_not_complete(digest_room: DigestRoom, form: dict[str, str]) -> None:
    """Changes nothing."""
    assert _operator(digest_room).post("/digest/mails", **form).status_code == 400


def test_why_nothing_is_sent(digest_room: DigestRoom) -> None:
    """The server's reason, and since when."""
    pause = SendingPause(
        error="Could not connect to localhost port 9.", since=MORNING - HOUR,
        until=MORNING + HOUR, attempts=4,
    )  # fmt: skip
    digest_room.store.digest.set_pause(pause)
    desk = _operator(digest_room)
    page = desk.get("/digest").text
    assert "Nothing is sent at the moment" in page
    assert "Could not connect to localhost port 9." in page
    assert "The digest cannot be sent" in desk.get("/").text
    health = desk.stranger.get("/healthz").get_json()
    (reason,) = (each for each in health["reasons"] if each["kind"] == "digest")
    assert "localhost" not in reason["sentence"]


def test_preview_and_test(digest_room: DigestRoom, tmp_path: Path) -> None:
    """As a mail program shows it, without scripts; to one address, or with the reason why not."""
    desk = _operator(digest_room)
    assert "no story was listed" in desk.get("/digest/preview").text
    digest_room.publishes("<script>alert(1)</script>", at=MORNING - HOUR, url="https://h.example/")
    preview = desk.get("/digest/preview")
    assert "&lt;script&gt;" in preview.text
    assert "sandbox" in preview.headers["Content-Security-Policy"]
    assert "Could not connect" in desk.post("/digest/test", to="editor@commons.example").text
    bad = desk.post("/digest/test", to="editor@commons.example\r\nBcc: x@y.example")
    assert bad.status_code == 400
    assert "This is not a mail address" in bad.text
    with open_mail_server(tmp_path) as mailbox:
        digest_room.configure(DIGEST_TOML.replace("port = 2525", f"port = {mailbox.port}"))
        desk = _operator(digest_room)
        assert desk.post("/digest/test", to="editor@commons.example").status_code == 303
    assert mailbox.recipients == ["editor@commons.example"]


def test_finding_and_forgetting_somebody(digest_room: DigestRoom) -> None:
    """Who asks gets an answer; the address is in no URL and no log."""
    digest_room.subscribes("bo", MORNING, topics=("labor",))
    desk = _operator(digest_room)
    assert "Nothing is stored" in desk.post("/digest/find", address="nobody@x.example").text
    page = desk.post("/digest/find", address="BO@reader.example ").text
    assert "bo@reader.example" in page
    assert "labor" in page
    done = desk.post("/digest/forget", subscriber="bo")
    assert "reader.example" not in (done.location or "")
    assert digest_room.store.digest_subscribers.get("bo") is None
    assert "any%20more" in (desk.post("/digest/forget", subscriber="bo").location or "")
    log = digest_room.store.operators.audit_log(9)
    assert not any("@" in f"{entry.subject}{entry.detail}" for entry in log)


def test_without_a_digest_it_says_what_to_add(digest_room: DigestRoom) -> None:
    """And is a page like any other."""
    start, end = DIGEST_TOML.index("[mail]"), DIGEST_TOML.index("[[topic]]")
    digest_room.configure(DIGEST_TOML[:start] + DIGEST_TOML[end:])
    assert "add the tables [digest] and [mail]" in _operator(digest_room).get("/digest").text


def test_metrics_count_people_and_mails(digest_room: DigestRoom) -> None:
    """By state, without addresses."""
    _unknown_mails(digest_room, "anna", "bo")
    bo = digest_room.store.digest_subscribers.get("bo")
    assert bo
    digest_room.store.digest_subscribers.record_bounce(
        "bo", 3, "Full.", SubscriberState.SUSPENDED, MORNING
    )
    text = DeskUser(digest_room).stranger.get("/metrics").text  # type: ignore[arg-type]  # as above
    assert 'aggregator_digest_subscribers{state="suspended"} 1.0' in text
    assert 'aggregator_digest_mails{state="unknown"} 2.0' in text
    assert "reader.example" not in text


def test_digests_that_are_overdue_are_reported(digest_room: DigestRoom) -> None:
    """If nothing composes them."""
    digest_room.subscribes("bo", MORNING - HOUR)
    desk = _operator(digest_room)
    with time_machine.travel(MORNING + HOUR / 2, tick=False):
        assert "Digests are due and not sent" in desk.get("/").text
