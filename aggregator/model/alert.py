"""Alerts: what operators are sent when something begins to need them, and when it is over."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

__all__ = ["Alert", "AlertKind", "AlertMessage", "Channel", "MailSecurity", "SilentRule"]

AlertKind: TypeAlias = Literal[
    "failing", "quiet", "held", "silent_rule", "disk", "stale", "config", "clock", "undelivered",
    "bug", "digest",
]  # fmt: skip
Channel: TypeAlias = Literal["mail", "webhook"]
MailSecurity: TypeAlias = Literal["starttls", "tls", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Something that needs operators, from when we saw it until it was resolved.

    `subject` is the id of a source, the name of a rule, or empty; `since` is when it began, if that
    is known; `seen_at` is when it was last seen. `id` is 0 before it is stored.
    """

    id: int = 0
    kind: AlertKind
    subject: str = ""
    sentence: str
    since: datetime | None = None
    started_at: datetime
    seen_at: datetime
    resolved_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertMessage:
    """A message that waits to be delivered over a channel, to an address if that is mail.

    `body` is plain text for mail and JSON for the webhook; `error` says why the last attempt
    failed. `id` is 0 before it is stored.
    """

    id: int = 0
    channel: Channel
    recipient: str = ""
    subject: str
    body: str
    created_at: datetime
    due_at: datetime
    attempts: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SilentRule:
    """A reason that used to place stories, so many a week, and has placed none since then.

    `reason` is a clause of the topic's rule, a source or a category, `source` is the id of that
    source; `topic` is empty for a source none of whose stories come into any topic.
    """

    topic: str
    reason: str
    source: str = ""
    per_week: float
    since: datetime
