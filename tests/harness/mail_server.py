"""A real mail server on loopback, with TLS if it is wanted."""

import ssl
from asyncio import Transport
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

from tests.harness.command_line import free_port

__all__ = ["Mailbox", "mail_toml", "open_mail_server"]

LOGIN = ("relay-user", "correct horse")


@dataclass
class Mailbox:
    """What the server has taken. `answer` is what it says to every recipient instead of taking it,
    `answers` what it says to some."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    answer: str = ""
    answers: dict[str, str] = field(default_factory=dict)
    sessions: int = 0
    attempts: int = 0

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, _server: object, session: Any, _envelope: object, hostname: str, responses: list[str]
    ) -> list[str]:
        """Count sessions; each begins anew after STARTTLS."""
        self.sessions += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: object, _session: object, envelope: Any, address: str, _options: object
    ) -> str:
        """Take or refuse a recipient."""
        self.attempts += 1
        if answer := self.answers.get(address, self.answer):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Take a mail."""
        self.mails.append(
            BytesParser(_class=EmailMessage, policy=default).parsebytes(envelope.content)
        )
        self.recipients += envelope.rcpt_tos
        return "250 OK"


class _Controller(Controller):
    """A server that ends its connections before its thread."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._connections: list[SMTP] = []
        super().__init__(*arguments, **options)

    def factory(self) -> SMTP:
        """One for each connection."""
        connection = SMTP(self.handler, **self.SMTP_kwargs)
        self._connections.append(connection)
        return connection

    def stop(self, no_assert: bool = False) -> None:
        """A connection that is left to the garbage collector warns in some other test."""
        for connection in self._connections:
            if isinstance(transport := connection.transport, Transport):
                self.loop.call_soon_threadsafe(transport.abort)
        until = monotonic() + 1
        while any(each.transport for each in self._connections) and monotonic() < until:
            sleep(0.005)
        super().stop(no_assert)


@contextmanager
def open_mail_server(
    folder: Path,
    security: str = "none",
    *,
    wants_login: bool = False,
    letters: bool = False,
    kind: type[Mailbox] = Mailbox,
) -> Iterator[Mailbox]:
    """A mail server until the block ends. With TLS, its certificate authority is in `folder` as
    ca.pem; with `letters`, it takes addresses with any of them (SMTPUTF8)."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    mailbox = kind(free_port())

    def check(
        _server: object, _session: object, _envelope: object, _mechanism: str, data: Any
    ) -> AuthResult:
        is_right = (data.login.decode(), data.password.decode()) == LOGIN
        return AuthResult(success=is_right, handled=is_right)

    options: dict[str, Any] = {"auth_required": wants_login, "auth_require_tls": False}
    options["enable_SMTPUTF8"] = letters
    if wants_login:
        options["authenticator"] = check
    if security == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    controller = _Controller(
        mailbox,
        hostname="127.0.0.1",
        port=mailbox.port,
        ssl_context=context if security == "tls" else None,
        **options,
    )
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()


def mail_toml(mailbox: Mailbox, security: str = "none", *, login: bool = False) -> str:
    """The table [mail] for a server."""
    keys = 'user = "SMTP_USER"\npassword = "SMTP_PASSWORD"\n' if login else ""
    return (
        f'[mail]\nhost = "localhost"\nport = {mailbox.port}\nsecurity = "{security}"\n'
        f'sender = "The Commons <news@commons.example>"\n{keys}'
    )
