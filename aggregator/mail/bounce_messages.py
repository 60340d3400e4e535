"""Bounces: what mail servers send back when they cannot deliver (RFC 3464)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.policy import compat32

__all__ = ["Bounce", "is_dead_address", "read_bounce"]

MAX_REASON_CHARS = 300
RECIPIENT_HEADERS = ("Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc")
"""Where the address that a bounce was sent to may be found."""


def is_dead_address(status: str) -> bool:
    """True if an enhanced status code (RFC 3463) says that an address does not exist: not a full
    mailbox (5.2.2), nor a server that does not want our mail (5.7)."""
    return status.startswith("5.") and not status.startswith(("5.2.2", "5.7."))


@dataclass(frozen=True, slots=True)
class Bounce:
    """A report that a mail was not delivered. `mark` is what was added to its sender."""

    mark: str
    is_permanent: bool
    reason: str


def read_bounce(raw: bytes, bounces: str) -> Bounce | None:
    """The bounce in a message that was sent to an address for bounces; None if it is something
    else: an answer, an announcement of a holiday, a delay, spam."""
    message = message_from_bytes(raw, policy=compat32)  # which takes headers as they are
    local, _, domain = bounces.rpartition("@")
    pattern = re.compile(
        rf"{re.escape(local)}\+([0-9a-z]+-[0-9a-f]+)@{re.escape(domain)}", re.IGNORECASE
    )
    marks = (
        found[1].lower()
        for header in RECIPIENT_HEADERS
        for value in message.get_all(header, [])
        if (found := pattern.search(str(value)))
    )
    mark = next(marks, "")
    if not mark:
        return None
    for report in _recipient_reports(message):
        action = str(report.get("Action", "")).strip().lower()
        status = str(report.get("Status", "")).strip()
        if action == "failed":
            diagnostic = " ".join(str(report.get("Diagnostic-Code", "")).split())
            reason = diagnostic.partition(";")[2].strip() or diagnostic or f"status {status}"
            return Bounce(mark, is_dead_address(status), reason[:MAX_REASON_CHARS])
    return None


def _recipient_reports(message: Message) -> Iterator[Message]:
    """The parts of a report that are about one recipient each."""
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status":
            payload = part.get_payload()
            yield from (each for each in payload if isinstance(each, Message))
