"""What is wrong with the digest, since when and why."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from aggregator.config import Config
from aggregator.model import MailState
from aggregator.overview.health_reasons import Reason
from aggregator.store.base import Store

__all__ = ["digest_reasons"]

OVERDUE_AFTER = timedelta(minutes=15)
"""A digest that is due is composed within seconds while the program runs."""
PAUSE_SHOWN_AFTER = 3
"""Failures in a row of the mail server: the first ones may be a restart."""


def digest_reasons(config: Config, store: Store, now: datetime) -> Iterator[Reason]:
    """A mail server that does not work, digests that are overdue, mails to decide about."""
    if config.digest is None or config.mail is None:
        return
    pause = store.digest.pause()
    if pause and pause.attempts >= PAUSE_SHOWN_AFTER:
        yield Reason(
            kind="digest",
            subject="mail server",
            since=pause.since,
            next_try=pause.until,
            sentence=f"The digest cannot be sent: {pause.error}",
        )
    oldest = store.digest_subscribers.oldest_due(now - OVERDUE_AFTER)
    if oldest is not None:
        yield Reason(
            kind="digest",
            subject="overdue",
            since=oldest,
            sentence="Digests are due and not sent; check that `aggregator run`, or a timer of "
            "`aggregator digest send`, is running, and read its log.",
        )
    unknown = store.digest.mails(MailState.UNKNOWN, 1)
    if unknown:
        count = store.digest.count_mails()[MailState.UNKNOWN]
        mails = "1 mail" if count == 1 else f"{count:,} mails"
        yield Reason(
            kind="digest",
            subject="unknown",
            since=unknown[0].changed_at,
            sentence=f"{mails} of the digest may or may not have arrived; decide on the page "
            "Digest of the desk, or with `aggregator digest resend` or `discard`.",
        )
