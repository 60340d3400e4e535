"""What is wrong with the digest, since when and why."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from aggregator.config import Config
from aggregator.model import MailState, SubscriberState
from aggregator.overview.health_reasons import Reason
from aggregator.store.base import Store

__all__ = ["digest_reasons"]

OVERDUE_AFTER = timedelta(minutes=15)
"""A digest that is due is composed within seconds while the program runs."""
MIN_FAILED = 5
MAX_MAILS_READ = 10_000
PAUSE_SHOWN_AFTER = 3
"""Failures in a row of the mail server: the first ones may be a restart."""


def digest_reasons(config: Config, store: Store, now: datetime) -> Iterator[Reason]:
    """A mail server that does not work, digests that are overdue, mails to decide about."""
    if config.digest is None:
        return
    if config.mail is None:
        if count := store.digest_subscribers.counts().get(SubscriberState.ACTIVE, 0):
            people = "1 subscriber gets" if count == 1 else f"{count:,} subscribers get"
            yield Reason(
                kind="digest",
                subject="no mail server",
                sentence=f"{people} no digest: there is no table [mail] in feeds.toml.",
            )
        return
    maildir = config.mail.bounce_maildir
    if maildir and not (config.path.parent / maildir / "new").is_dir():
        yield Reason(
            kind="digest",
            subject="bounces",
            sentence=f"Bounces cannot be read: bounce_maildir in [mail], {maildir}, is not a "
            "Maildir; it has no folder `new`.",
        )
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
    yield from _refusals(store)
    unknown = store.digest.mails(MailState.UNKNOWN, MAX_MAILS_READ)
    if count := len(unknown):
        mails = "1 mail" if count == 1 else f"{count:,} mails"
        yield Reason(
            kind="digest",
            subject="unknown",
            since=unknown[-1].changed_at,
            sentence=f"{mails} of the digest may or may not have arrived; decide on the page "
            "Digest of the desk, or with `aggregator digest resend` or `discard`.",
        )


def _refusals(store: Store) -> Iterator[Reason]:
    """The newest issue, if the mail server has refused most of its mails."""
    for issue in store.digest.latest(1):
        counts = store.digest.count_mails(issue.id)
        failed, sent = counts.get(MailState.FAILED, 0), counts.get(MailState.SENT, 0)
        if failed >= MIN_FAILED and failed > sent:
            newest = store.digest.mails(MailState.FAILED, 1)
            yield Reason(
                kind="digest",
                subject="refused",
                since=issue.created_at,
                sentence=f"The mail server has refused {failed:,} of {failed + sent:,} mails of "
                f"the last issue: {newest[0].error} Once that is fixed, resend them with "
                "`aggregator digest resend --failed`.",
            )
