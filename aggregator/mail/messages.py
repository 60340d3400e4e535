"""Mails as they are sent (RFC 5322): headers, and a text, or a text and HTML that say the same."""

from collections.abc import Mapping
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, parseaddr

__all__ = ["compose_list_mail", "compose_mail", "mail_bytes", "mail_domain", "one_click_headers"]

_ASCII = SMTP.clone(max_line_length=76, cte_type="7bit")
"""Encoded texts have lines of at most 76 characters (RFC 2045, section 6.7)."""
_LETTERS = SMTPUTF8.clone(max_line_length=76, cte_type="7bit")
MAX_LINE_CHARS = 998
"""RFC 5322, section 2.1.1."""


def compose_mail(
    sender: str, recipient: str, subject: str, body: str, name: str, now: datetime
) -> EmailMessage:
    """A plain text. `name` identifies it, so that a server that gets it twice can see that it is
    the same; a client shows that nobody waits for an answer (RFC 3834)."""
    mail = _mail(sender, recipient, subject, name, now)
    mail.set_content(body)
    return mail


def compose_list_mail(
    sender: str,
    recipient: str,
    subject: str,
    text: str,
    name: str,
    now: datetime,
    *,
    html: str = "",
    headers: Mapping[str, str],
) -> EmailMessage:
    """A mail of a list, with more headers; with HTML, a mail program chooses the part that it
    shows."""
    mail = _mail(sender, recipient, subject, name, now)
    for header, value in headers.items():
        mail[header] = value
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    return mail


def one_click_headers(url: str) -> dict[str, str]:
    """The headers by which a mail program offers to leave a list (RFC 2369, RFC 8058)."""
    return {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def mail_bytes(mail: EmailMessage) -> bytes:
    """A mail as a server gets it. Its headers are not folded: a long address in one would be
    encoded as if it were words."""
    return mail.as_bytes(policy=mail.policy.clone(max_line_length=MAX_LINE_CHARS))


def mail_domain(sender: str) -> str:
    """The domain of an address, with or without a name."""
    return parseaddr(sender)[1].rpartition("@")[2]


def _mail(sender: str, recipient: str, subject: str, name: str, now: datetime) -> EmailMessage:
    mail = EmailMessage(policy=_ASCII if recipient.isascii() else _LETTERS)
    mail["From"] = sender
    if recipient.isascii():
        mail["To"] = recipient
    else:  # only an object of this type is written as it is (RFC 6532)
        username, _, domain = recipient.rpartition("@")
        mail["To"] = Address(username=username, domain=domain)
    mail["Subject"] = " ".join(subject.split())
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{name}@{mail_domain(sender)}>"
    mail["Auto-Submitted"] = "auto-generated"
    return mail
