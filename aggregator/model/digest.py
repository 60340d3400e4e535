"""The digest: who gets it, what was composed, and the mails that bring it."""

import enum
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypeAlias, get_args

__all__ = [
    "WEEKDAYS",
    "DigestFrequency",
    "DigestIssue",
    "DigestMail",
    "DigestPreferences",
    "DigestSubscriber",
    "DueMail",
    "MailKind",
    "MailState",
    "SendingPause",
    "SubscriberState",
    "Weekday",
]  # fmt: skip

DigestFrequency: TypeAlias = Literal["daily", "weekly"]
Weekday: TypeAlias = Literal[
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"
]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
"""In the order in which Python numbers them."""
MailKind: TypeAlias = Literal["issue", "confirm", "known", "no_topics"]
"""An issue of the digest; a link to confirm a new subscription; a link to the preferences, for
somebody who signs up again; the news that none of the chosen topics exists any more."""


class SubscriberState(enum.StrEnum):
    """Whether a subscriber gets mails."""

    PENDING = "pending"
    """Has not confirmed the address yet."""
    ACTIVE = "active"
    SUSPENDED = "suspended"
    """Gets none, because mails to the address have bounced repeatedly."""


class MailState(enum.StrEnum):
    """Where a mail is on its way to the mail server."""

    QUEUED = "queued"
    SENDING = "sending"
    """Is being handed to the server. If the program ends now, it becomes UNKNOWN."""
    SENT = "sent"
    """The server has accepted it."""
    FAILED = "failed"
    """The server has refused it for good, or it was tried for too long."""
    UNKNOWN = "unknown"
    """It may have been accepted; never sent again by itself."""
    DISCARDED = "discarded"
    """An operator has decided that it is not sent again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestPreferences:
    """What a subscriber chooses.

    `topics` are the ids of topics, None for all of them, also future ones. `weekday` is that of a
    weekly digest, 0 for Monday. `hour` is in `timezone`, an IANA name. `language` is a tag.
    """

    topics: tuple[str, ...] | None = None
    frequency: DigestFrequency = "daily"
    weekday: int = 0
    hour: int = 7
    timezone: str = "UTC"
    language: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestSubscriber:
    """Somebody who gets the digest.

    The last period that a digest covered is from `covered_from` until `covered_until`; it had the
    stories of the issue `last_issue`, or of none. `next_at` is when the next one falls due, None
    if none does. `has_no_topics` is true once a mail has said that no chosen topic is left.
    """

    id: str
    address: str
    preferences: DigestPreferences
    state: SubscriberState
    created_at: datetime
    confirmed_at: datetime | None = None
    covered_from: datetime | None = None
    covered_until: datetime | None = None
    next_at: datetime | None = None
    last_issue: int | None = None
    has_no_topics: bool = False
    bounces: int = 0
    """Bounces in a row."""
    bounced_at: datetime | None = None
    reason: str = ""
    """Why the last mail bounced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestIssue:
    """A digest as composed: the stories listed from `since` until `until` in some topics.

    `html` and `text` have placeholders for the links of each subscriber (digest/signed_links.py);
    they are empty once every mail is sent. `day` is the day on which it is sent, where it is read.
    `id` is 0 before it is stored.
    """

    id: int = 0
    since: datetime
    until: datetime
    topics: tuple[str, ...] | None
    language: str
    subject: str
    stories: tuple[str, ...]
    """Ids of its stories, in its order."""
    html: str = ""
    text: str = ""
    created_at: datetime
    day: date
    is_weekly: bool = False
    is_archived: bool = False
    """Whether it is an issue of the archive on the site, which goes to nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestMail:
    """A mail in the outbox. `issue` is that of an issue of the digest; `error` says why the last
    attempt failed. `id` is 0 before it is stored."""

    id: int = 0
    kind: MailKind
    subscriber: str
    issue: int | None = None
    state: MailState = MailState.QUEUED
    created_at: datetime
    due_at: datetime
    changed_at: datetime
    attempts: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class DueMail:
    """A mail that is to be sent, and to whom."""

    mail: DigestMail
    subscriber: DigestSubscriber


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingPause:
    """Why no mail is sent until `until`: the server did not work, `attempts` times in a row, since
    `since`."""

    error: str
    since: datetime
    until: datetime
    attempts: int
