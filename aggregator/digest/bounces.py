"""Bounces: mails that cannot be delivered. Repeated bounces suspend a subscriber."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr

from aggregator.config import Config
from aggregator.digest.addresses import hide_addresses
from aggregator.digest.signed_links import LinkSigner
from aggregator.errors import MailError
from aggregator.mail.bounce_messages import read_bounce
from aggregator.mail.mailboxes import ImapBox, read_imap, read_maildir
from aggregator.model import SubscriberState
from aggregator.store.base import Store

__all__ = ["MAX_BOUNCES", "BouncesRead", "count_bounce", "read_bounces"]

MAX_BOUNCES = 3
"""Bounces in a row that suspend a subscriber."""
MAX_GAP = timedelta(days=10)
"""Bounces further apart than this are not in a row; a weekly digest comes every seven days."""
MIN_GAP = timedelta(hours=12)
"""Several reports of one mail count once."""


def count_bounce(store: Store, subscriber: str, reason: str, now: datetime) -> None:
    """Count a bounce of a subscriber, who may have left meanwhile."""
    found = store.digest_subscribers.get(subscriber)
    if found is None:
        return
    gap = now - found.bounced_at if found.bounced_at else None
    if gap is not None and timedelta(0) <= gap < MIN_GAP:
        return
    count = found.bounces + 1 if gap is not None and timedelta(0) <= gap <= MAX_GAP else 1
    is_over = count >= MAX_BOUNCES and found.state is SubscriberState.ACTIVE
    state = SubscriberState.SUSPENDED if is_over else found.state
    store.digest_subscribers.record_bounce(subscriber, count, reason, state, now)


@dataclass(slots=True)
class BouncesRead:
    """What was found in the mailbox for bounces."""

    messages: int = 0
    permanent: int = 0
    temporary: int = 0


def read_bounces(
    config: Config, store: Store, signer: LinkSigner, environment: Mapping[str, str], now: datetime
) -> BouncesRead | None:
    """Read the mailbox of [mail] for bounces, and count those that are for good; None if there is
    no such mailbox. Raises MailError if it cannot be read."""
    mail, found = config.mail, BouncesRead()
    if mail is None or mail.bounces is None:
        return None
    address = parseaddr(mail.bounces)[1]

    def take(raw: bytes) -> bool:
        try:
            bounce = read_bounce(raw, address)
        except Exception:  # whatever a stranger has sent, others are still read
            bounce = None
        if bounce is None:
            return False
        subscriber = bounce.mark.rpartition("-")[0]
        if bounce.mark == signer.bounce_mark(subscriber):  # nobody else can make it
            found.permanent += bounce.is_permanent
            found.temporary += not bounce.is_permanent
            if bounce.is_permanent:
                count_bounce(store, subscriber, hide_addresses(bounce.reason), now)
        return True

    if mail.bounce_maildir:
        found.messages = read_maildir(config.path.parent / mail.bounce_maildir, take)
    elif mail.bounce_imap:
        login = [environment.get(name or "") for name in (mail.bounce_user, mail.bounce_password)]
        user, password = login
        if not (user and password):
            raise MailError(
                f"The environment variables {mail.bounce_user} and {mail.bounce_password}, which "
                "[mail] names, are not both set."
            )
        found.messages = read_imap(ImapBox(mail.bounce_imap, user, password), take)
    else:
        return None
    return found
