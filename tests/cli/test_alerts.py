"""`alerts` and `mail test`, and alerts of the running program."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.demo.press import CannedResponse, Press
from tests.harness.callback_server import Callbacks, open_callbacks
from tests.harness.command_line import (
    HEAD,
    argv,
    feed_response,
    free_port,
    run,
    source_table,
    wait_for_url,
    wait_until,
)
from tests.harness.mail_server import Mailbox, mail_toml, open_mail_server
from tests.harness.newsroom import article

ALERTS = """
[alerts]
mail = ["editor@commons.example"]
webhook = "ALERT_WEBHOOK"
ping = "ALERT_PING"
failing_after = "0s"
"""


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[Mailbox]:
    """A mail server."""
    with open_mail_server(tmp_path) as opened:
        yield opened


@pytest.fixture
def chat() -> Iterator[Callbacks]:
    """A chat with a webhook, which is a monitoring service, too."""
    with open_callbacks() as opened:
        yield opened


@pytest.fixture
def config(tmp_path: Path, press: Press, mailbox: Mailbox) -> Path:
    """A newsroom with a source that works, and alerts over every channel."""
    feed = press.put("/harbor", feed_response("harbor", article("Rain")))
    file = tmp_path / "feeds.toml"
    file.write_text(HEAD + mail_toml(mailbox) + ALERTS + source_table("harbor", feed))
    return file


def _environment(chat: Callbacks) -> dict[str, str]:
    return {"ALERT_WEBHOOK": f"{chat.url}/hook/secret", "ALERT_PING": f"{chat.url}/ping/secret"}


def _events(chat: Callbacks) -> list[str]:
    bodies = [json.loads(each.body) for each in chat.deliveries]
    return [f"{e['event']} {e['kind']} {e['subject']}" for b in bodies for e in b["events"]]


def test_a_test_mail(config: Path, mailbox: Mailbox) -> None:
    """It arrives, and the command says that the server took it."""
    result = run(config, "mail", "test", "editor@commons.example")

    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("localhost accepted the mail to editor@commons.example;")
    (mail,) = mailbox.mails
    assert mail["Subject"] == "[T] Test mail"
    assert mail["To"] == "editor@commons.example"


@pytest.mark.parametrize(
    "address", ["nobody", "a@b.example, c@d.example", "a@b\nBcc: c@d", "<a@b>"]
)
def test_what_is_not_an_address(config: Path, mailbox: Mailbox, address: str) -> None:
    """It is refused before anything is sent."""
    result = run(config, "mail", "test", address)
    assert result.returncode == 2
    assert "is not a mail address" in result.stderr
    assert mailbox.mails == []


def test_a_refused_test_mail(config: Path, mailbox: Mailbox) -> None:
    """The sentence is the server's."""
    mailbox.answer = "550 Relaying denied"
    result = run(config, "mail", "test", "editor@elsewhere.example")
    assert result.returncode == 2
    assert result.stderr == "Error: localhost refused the address: 550 Relaying denied.\n"


def test_no_mail_server(tmp_path: Path) -> None:
    """The command says what is missing."""
    file = tmp_path / "feeds.toml"
    file.write_text(HEAD)
    result = run(file, "mail", "test", "editor@commons.example")
    assert result.returncode == 2
    assert "There is no table [mail] in feeds.toml" in result.stderr


def test_test_alerts(config: Path, mailbox: Mailbox, chat: Callbacks) -> None:
    """One over every channel, and a line for each."""
    result = run(config, "alerts", "--test", **_environment(chat))

    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == [
        "editor@commons.example: sent.", "the webhook: sent.", "the ping address: sent.",
    ]  # fmt: skip
    assert [mail["Subject"] for mail in mailbox.mails] == ["[T] Test alert"]
    assert [each.path for each in chat.received] == ["/hook/secret", "/ping/secret"]


def test_test_alerts_that_fail(config: Path, mailbox: Mailbox, chat: Callbacks) -> None:
    """Each says why; the secrets in the addresses are not shown."""
    mailbox.answer, chat.status = "550 No such user", 404
    result = run(config, "alerts", "--test", **_environment(chat))

    assert result.returncode == 2
    assert "editor@commons.example: localhost refused the address: 550" in result.stdout
    assert "the webhook: 127.0.0.1 responded with 404." in result.stdout
    assert "secret" not in result.stdout + result.stderr
    missing = run(config, "alerts", "--test")
    assert "the webhook: The environment variable ALERT_WEBHOOK is not set." in missing.stdout


def test_no_one_gets_alerts(tmp_path: Path) -> None:
    """The command says where to set that; the list is empty."""
    file = tmp_path / "feeds.toml"
    file.write_text(HEAD)
    assert "[alerts] of feeds.toml" in run(file, "alerts", "--test").stderr
    assert run(file, "alerts").stdout == "There have been no alerts yet.\n"


def test_ingest_sends_alerts(config: Path, press: Press, mailbox: Mailbox, chat: Callbacks) -> None:
    """A timer may run it in place of the loop; the list says what was sent."""
    press.put("/harbor", CannedResponse(status=503))
    result = run(config, "ingest", **_environment(chat))

    assert result.returncode == 0
    assert _events(chat) == ["started failing harbor"]
    assert [mail["Subject"] for mail in mailbox.mails] == ["[T] harbor cannot be fetched"]
    (row,) = json.loads(run(config, "alerts", "--json").stdout)
    assert (row["what"], row["resolved"]) == ("harbor cannot be fetched", None)
    assert "503" in run(config, "alerts").stdout


def test_a_broken_source_is_named_within_one_cycle(
    config: Path, press: Press, chat: Callbacks
) -> None:
    """The running program tells the webhook, and the monitoring service after a good run."""
    config.write_text(
        config.read_text()
        + source_table("plains", press.put("/plains", feed_response("plains", article("Sun"))))
    )
    port = free_port()
    environment = {**os.environ, **_environment(chat)}
    command = argv(config, "run", "--port", str(port))
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=environment) as program:
        try:
            wait_for_url(f"http://127.0.0.1:{port}/healthz/ready")
            wait_until(lambda: any(each.path == "/ping/secret" for each in chat.received))
            assert _events(chat) == []
            press.put("/harbor", CannedResponse(status=503))
            assert "503" in run(config, "fetch", "harbor").stderr
            wait_until(lambda: _events(chat) == ["started failing harbor"], timeout=20)
        finally:
            program.terminate()
            log = program.communicate(timeout=20)[1].decode()
    assert "secret" not in log
