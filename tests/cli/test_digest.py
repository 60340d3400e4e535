"""The digest on the command line: preview, test, what became of each mail, and subscribers."""

import csv
import json
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator.model import DigestPreferences, MailState, SubscriberState
from tests.harness.command_line import run
from tests.harness.digest import DIGEST_TOML, DigestRoom, open_digest_room
from tests.harness.mail_server import Mailbox, open_mail_server

HOUR = timedelta(hours=1)


class Desk:
    """A newsroom with a digest, on the command line."""

    def __init__(self, digest_room: DigestRoom, mailbox: Mailbox) -> None:
        self.digest_room = digest_room
        self.mailbox = mailbox
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.writes(DIGEST_TOML.replace("port = 2525", f"port = {mailbox.port}"))
        digest_room.publishes(
            "Dockers win", "labor", at=self.now - HOUR, summary="After two recounts."
        )
        digest_room.publishes("Ferry", "ports", at=self.now - 2 * HOUR)

    def writes(self, text: str) -> None:
        """Put a feeds.toml in force."""
        self.digest_room.configure(text)
        (self.digest_room.folder / "feeds.toml").write_text(self.digest_room.config.text)

    def says(self, *command: str, code: int = 0) -> str:
        """Run a command of `digest`; returns what it prints."""
        result = run(self.digest_room.folder / "feeds.toml", "digest", *command)
        assert result.returncode == code, result.stderr
        assert "Traceback" not in result.stderr
        return result.stdout + result.stderr


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A newsroom with two stories and a mail server."""
    with open_digest_room(tmp_path) as digest_room, open_mail_server(tmp_path) as mailbox:
        yield Desk(digest_room, mailbox)


def test_preview_and_test_mail(desk: Desk) -> None:
    """What goes out now, as HTML, as text, of one topic; to one address, without a subscriber."""
    assert "<h2" in desk.says("preview")
    text = desk.says("preview", "--text")
    assert "Dockers win" in text
    assert "Ferry" in text
    assert "Ferry" not in desk.says("preview", "--text", "--topic", "labor")
    assert "Geschichten" in desk.says("preview", "--text", "--language", "de") or "2" in text
    assert "There is no topic 'labour'" in desk.says("preview", "--topic", "labour", code=2)

    said = desk.says("send", "--to", "editor@commons.example", "--topic", "labor")
    assert "localhost accepted the test to editor@commons.example" in said
    (mail,) = desk.mailbox.mails
    assert mail["Subject"] == "Dockers win"
    assert desk.digest_room.store.digest.count_mails() == {}
    assert "This is not a mail address" in desk.says("send", "--to", "editor", code=2)
    assert "add --to" in desk.says("send", "--weekly", code=2)
    assert "take one of them" in desk.says("send", "--to", "a@b.example", "--dry-run", code=2)
    assert len(desk.mailbox.mails) == 1


def test_an_empty_day_cannot_be_previewed(desk: Desk) -> None:
    """It says so."""
    assert "no story was listed" in desk.says("preview", "--topic", "courts", code=2)


def test_what_is_due_is_sent_once(desk: Desk) -> None:
    """First it is only said; addresses are in no output and no log."""
    for name in ("ana", "bo"):
        desk.digest_room.subscribes(name, desk.now - 25 * HOUR, hour=(desk.now - HOUR).hour)
    assert "2 digests are due" in desk.says("send", "--dry-run")
    assert desk.mailbox.mails == []
    said = desk.says("send")
    assert "2 mails sent, 0 failed, 0 to be tried again, 0 unknown." in said
    assert "0 mails sent" in desk.says("send")
    assert sorted(desk.mailbox.recipients) == ["ana@reader.example", "bo@reader.example"]
    status = desk.says("status")
    assert "2 subscribers, 0 to be confirmed, 0 suspended" in status
    assert "Dockers win" in status or "Ferry" in status
    assert "reader.example" not in said + status
    assert json.loads(desk.says("status", "--json"))["mails"] == {"sent": 2}


def test_unknown_mails_are_decided(desk: Desk) -> None:
    """By number, or all."""
    for name in ("ana", "bo", "cleo"):
        desk.digest_room.subscribes(name, desk.now - 25 * HOUR, hour=(desk.now - HOUR).hour)
    desk.digest_room.composes(desk.now)
    store = desk.digest_room.store.digest
    mails = [due.mail.id for due in store.due_mails(desk.now, 9)]
    for id_ in mails:
        store.begin_sending(id_, desk.now)
    store.mark_interrupted(desk.now)
    status = desk.says("status")
    assert "The program ended while the mail was being handed" in " ".join(status.split())
    assert "1 mail is discarded." in desk.says("discard", str(mails[0]))
    assert "2 mails are queued." in desk.says("resend", "--yes")
    assert "1 mail was not changed" in desk.says("resend", "99", code=2)
    assert "2 mails sent" in desk.says("send")
    assert store.count_mails() == {MailState.DISCARDED: 1, MailState.SENT: 2}


def test_a_server_that_does_not_work(desk: Desk) -> None:
    """The reason is the error, and in the status."""
    desk.digest_room.subscribes("ana", desk.now - 25 * HOUR, hour=(desk.now - HOUR).hour)
    desk.writes(DIGEST_TOML.replace("port = 2525", "port = 9"))
    assert "Could not connect to localhost port 9" in desk.says("send", code=2)
    status = desk.says("status")
    assert "The mail server has not worked since" in status
    assert "Nothing is sent until" in desk.says("send", "--dry-run")
    assert "Nothing is sent until" in desk.says("send", code=2)


def test_without_tables(desk: Desk) -> None:
    """It says what is missing."""
    start, end = DIGEST_TOML.index("[digest]"), DIGEST_TOML.index("[[topic]]")
    desk.writes(DIGEST_TOML[:start] + DIGEST_TOML[end:])
    assert "no table [digest]" in desk.says("preview", code=2)
    assert "no table [digest]" in desk.says("send", code=2)
    assert "no table [digest]" in desk.says("status")
    mail = DIGEST_TOML.index("[mail]")
    desk.writes(DIGEST_TOML[:mail] + DIGEST_TOML[start:])
    assert "no table [mail]" in desk.says("send", "--to", "a@b.example", code=2)
    assert "no table [mail]" in desk.says("status")
    assert "no table [mail]" in desk.says("send", code=2)


# ---- subscribers


def test_subscribers_go_out_and_come_back(desk: Desk, tmp_path: Path) -> None:
    """With all that they have chosen; the file is for its owner only."""
    desk.digest_room.subscribes(
        "ana", desk.now, topics=("labor", "ports"), frequency="weekly", weekday=6
    )
    desk.digest_room.subscribes("bo", desk.now, hour=22, timezone="Asia/Tokyo", language="ar")
    file = tmp_path / "people.csv"
    assert "2 subscribers written" in desk.says("subscribers", "export", str(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "exists already" in desk.says("subscribers", "export", str(file), code=2)
    rows = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
    assert rows[0]["address"] == "ana@reader.example"
    assert (rows[0]["topics"], rows[0]["weekday"]) == ("labor ports", "sunday")
    assert desk.says("subscribers", "export") == file.read_text(encoding="utf-8")

    before = {s.address: s.preferences for s in desk.digest_room.store.digest_subscribers.all()}
    assert "0 subscribers added; 2 already known" in desk.says("subscribers", "import", str(file))
    for name in ("ana", "bo"):
        desk.digest_room.store.digest_subscribers.remove(name, "no such hash", desk.now)
    assert "2 subscribers added; 0 already known" in desk.says("subscribers", "import", str(file))
    after = {s.address: s.preferences for s in desk.digest_room.store.digest_subscribers.all()}
    assert after == before


def test_a_list_of_another_program(desk: Desk, tmp_path: Path) -> None:
    """Only addresses; a bad line costs itself, and is named."""
    file = tmp_path / "list.csv"
    file.write_text(
        "\ufeffName,Email,topics,hour,timezone,frequency,language,state,confirmed_at\n"
        "Ana,ana@reader.example\n"
        "Bo,bo@müller.example,labor,6,Europe/Berlin,daily,de,,2026-01-02\n"
        "\n"
        "Cleo,cleo@,,,,,,,\n"
        "Dan,dan@reader.example,labour,,,,,,\n"
        "Eve,eve@reader.example,,24,,,,,\n"
        "Fay,fay@reader.example,,,Mars,,,,\n"
        "Gus,gus@reader.example,,,,hourly,,,\n"
        "Hal,hal@reader.example,,,,,xx,,\n"
        "Ida,ida@reader.example,,,,,,pending,\n"
        "Jo,jo@mailinator.com,,,,,,,\n"
        "Kim,kim@reader.example,,,,,,,yesterday\n"
        '"Lee\nlee,"lee@reader.example"\n',
        encoding="utf-8",
    )
    said = desk.says("subscribers", "import", str(file), code=2)
    assert "2 subscribers added" in said
    for part in (
        "line 5: This is not a mail address", "line 6: there is no topic 'labour'.",
        "line 7: '24' is not an hour", "line 8: 'Mars' is not a time zone",
        "line 9: the frequency 'hourly'", "line 10: there is no language 'xx'; use one of ar, de,",
        "line 11: this address was never confirmed", "line 12: This service provides",
        "line 13: 'yesterday' is not a time",
    ):  # fmt: skip
        assert part in said
    bo = desk.digest_room.store.digest_subscribers.by_address("bo@müller.example")
    assert bo
    assert bo.preferences == DigestPreferences(
        topics=("labor",), hour=6, timezone="Europe/Berlin", language="de"
    )
    assert bo.state is SubscriberState.ACTIVE
    assert bo.confirmed_at == datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty."),
        (b"name,phone\nAna,1\n", "no column named address"),
        (b"address\n\xff\xfe\n", "not in UTF-8"),
        (b"PK\x03\x04\x00", "no column named address"),
    ],
)
def test_a_file_that_is_no_list(desk: Desk, tmp_path: Path, content: bytes, sentence: str) -> None:
    """It says what is missing."""
    file = tmp_path / "list.csv"
    file.write_bytes(content)
    assert sentence in desk.says("subscribers", "import", str(file), code=2)


def test_a_list_of_a_spreadsheet(desk: Desk, tmp_path: Path) -> None:
    """With semicolons, topics by former ids; a cell that would be a formula comes back as it is."""
    file = tmp_path / "list.csv"
    file.write_text("Email;topics\nana@reader.example;harbours\n'=1+1@reader.example;\n")
    assert "2 subscribers added" in desk.says("subscribers", "import", str(file))
    ana = desk.digest_room.store.digest_subscribers.by_address("ana@reader.example")
    assert ana
    assert ana.preferences.topics == ("ports",)
    exported = desk.says("subscribers", "export")
    assert "\n'=1+1@reader.example," in exported
    assert "is deleted" in desk.says("forget", "=1+1@reader.example")


def test_an_address_is_found_however_it_is_written(desk: Desk) -> None:
    """With its domain in other letters or in ASCII."""
    desk.digest_room.subscribes("ana", desk.now, address="ana@müller.example")
    assert "is deleted" in desk.says("forget", "ana@xn--mller-kva.example")


def test_who_is_forgotten_is_not_imported_again(desk: Desk, tmp_path: Path) -> None:
    """Whatever list still has the address."""
    desk.digest_room.subscribes("ana", desk.now)
    file = tmp_path / "old.csv"
    file.write_text("address\nana@reader.example\n", encoding="utf-8")
    assert "is deleted" in desk.says("forget", "ANA@reader.example")
    assert "Nothing is stored" in desk.says("forget", "ana@reader.example", code=2)
    assert "1 had unsubscribed" in desk.says("subscribers", "import", str(file))
    assert list(desk.digest_room.store.digest_subscribers.all()) == []
