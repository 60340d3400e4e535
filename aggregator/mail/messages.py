"""Mails as they are sent (RFC 5322): headers, and a text, or a text and HTML that say the same."""

from collections.abc import Mapping
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, parseaddr
from typing import Any

__all__ = ["compose_list_mail", "compose_mail", "mail_bytes", "mail_domain", "one_click_headers"]

MAX_LINE_CHARS = 998
"""RFC 5322, section 2.1.1."""
WHOLE_HEADERS = ("to", "list-unsubscribe")


class _Policy(EmailPolicy):
    """Lines of at most 76 characters (RFC 2045, section 6.7; RFC 2047, section 2), but addresses in
    one piece: the standard library would encode the parts of a long one as if they were words."""

    def fold_binary(self, name: str, value: Any) -> bytes:
        policy = self
        if name.lower() in WHOLE_HEADERS:
            policy = self.clone(max_line_length=MAX_LINE_CHARS)
        return super(_Policy, policy).fold_binary(name, value)


_ASCII = _Policy(linesep="\r\n", max_line_length=76, cte_type="7bit")
_LETTERS = _ASCII.clone(utf8=True)


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
    """A mail as a server gets it."""
    return mail.as_bytes()


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
