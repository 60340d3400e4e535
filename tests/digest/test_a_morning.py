"""A morning of ten thousand subscribers: everybody who is due gets one mail, whatever happens.

The real program sends through a real server, over TLS and with a login, and is killed on the way.
"""

import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from aggregator.digest.due_times import next_due
from aggregator.model import DigestPreferences, DigestSubscriber, MailState, SubscriberState
from tests.harness.command_line import argv
from tests.harness.digest import DIGEST_TOML, DigestRoom, open_digest_room
from tests.harness.mail_server import LOGIN, Mailbox, open_mail_server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Requiring AUTH while"),
]
SUBSCRIBERS = 10_000
KILLS = 20
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Sydney", "UTC")
TOPICS = ("labor", "ports", "courts")
HOUR = timedelta(hours=1)


class CountingMailbox(Mailbox):
    """A mailbox that keeps only whom a mail was for."""

    async def handle_DATA(self, _server: object, _session: object, envelope: object) -> str:  # noqa: N802 - aiosmtpd's name
        """Take a mail."""
        self.recipients += envelope.rcpt_tos  # type: ignore[attr-defined]  # aiosmtpd's
        return "250 OK"


@contextmanager
def _newsroom(folder: Path) -> Iterator[tuple[DigestRoom, Mailbox, set[str]]]:
    """A newsroom in whose last hour some of its subscribers fell due; the addresses of those."""
    now = datetime.now(UTC)
    with (
        open_digest_room(folder) as digest_room,
        open_mail_server(folder, "tls", wants_login=True, kind=CountingMailbox) as mailbox,
    ):
        text = DIGEST_TOML.replace('security = "none"', 'security = "tls"')
        login = 'user = "SMTP_USER"\npassword = "SMTP_PASSWORD"'
        digest_room.configure(text.replace("port = 2525", f"port = {mailbox.port}\n{login}"))
        (folder / "feeds.toml").write_text(digest_room.config.text)
        for number in range(30):
            topics = TOPICS[: number % 4]
            digest_room.publishes(f"Story {number}", *topics, at=now - 5 * HOUR)
        chosen = random.Random(1)
        due = set()
        for number in range(SUBSCRIBERS):
            zone = chosen.choice(ZONES)
            local = now.astimezone(ZoneInfo(zone))
            preferences = DigestPreferences(
                topics=chosen.choice([None, ("labor",), ("ports",), ("labor", "ports")]),
                hour=(local.hour - chosen.choice([0, 0, 0, 5])) % 24,
                timezone=zone,
                language=chosen.choice(["en", "en", "de", "ar"]),
            )
            subscriber = DigestSubscriber(
                id=f"{number:016x}",
                address=f"reader{number}@reader.example",
                preferences=preferences,
                state=SubscriberState.ACTIVE,
                created_at=now - 30 * HOUR,
                confirmed_at=now - 30 * HOUR,
                covered_until=now - 26 * HOUR,
                next_at=next_due(preferences, now - HOUR),
            )
            digest_room.store.digest_subscribers.add(subscriber)
            if subscriber.next_at and subscriber.next_at <= now:
                due.add(subscriber.address)
        yield digest_room, mailbox, due


def _sending(folder: Path) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ, "SMTP_USER": LOGIN[0], "SMTP_PASSWORD": LOGIN[1],
        "SSL_CERT_FILE": str(folder / "ca.pem"),
    }  # fmt: skip
    return subprocess.Popen(
        argv(folder / "feeds.toml", "digest", "send"),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment,
    )  # fmt: skip


def test_everybody_due_gets_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And nobody else any."""
    with _newsroom(tmp_path) as (digest_room, mailbox, due):
        begun = time.monotonic()
        with _sending(tmp_path) as process:
            assert process.wait(timeout=600) == 0
        seconds = time.monotonic() - begun
        assert Counter(mailbox.recipients) == dict.fromkeys(due, 1)
        assert digest_room.store.digest.count_mails() == {MailState.SENT: len(due)}
    with capsys.disabled():
        print(f" {len(due):,} mails, {len(due) / seconds:.0f} a second")


def test_nobody_gets_two_when_the_program_is_killed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Twenty times on the way. What the server had taken when the program died is unknown, and is
    not sent again by itself."""
    with _newsroom(tmp_path) as (digest_room, mailbox, due):
        chosen = random.Random(2)
        for kill in range(KILLS):
            goal = min(len(due) * (kill + 1) // (KILLS + 2), len(due) - 1)
            with _sending(tmp_path) as process:
                while len(mailbox.recipients) < goal and process.poll() is None:
                    time.sleep(0.002)
                time.sleep(chosen.random() / 50)
                process.send_signal(signal.SIGKILL)
        with _sending(tmp_path) as process:
            assert process.wait(timeout=600) == 0
        got = Counter(mailbox.recipients)
        counts = digest_room.store.digest.count_mails()
        unknown = {
            subscriber.address
            for mail in digest_room.store.digest.mails(MailState.UNKNOWN, 100)
            if (subscriber := digest_room.store.digest_subscribers.get(mail.subscriber))
        }
    assert max(got.values()) == 1
    assert set(got) <= due
    assert set(got) | unknown == due
    assert len(unknown) <= KILLS
    assert counts == {MailState.SENT: len(due) - len(unknown), **(
        {MailState.UNKNOWN: len(unknown)} if unknown else {}
    )}  # fmt: skip
    arrived = len(unknown & set(got))
    with capsys.disabled():
        print(f" {KILLS} kills: {len(unknown)} unknown, {arrived} of them had arrived")
