"""The mail server of [mail] (RFC 5321), and what to say when it fails."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr

import aiosmtplib

from aggregator.config.mail_schema import MailTable
from aggregator.errors import MailError
from aggregator.mail.dkim_signing import sign_mail
from aggregator.mail.messages import mail_domain
from aggregator.model import MailSecurity

__all__ = ["TIMEOUT_SECONDS", "MailServer", "mail_sentence", "mail_server"]

TIMEOUT_SECONDS = 20.0
"""For connecting, and for each answer."""
MAX_QUOTED_CHARS = 200
PORTS: Mapping[MailSecurity, int] = {"starttls": 587, "tls": 465, "none": 25}


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """A mail server that sends for us; an empty user means that it wants no login."""

    host: str
    port: int
    security: MailSecurity
    sender: str
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    dkim_selector: str = ""
    dkim_key: str = field(default="", repr=False)
    """A private key in PEM; empty if mails are not signed."""
    bounces: str = ""
    """The address that bounces go to; empty for the sender's."""

    def signed(self, mail: bytes) -> bytes:
        """A mail with our signature, if there is a key. Raises MailError."""
        if not self.dkim_key:
            return mail
        return sign_mail(mail, mail_domain(self.sender), self.dkim_selector, self.dkim_key)

    def envelope_sender(self, mark: str) -> str:
        """The address that the bounce of a mail goes to; with a mark of the mail's own before the
        @, if there is an address for bounces (VERP)."""
        if not self.bounces:
            return parseaddr(self.sender)[1]
        local, _, domain = parseaddr(self.bounces)[1].rpartition("@")
        return f"{local}+{mark}@{domain}"


def mail_server(table: MailTable, environment: Mapping[str, str]) -> MailServer:
    """The server of [mail], with its login. Raises MailError if a variable is not set."""
    for variable in (table.user, table.password, table.dkim_key):
        if variable and not environment.get(variable):
            raise MailError(f"The environment variable {variable}, which [mail] names, is not set.")
    return MailServer(
        host=table.host,
        port=table.port or PORTS[table.security],
        security=table.security,
        sender=table.sender,
        bounces=table.bounces or "",
        dkim_selector=table.dkim_selector or "",
        dkim_key=environment[table.dkim_key] if table.dkim_key else "",
        user=environment[table.user] if table.user else "",
        password=environment[table.password] if table.password else "",
    )


def mail_sentence(server: MailServer, error: Exception) -> str:
    """What went wrong, for operators, without the login."""
    host, seconds = server.host, f"{TIMEOUT_SECONDS:.0f}"
    certificate = _cause(error, ssl.SSLCertVerificationError)
    is_closed = isinstance(_cause(error, aiosmtplib.SMTPServerDisconnected), Exception)
    match error:
        case _ if isinstance(certificate, ssl.SSLCertVerificationError):
            return f"The certificate of {host} is not valid: {certificate.verify_message}."
        case _ if _cause(error, ssl.SSLError):
            return (
                f"{host} port {server.port} does not speak TLS; try security = "
                f'"{"starttls" if server.security == "tls" else "tls"}", or another port.'
            )
        case aiosmtplib.SMTPAuthenticationError():
            return f"{host} refused the user name or password: {_quote(server, error)}"
        case aiosmtplib.SMTPRecipientsRefused():
            return f"{host} refused the address: {_quote(server, error.recipients[0])}"
        case aiosmtplib.SMTPRecipientRefused():
            return f"{host} refused the address: {_quote(server, error)}"
        case aiosmtplib.SMTPResponseException():
            return f"{host} did not accept the mail: {_quote(server, error)}"
        case aiosmtplib.SMTPTimeoutError():
            return f"{host} port {server.port} did not answer within {seconds} seconds."
        case _ if is_closed:
            return f"{host} closed the connection."
        case aiosmtplib.SMTPConnectError() | OSError():
            cause = _cause(error, OSError)
            reason = getattr(cause, "strerror", None) or "the connection was refused"
            return f"Could not connect to {host} port {server.port} ({reason})."
        case aiosmtplib.SMTPException() if server.security == "starttls" and "STARTTLS" in str(
            error
        ):
            return f'{host} does not offer STARTTLS; try security = "tls".'
    return f"{host} did not accept the mail: {_clean(server, str(error))}"


def _cause(error: BaseException | None, kind: type[Exception]) -> BaseException | None:
    """The first error of a kind among an error and its causes."""
    while error is not None and not isinstance(error, kind):
        error = error.__cause__ or error.__context__
    return error


def _quote(server: MailServer, error: aiosmtplib.SMTPResponseException) -> str:
    return f"{error.code} {_clean(server, error.message)}"


def _clean(server: MailServer, text: str) -> str:
    """What a server has said, as a part of a sentence; it may repeat the login."""
    for secret in (server.password, server.user):
        text = text.replace(secret, "…") if secret else text
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return f"{text[:MAX_QUOTED_CHARS].rstrip('.')}."
