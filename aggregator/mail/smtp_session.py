"""A session with a mail server (RFC 5321): many mails over one connection, and what became of each.

Until the server has answered a whole mail, nobody knows whether it has taken it. So the session
says exactly how far it came.
"""

import enum
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import parseaddr

import aiosmtplib

from aggregator.errors import MailError
from aggregator.mail.bounce_messages import is_dead_address
from aggregator.mail.messages import mail_bytes, mail_domain
from aggregator.mail.smtp import TIMEOUT_SECONDS, MailServer, mail_sentence

__all__ = ["Handover", "MailSession", "Result", "open_mail_session", "send_mail"]

DATA_TIMEOUT_SECONDS = 60.0
"""For the answer to a whole mail, which a server may look through first."""
_CLOSING = 421
_NO_MAILBOX = (550, 551, 553)
"""Answers that say that there is no such mailbox, if they have no enhanced code (RFC 5321)."""


class Result(enum.Enum):
    """What became of a mail that was handed to a server."""

    ACCEPTED = enum.auto()
    REFUSED = enum.auto()
    """The server does not take mail for this address, and never will."""
    REJECTED = enum.auto()
    """The server does not take this mail, and never will."""
    DEFERRED = enum.auto()
    """The server does not take it now, but may later."""
    NOT_SENT = enum.auto()
    """The server does not work for us, or the connection was lost before the mail was sent."""
    UNKNOWN = enum.auto()
    """The connection was lost after the mail was begun: the server may have taken it."""


@dataclass(frozen=True, slots=True)
class Handover:
    """What became of a mail, with a sentence that says why it was not accepted."""

    result: Result
    sentence: str = ""
    is_dead: bool = False
    """Whether a refused address does not exist, by the code of the answer."""


class MailSession:
    """An open connection to a server, after the login."""

    def __init__(self, server: MailServer, client: aiosmtplib.SMTP) -> None:
        self._server = server
        self._client = client
        self.accepted = 0
        """Mails that the server has accepted in this session."""

    @property
    def is_open(self) -> bool:
        """False once the connection is lost or closed."""
        return self._client.is_connected

    async def hand_over(self, sender: str, recipient: str, message: bytes) -> Handover:
        """Hand a mail to the server; `sender` gets the bounce."""
        is_begun, options = False, []
        try:
            if not recipient.isascii():
                if self._client.is_ehlo_or_helo_needed:
                    await self._client.ehlo()
                if not self._client.supports_extension("smtputf8"):
                    sentence = (
                        f"{self._server.host} does not support addresses with non-ASCII letters."
                    )
                    return Handover(Result.REJECTED, sentence)
                options = ["SMTPUTF8"]
            await self._client.mail(sender, options=options, encoding="utf-8")
            await self._client.rcpt(recipient, encoding="utf-8")
            is_begun = True
            await self._client.data(message, timeout=DATA_TIMEOUT_SECONDS)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            return await self._handover_after(error, is_begun=is_begun)
        self.accepted += 1
        return Handover(Result.ACCEPTED)

    async def _handover_after(self, error: Exception, *, is_begun: bool) -> Handover:
        result = _result_of(error, is_begun=is_begun)
        sentence = mail_sentence(self._server, error)
        if result in (Result.NOT_SENT, Result.UNKNOWN):
            self._client.close()
        else:
            with suppress(aiosmtplib.SMTPException, OSError):
                await self._client.rset()
        return Handover(result, sentence, is_dead=_is_dead_address(error))


def _result_of(error: Exception, *, is_begun: bool) -> Result:
    code = error.code if isinstance(error, aiosmtplib.SMTPResponseException) else -1
    if code == _CLOSING and not is_begun:
        return Result.NOT_SENT
    kind = code // 100
    if isinstance(error, aiosmtplib.SMTPRecipientRefused) and kind in (4, 5):
        return Result.REFUSED if kind == 5 else Result.DEFERRED
    if isinstance(error, aiosmtplib.SMTPDataError) and kind in (4, 5):
        return Result.REJECTED if kind == 5 else Result.DEFERRED
    if is_begun:  # no answer, or one that says neither yes nor no
        return Result.UNKNOWN
    return Result.NOT_SENT  # the server does not take our mails at all


def _is_dead_address(error: Exception) -> bool:
    if not isinstance(error, aiosmtplib.SMTPRecipientRefused):
        return False
    enhanced = re.match(r"\s*(5\.\d{1,3}\.\d{1,3})\b", error.message)
    return is_dead_address(enhanced[1]) if enhanced else error.code in _NO_MAILBOX


@asynccontextmanager
async def open_mail_session(server: MailServer) -> AsyncIterator[MailSession]:
    """Connect, encrypt and log in. Raises MailError with a sentence."""
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        username=server.user or None,
        password=server.password or None,
        local_hostname=mail_domain(server.sender),
        use_tls=server.security == "tls",
        start_tls=server.security == "starttls",
        timeout=TIMEOUT_SECONDS,
    )
    try:
        await client.connect()
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        client.close()
        raise MailError(mail_sentence(server, error)) from error
    try:
        yield MailSession(server, client)
    finally:
        with suppress(aiosmtplib.SMTPException, OSError):
            await client.quit(timeout=2.0)
        client.close()


async def send_mail(server: MailServer, mail: EmailMessage) -> None:
    """Send one mail, with our signature if there is a key. Raises MailError, with a sentence that
    says what the server did not accept."""
    message = server.signed(mail_bytes(mail))
    sender, recipient = (parseaddr(address)[1] for address in (server.sender, str(mail["To"])))
    async with open_mail_session(server) as session:
        handover = await session.hand_over(sender, recipient, message)
    if handover.result is not Result.ACCEPTED:
        raise MailError(handover.sentence)
