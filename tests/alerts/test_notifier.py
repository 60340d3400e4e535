"""Alerts reach operators over real channels: once when something begins, once when it is over."""

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from aggregator.alerts.notifier import AlertNotifier
from aggregator.alerts.weekly import due_since
from aggregator.fetching import webhook_settings
from aggregator.ingest.fetch.client import open_fetcher
from aggregator.model import AlertMessage
from tests.harness.builders import NOW
from tests.harness.callback_server import Callbacks, open_callbacks
from tests.harness.mail_server import Mailbox, mail_toml, open_mail_server
from tests.harness.newsroom import Newsroom, article

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Scene:
    """A newsroom whose operators get mails and webhooks."""

    def __init__(self, newsroom: Newsroom, mailbox: Mailbox, chat: Callbacks) -> None:
        self.newsroom, self.mailbox, self.chat = newsroom, mailbox, chat
        self.environment = {
            "HOOK": f"{chat.url}/hook?token=verysecret",
            "PING": f"{chat.url}/ping/verysecret",
        }

    def looks(self, later: timedelta = timedelta()) -> None:
        """Do what the loop does, `later` than the last time."""
        self.newsroom.now += later
        asyncio.run(self._look(self.newsroom.now))

    async def _look(self, now: datetime) -> None:
        settings = webhook_settings(self.newsroom.config, self.environment.values())
        async with open_fetcher(settings, {}) as fetcher:
            notifier = AlertNotifier(
                config=self.newsroom.config,
                store=self.newsroom.store,
                fetcher=fetcher,
                environment=self.environment,
            )
            notifier.find_silent_rules(now)
            notifier.check(now)
            await notifier.deliver(now)
            await notifier.ping(now)

    @property
    def subjects(self) -> list[str]:
        """The subjects of all mails."""
        return [str(mail["Subject"]).removeprefix("[The Commons] ") for mail in self.mailbox.mails]

    @property
    def hooks(self) -> list[str]:
        """The events that the webhook got."""
        bodies = [json.loads(each.body) for each in self.chat.deliveries]
        return [f"{e['event']} {e['kind']} {e['subject']}" for b in bodies for e in b["events"]]

    @property
    def pings(self) -> int:
        """How often the ping address was called."""
        return sum(each.path == "/ping/verysecret" for each in self.chat.received)


@pytest.fixture
def scene(newsroom: Newsroom, tmp_path: Path) -> Iterator[Scene]:
    """Two outlets, a mail server, and a chat."""
    newsroom.lists("harbor")
    newsroom.lists("plains")
    newsroom.has_topic("labor", "strike")
    newsroom.publishes("harbor", article("Strike"))
    newsroom.publishes("plains", article("Rain"))
    with open_mail_server(tmp_path) as mailbox, open_callbacks() as chat:
        newsroom.change(
            "[fetch]",
            f"""{mail_toml(mailbox)}
[alerts]
mail = ["editor@commons.example"]
webhook = "HOOK"
ping = "PING"
[fetch]""",
        )
        newsroom.ingests()
        yield Scene(newsroom, mailbox, chat)


def test_a_source_that_fails_and_works_again(scene: Scene) -> None:
    """One message when it has failed for six hours, one when that is over, in both channels."""
    scene.newsroom.answers("harbor", b"Down.", status=503)
    scene.newsroom.ingests("harbor", later=HOUR)
    scene.looks()
    assert scene.subjects == []
    for _ in range(3):
        scene.newsroom.ingests("harbor", later=3 * HOUR)
        scene.looks()
        scene.looks(MINUTE)
    assert scene.subjects == ["Harbor cannot be fetched"]
    assert scene.hooks == ["started failing harbor"]

    scene.newsroom.publishes("harbor", article("Strike"))
    scene.newsroom.ingests("harbor", later=HOUR)
    scene.looks()
    scene.looks(6 * MINUTE)
    assert scene.subjects[1:] == ["Resolved: Harbor cannot be fetched"]
    assert scene.hooks[1:] == ["resolved failing harbor"]
    scene.looks(HOUR)
    assert len(scene.mailbox.mails) == 2
    body = scene.mailbox.mails[0].get_content()
    assert "503" in body
    assert "https://commons.example/desk/sources/harbor" in body


def test_many_articles_at_once_are_held(scene: Scene) -> None:
    """A held flood is reported at once; what waits for approval is not."""
    scene.newsroom.change(
        'site = "https://plains.example/"', 'site = "https://plains.example/"\nmax_new = 2'
    )
    scene.newsroom.publishes("plains", *(article(f"Rain {n}") for n in range(9)))
    scene.newsroom.ingests("plains", later=HOUR)
    scene.looks()
    assert scene.hooks == ["started held plains"]
    scene.newsroom.store.stories.drop("plains")
    scene.looks(6 * MINUTE)
    assert scene.hooks[1:] == ["resolved held plains"]


def test_nothing_could_be_fetched(scene: Scene) -> None:
    """Since the program, or its network, was down for two days."""
    scene.looks(2 * DAY)
    assert "started stale " in scene.hooks


def test_a_rule_that_has_fallen_silent(scene: Scene) -> None:
    """An outlet changed its words; the topic is reported, and not also its clause."""
    dates = [NOW - n * DAY for n in range(20)]
    items = [article(f"Strike {n}", f"Day {n}.", published=date) for n, date in enumerate(dates)]
    for n in range(len(items)):
        scene.newsroom.publishes("harbor", *items[-n - 1 :])
        scene.newsroom.now = dates[-n - 1]
        scene.newsroom.ingests("harbor", later=HOUR)
    for n in range(40):
        scene.newsroom.publishes("harbor", article(f"Walkout {n}", published=NOW + n * DAY))
        scene.newsroom.ingests("harbor", later=DAY)
    scene.looks()
    assert "started silent_rule labor: everything" in scene.hooks
    assert not any("labor: rule" in hook for hook in scene.hooks)


def test_a_bad_file(scene: Scene) -> None:
    """Its lines are in the message."""
    scene.newsroom.store.config.reject(["line 7: source.feed: is missing"], scene.newsroom.now)
    scene.looks()
    assert scene.subjects == ["feeds.toml has problems"]
    assert "line 7" in scene.mailbox.mails[0].get_content()


def test_a_wrong_clock_is_the_only_alert(scene: Scene) -> None:
    """The age of everything else cannot be known, so nothing begins and nothing is over."""
    scene.newsroom.answers("harbor", b"Down.", status=503)
    scene.newsroom.ingests("harbor")
    scene.looks(7 * HOUR)
    scene.newsroom.store.maintenance.record_incident("clock", "It is 2031.", scene.newsroom.now)
    scene.looks(1800 * DAY)
    assert scene.hooks == ["started failing harbor", "started clock "]
    scene.newsroom.store.maintenance.clear_incident("clock")
    scene.newsroom.now -= 1800 * DAY
    scene.newsroom.publishes("harbor", article("Strike"))
    scene.newsroom.ingests()
    scene.looks(6 * MINUTE)
    assert sorted(scene.hooks[2:]) == ["resolved clock ", "resolved failing harbor"]
    assert scene.newsroom.store.alerts.current() == []
    last = scene.newsroom.store.alerts.last_done("silent_rules")
    assert last is not None
    assert last <= scene.newsroom.now


def test_what_operators_switch_off_is_not_resolved(scene: Scene) -> None:
    """A source that is paused still fails; nobody is told that it works again."""
    scene.newsroom.answers("harbor", b"Down.", status=503)
    scene.newsroom.ingests("harbor")
    scene.looks(7 * HOUR)
    scene.newsroom.change('id = "harbor"', 'id = "harbor"\nenabled = false')
    scene.looks(HOUR)
    scene.looks(HOUR)
    assert scene.hooks == ["started failing harbor"]
    assert scene.newsroom.store.alerts.current() == []


def _mail_message(scene: Scene) -> AlertMessage:
    now = scene.newsroom.now
    return AlertMessage(
        channel="mail", recipient="editor@commons.example", subject="S", body="B", created_at=now,
        due_at=now,
    )  # fmt: skip


def test_who_does_not_take_a_message_is_asked_once(scene: Scene) -> None:
    """Many waiting mails do not each cost the time that a server takes to fail."""
    scene.mailbox.answer = "451 Later"
    scene.newsroom.store.alerts.save([], [_mail_message(scene)] * 4)
    scene.looks()
    assert scene.mailbox.attempts == 1
    scene.mailbox.answer = ""
    scene.looks(MINUTE)
    assert scene.subjects.count("S") == 4


def test_a_server_that_does_not_answer(scene: Scene) -> None:
    """The message is kept and tried again, a little later each time; it is one thing that needs
    operators itself, over the channel that works."""
    scene.mailbox.answer = "451 Later"
    scene.newsroom.store.config.reject(["bad"], scene.newsroom.now)
    scene.looks()
    scene.looks(10 * timedelta(seconds=1))
    assert scene.hooks == ["started config ", "started undelivered mail to editor@commons.example"]
    assert scene.newsroom.store.alerts.messages()[0].attempts == 1
    assert scene.newsroom.store.alerts.messages()[0].error.endswith("451 Later.")
    scene.mailbox.answer = ""
    scene.looks(MINUTE)
    assert scene.subjects[0] == "feeds.toml has problems"
    assert scene.newsroom.store.alerts.messages() == []


def test_a_mail_server_that_says_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """One attempt waits for it, not one for each mail, and the webhook does not wait."""
    monkeypatch.setattr("aggregator.mail.smtp_session.TIMEOUT_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        scene.newsroom.change(
            f"port = {scene.mailbox.port}\n", f"port = {silent.getsockname()[1]}\n"
        )
        scene.newsroom.store.alerts.save([], [_mail_message(scene)] * 4)
        scene.newsroom.store.config.reject(["bad"], scene.newsroom.now)
        scene.looks()
        silent.setblocking(False)
        attempts = 0
        with suppress(BlockingIOError):
            while True:
                silent.accept()[0].close()
                attempts += 1
    assert attempts == 1
    assert scene.hooks[0] == "started config "
    (waiting, *_) = scene.newsroom.store.alerts.messages()
    assert "did not answer within" in waiting.error


def test_what_is_never_taken_is_given_up(scene: Scene) -> None:
    """After three days; it stays on the desk."""
    scene.mailbox.answer = "550 No"
    scene.newsroom.store.config.reject(["bad"], scene.newsroom.now)
    for _ in range(80):
        scene.looks(HOUR)
    kept = [message.created_at for message in scene.newsroom.store.alerts.messages()]
    assert all(scene.newsroom.now - created < timedelta(days=3, hours=2) for created in kept)
    assert scene.newsroom.store.alerts.latest(100)[-1].kind == "config"


def test_an_address_that_left_feeds_toml(scene: Scene) -> None:
    """What waits for it is dropped."""
    scene.mailbox.answer = "451 Later"
    scene.newsroom.store.config.reject(["bad"], scene.newsroom.now)
    scene.looks()
    scene.newsroom.change('mail = ["editor@commons.example"]', "")
    scene.looks()
    assert [m.channel for m in scene.newsroom.store.alerts.messages()] == []


def test_the_secret_of_a_webhook_is_nowhere(scene: Scene) -> None:
    """Neither in the log nor in the database, whatever goes wrong."""
    scene.chat.status = 404
    scene.newsroom.store.config.reject(["bad"], scene.newsroom.now)
    with capture_logs() as logs:
        scene.looks()
        scene.environment["HOOK"] = "http://localhost:1/verysecret"
        scene.looks(HOUR)
        scene.environment["HOOK"] = "not an address, verysecret"
        scene.looks(HOUR)
    assert [entry["event"] for entry in logs].count("alert_not_delivered") >= 3
    assert "verysecret" not in str(logs)
    assert "verysecret" not in str(scene.newsroom.store.alerts.messages())


def test_a_ping_after_each_good_run(scene: Scene) -> None:
    """Not without a new run, and not after one in which all failed."""
    scene.looks()
    scene.looks(2 * MINUTE)
    assert scene.pings == 1
    scene.newsroom.ingests(later=HOUR)
    scene.looks()
    assert scene.pings == 2
    for outlet in ("harbor", "plains"):
        scene.newsroom.answers(outlet, b"Down.", status=503)
    scene.newsroom.ingests(later=HOUR)
    scene.looks()
    assert scene.pings == 2


def test_a_ping_that_fails_is_repeated(scene: Scene) -> None:
    """The service would raise an alarm for nothing."""
    scene.chat.status = 500
    scene.looks()
    scene.chat.status = 200
    scene.looks(timedelta(seconds=10))
    assert scene.pings == 2
    scene.looks(2 * MINUTE)
    assert scene.pings == 2


def test_the_summary_of_the_week(scene: Scene) -> None:
    """Once a week, on Monday morning; not in the first week."""
    zone = ZoneInfo("UTC")
    scene.looks()
    monday = datetime(2026, 10, 12, 7, 0, tzinfo=zone)
    scene.looks(monday - MINUTE - scene.newsroom.now)
    scene.newsroom.ingests()
    assert "Weekly summary" not in scene.subjects
    scene.looks(MINUTE)
    scene.looks(HOUR)
    assert scene.subjects.count("Weekly summary") == 1
    week = next(m for m in scene.mailbox.mails if "Weekly summary" in m["Subject"]).get_content()
    assert "2 stories in the seven days before today (0 in the seven days before those)" in week
    assert "      1  Labor" in week
    assert "Sources: 2 " in week
    scene.looks(7 * DAY)
    assert scene.subjects.count("Weekly summary") == 2


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-10-12T05:00:00+00:00", "2026-10-12T05:00:00+00:00"),
        ("2026-10-12T04:59:59+00:00", "2026-10-05T05:00:00+00:00"),
        ("2026-10-18T23:00:00+00:00", "2026-10-12T05:00:00+00:00"),
        ("2026-10-26T06:00:00+00:00", "2026-10-26T06:00:00+00:00"),
    ],
)
def test_the_summary_is_due_on_monday_at_seven(now: str, due: str) -> None:
    """In the time zone of the site, in summer and winter."""
    assert due_since(datetime.fromisoformat(now), "Europe/Madrid") == datetime.fromisoformat(due)


def test_no_one_is_alerted_without_a_channel(newsroom: Newsroom) -> None:
    """The alerts are on the desk all the same."""
    newsroom.lists("harbor")
    newsroom.publishes("harbor", article("Strike"))
    newsroom.ingests()
    newsroom.store.config.reject(["bad"], newsroom.now)
    with open_callbacks() as chat:
        Scene(newsroom, Mailbox(0), chat).looks()
        assert chat.received == []
    assert [alert.kind for alert in newsroom.store.alerts.latest(5)] == ["config"]
    assert newsroom.store.alerts.messages() == []
