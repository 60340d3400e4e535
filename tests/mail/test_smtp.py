"""Mail goes out through a real server, and what keeps it from that is said in a sentence."""

import asyncio
import socket
from pathlib import Path

import pytest

from aggregator.config.mail_schema import MailTable
from aggregator.errors import MailError
from aggregator.mail.messages import compose_mail
from aggregator.mail.smtp import MailServer, mail_server
from aggregator.mail.smtp_session import send_mail
from tests.harness.builders import NOW
from tests.harness.command_line import free_port
from tests.harness.mail_server import LOGIN, open_mail_server

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while")  # of the test's server
ENVIRONMENT = dict(zip(("SMTP_USER", "SMTP_PASSWORD"), LOGIN, strict=True))


def _server(port: int, security: str = "none", *, login: bool = False) -> MailServer:
    keys = {"user": "SMTP_USER", "password": "SMTP_PASSWORD"} if login else {}
    table = {
        "host": "localhost", "port": port, "security": security,
        "sender": "The Commons <news@commons.example>", **keys,
    }  # fmt: skip
    return mail_server(MailTable.model_validate(table), ENVIRONMENT)


def _send(server: MailServer, subject: str = "Ação – «Übung»", text: str = "Ω\n.\nend\n") -> None:
    mail = compose_mail(server.sender, "editor@commons.example", subject, text, "alert-1", NOW)

    async def send() -> None:
        await send_mail(server, mail)
        await asyncio.sleep(0.05)  # a connection with TLS takes a moment to close

    asyncio.run(send())


def _refusal(server: MailServer) -> str:
    with pytest.raises(MailError) as refused:
        _send(server)
    return str(refused.value)


@pytest.mark.parametrize("login", [False, True], ids=["open", "login"])
@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
def test_a_mail_arrives_as_it_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: str, login: bool
) -> None:
    """Over every kind of connection, with its letters, and a line that is a dot."""
    with open_mail_server(tmp_path, security, wants_login=login) as mailbox:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        _send(_server(mailbox.port, security, login=login))

    (mail,) = mailbox.mails
    assert mailbox.recipients == ["editor@commons.example"]
    assert mail["Subject"] == "Ação – «Übung»"
    assert mail["From"] == "The Commons <news@commons.example>"
    assert mail["Message-ID"] == "<alert-1@commons.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content().replace("\r\n", "\n") == "Ω\n.\nend\n"


def test_a_subject_cannot_add_headers(tmp_path: Path) -> None:
    """Line breaks in it become spaces."""
    with open_mail_server(tmp_path) as mailbox:
        _send(_server(mailbox.port), subject="Hello\r\nBcc: all@commons.example")

    assert mailbox.mails[0]["Subject"] == "Hello Bcc: all@commons.example"
    assert mailbox.mails[0]["Bcc"] is None
    assert mailbox.recipients == ["editor@commons.example"]


def test_a_refused_address(tmp_path: Path) -> None:
    """The server's own words are quoted."""
    with open_mail_server(tmp_path) as mailbox:
        mailbox.answer = "550 No such\tuser here"
        assert _refusal(_server(mailbox.port)) == (
            "localhost refused the address: 550 No such user here."
        )


def test_a_wrong_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither it nor the user name is repeated."""
    with open_mail_server(tmp_path, "tls", wants_login=True) as mailbox:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        monkeypatch.setitem(ENVIRONMENT, "SMTP_PASSWORD", "hunter2hunter2")
        sentence = _refusal(_server(mailbox.port, "tls", login=True))

    assert sentence.startswith("localhost refused the user name or password: 535")
    assert "hunter2" not in sentence


def test_a_certificate_of_someone_else(tmp_path: Path) -> None:
    """Nothing is sent, and the password is not either."""
    with open_mail_server(tmp_path, "starttls", wants_login=True) as mailbox:
        sentence = _refusal(_server(mailbox.port, "starttls", login=True))

    assert sentence.startswith("The certificate of localhost is not valid: ")
    assert not mailbox.mails


def test_a_server_without_starttls(tmp_path: Path) -> None:
    """The mail does not go out unencrypted instead."""
    with open_mail_server(tmp_path) as mailbox:
        sentence = _refusal(_server(mailbox.port, "starttls"))

    assert sentence == 'localhost does not offer STARTTLS; try security = "tls".'
    assert not mailbox.mails


def test_tls_at_a_port_without(tmp_path: Path) -> None:
    """A common mistake, of which the advice is the other kind."""
    with open_mail_server(tmp_path) as mailbox:
        sentence = _refusal(_server(mailbox.port, "tls"))

    assert sentence == (
        f'localhost port {mailbox.port} does not speak TLS; try security = "starttls", or another '
        "port."
    )


def test_no_server() -> None:
    """A closed port, and one that takes connections and says nothing."""
    port = free_port()
    assert _refusal(_server(port)).startswith(f"Could not connect to localhost port {port} (")


def test_a_silent_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given up."""
    monkeypatch.setattr("aggregator.mail.smtp_session.TIMEOUT_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        assert _refusal(_server(port)).startswith(f"localhost port {port} did not answer within")


def test_a_missing_variable() -> None:
    """It is named."""
    table = MailTable.model_validate(
        {"host": "localhost", "sender": "a@b.example", "user": "MISSING", "password": "MISSING"}
    )
    with pytest.raises(MailError, match="variable MISSING, which"):
        mail_server(table, {})


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_the_usual_port(security: str, port: int) -> None:
    """Without a port, that of the kind of connection."""
    table = {"host": "mail.example", "sender": "a@b.example", "security": security}
    assert mail_server(MailTable.model_validate(table), {}).port == port


def test_the_login_is_not_shown() -> None:
    """Not in a traceback either."""
    shown = repr(_server(25, login=True))
    assert not any(secret in shown for secret in LOGIN)
