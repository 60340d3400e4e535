"""The interface of a store, continued: the digest, its subscribers, and its outbox."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime
from typing import Protocol

from aggregator.model import (
    DigestIssue,
    DigestMail,
    DigestPreferences,
    DigestSubscriber,
    DueMail,
    MailKind,
    MailState,
    SendingPause,
    SubscriberState,
)

__all__ = ["DigestStore", "DigestSubscriberStore"]


class DigestSubscriberStore(Protocol):
    """Who gets the digest, and who no longer does."""

    def key(self) -> bytes:
        """The secret that links are signed with; made when it is first asked for."""

    def get(self, id_: str) -> DigestSubscriber | None:
        """The subscriber with this id."""

    def by_address(self, address: str) -> DigestSubscriber | None:
        """The subscriber with this address, however it is capitalised."""

    def all(self) -> Iterator[DigestSubscriber]:
        """Every subscriber, by address."""

    def counts(self) -> dict[SubscriberState, int]:
        """How many subscribers there are in each state."""

    def add(self, subscriber: DigestSubscriber) -> bool:
        """Add a subscriber; False if the address has been added meanwhile."""

    def confirm(self, subscriber: DigestSubscriber) -> None:
        """Store the state of a subscriber, and when the first digest falls due."""

    def set_preferences(
        self, id_: str, preferences: DigestPreferences, next_at: datetime | None
    ) -> None:
        """Store what a subscriber has chosen, and when the next digest falls due by that, unless
        it stays as it is."""

    def renew(self, id_: str, preferences: DigestPreferences, now: datetime) -> None:
        """Store the choices of a subscriber who is not active and signs up again; those of an
        active one do not change."""

    def record_bounce(
        self, id_: str, count: int, reason: str, state: SubscriberState, now: datetime
    ) -> None:
        """Store a bounce: how many there were in a row, the reason, and the resulting state."""

    def remove(self, id_: str, address_hash: str, now: datetime) -> None:
        """Delete a subscriber and the mails that wait; what remains is the hash of the address."""

    def has_left(self, address_hash: str) -> bool:
        """True if somebody with this address has left and not come back."""

    def readmit(self, address_hash: str) -> None:
        """Forget that somebody with this address has left."""

    def due(self, now: datetime) -> list[DigestSubscriber]:
        """The active subscribers whose digest is due, longest due first."""

    def oldest_due(self, before: datetime) -> datetime | None:
        """The earliest time at which a digest fell due, if that is before a time."""

    def remove_unconfirmed(self, before: datetime) -> int:
        """Delete the subscribers that signed up before then and never confirmed; returns how
        many."""

    def record_sign_up(self, client: str, now: datetime) -> None:
        """Count a sign-up of a client; those of more than a day ago are forgotten."""

    def count_sign_ups(self, since: datetime, client: str | None = None) -> int:
        """How many sign-ups there were since then, of a client or of all."""


class DigestStore(Protocol):
    """Issues of the digest, and the mails that bring them."""

    def advance(
        self,
        changes: Sequence[tuple[DigestSubscriber, DigestSubscriber]],
        now: datetime,
        *,
        issue: DigestIssue | None = None,
        kind: MailKind | None = None,
    ) -> int:
        """Move subscribers, given before and after the change, on to their next period, and queue
        a mail to each: an issue, or one of another kind. Those who have meanwhile been moved on, or
        have left, are skipped. All in one transaction; returns how many were moved."""

    def archive(self, issue: DigestIssue) -> bool:
        """Keep an issue for the archive on the site; False if its day has one."""

    def issue(self, id_: int) -> DigestIssue | None:
        """The issue with this id."""

    def latest(self, limit: int) -> list[DigestIssue]:
        """The newest issues that were mailed to somebody, newest first, without their texts."""

    def archived(self, limit: int) -> list[DigestIssue]:
        """The newest issues in the archive, newest first."""

    def of_day(self, day: date) -> DigestIssue | None:
        """The issue of a day in the archive."""

    def neighbours(self, day: date) -> tuple[date | None, date | None]:
        """The days of the issues in the archive before and after a day."""

    def add_mail(self, mail: DigestMail) -> None:
        """Queue a mail that brings no issue."""

    def mails_to(self, subscriber: str, since: datetime) -> list[DigestMail]:
        """The mails that were queued for a subscriber since then, newest first."""

    def due_mails(self, now: datetime, limit: int) -> list[DueMail]:
        """Mails to send now: those that were tried least first, so that none keeps the others
        waiting; of these, those for which somebody waits, which bring no issue; then by age."""

    def begin_sending(self, mail: int, now: datetime) -> bool:
        """Mark a queued mail before it is handed to the server, so that it outlasts a power cut;
        False if it is no longer queued."""

    def finish_sending(
        self,
        mail: int,
        state: MailState,
        now: datetime,
        *,
        error: str = "",
        due_at: datetime | None = None,
    ) -> None:
        """Store the result of handing a mail to the server; if it is queued again, it waits until
        `due_at`."""

    def expire(self, issues_before: datetime, others_before: datetime, now: datetime) -> int:
        """Give up mails that were queued before then and are still queued; returns how many. An
        issue is discarded, and its stories are in the next one of that subscriber; another mail
        has failed."""

    def mark_interrupted(self, now: datetime) -> int:
        """Make mails UNKNOWN that a program was handing over when it ended; returns how many. The
        caller holds the lock `digest`."""

    def mails(self, state: MailState, limit: int) -> list[DigestMail]:
        """Mails in a state, the latest change first."""

    def count_mails(self, issue: int | None = None) -> dict[MailState, int]:
        """How many mails, or of an issue, are in each state."""

    def resend(self, mails: Collection[int] | None, now: datetime, *, failed: bool = False) -> int:
        """Queue failed and unknown mails with these ids once more, or all unknown ones, or all
        that have failed; returns how many."""

    def discard(self, mails: Collection[int] | None, now: datetime) -> int:
        """Never send queued, failed and unknown mails with these ids, or any unknown one; returns
        how many."""

    def pause(self) -> SendingPause | None:
        """Why no mail is sent for now."""

    def set_pause(self, pause: SendingPause | None) -> None:
        """Store why no mail is sent for now, or that nothing stands in the way."""

    def purge(self, before: datetime) -> None:
        """Delete mails that ended before then, the texts of issues that are no longer needed, and
        issues that nothing refers to."""
