"""Mailboxes that new messages are read from: a Maildir, or one on an IMAP server."""

import imaplib
import mailbox
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from aggregator.errors import MailError

__all__ = ["ImapBox", "Take", "read_imap", "read_maildir"]

MAX_MESSAGES = 500
"""Messages that are read at a time."""
MAX_MESSAGE_BYTES = 1_000_000
"""Of a longer message, only so much is read."""
IMAP_TIMEOUT_SECONDS = 30.0
Take: TypeAlias = Callable[[bytes], bool]
"""Looks at a message; true if it is done with and may be deleted."""


@dataclass(frozen=True, slots=True)
class ImapBox:
    """The inbox of an account on a server, which is reached over TLS."""

    host: str
    user: str = field(repr=False)
    password: str = field(repr=False)
    port: int = 993


def read_maildir(folder: Path, take: Take) -> int:
    """Read the messages of a Maildir that were not read before; returns how many. Those that are
    done with are deleted, the others count as read. Raises MailError."""
    if not (folder / "new").is_dir():
        raise MailError(f"{folder} is not a Maildir: it has no folder `new`.")
    count = 0
    try:
        box = mailbox.Maildir(folder, create=False)
        for key in sorted(box.keys()):
            if count == MAX_MESSAGES:
                break
            message = box.get_message(key)
            if "S" in message.get_flags():
                continue
            count += 1
            with box.get_file(key) as file:
                is_done = take(file.read(MAX_MESSAGE_BYTES))
            if is_done:
                box.remove(key)
            else:
                message.set_subdir("cur")
                message.add_flag("S")
                box[key] = message
        box.close()
    except (OSError, KeyError, mailbox.Error) as error:
        raise MailError(f"The Maildir {folder} cannot be read ({error}).") from error
    return count


def read_imap(box: ImapBox, take: Take) -> int:
    """The same for the inbox of an account. Raises MailError."""
    try:
        with _open_inbox(box) as client:
            _, (found,) = client.search(None, "UNSEEN")
            numbers = found.split()[:MAX_MESSAGES]
            for number in numbers:
                _, parts = client.fetch(number, f"(BODY[]<0.{MAX_MESSAGE_BYTES}>)")
                raw = next((part[1] for part in parts if isinstance(part, tuple)), b"")
                if take(raw):
                    client.store(number, "+FLAGS", r"\Deleted")
            client.expunge()
    except (OSError, imaplib.IMAP4.error, ValueError) as error:
        reason = str(error).replace(box.password, "…").replace(box.user, "…")
        raise MailError(f"The mailbox on {box.host} cannot be read ({reason}).") from error
    return len(numbers)


@contextmanager
def _open_inbox(box: ImapBox) -> Iterator[imaplib.IMAP4]:
    context = ssl.create_default_context()  # imaplib's own does not check certificates
    client = imaplib.IMAP4_SSL(
        box.host, box.port, ssl_context=context, timeout=IMAP_TIMEOUT_SECONDS
    )
    try:
        client.login(box.user, box.password)
        client.select("INBOX")
        yield client
    finally:
        with suppress(OSError, imaplib.IMAP4.error):
            client.logout()
