"""The interface of a store, continued: alerts, their messages, and silent rules."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from aggregator.model import Alert, AlertMessage, SilentRule

__all__ = ["AlertStore"]


class AlertStore(Protocol):
    """What needs operators, what they were sent about it, and what is still to be sent."""

    def current(self) -> list[Alert]:
        """Alerts that are not resolved, oldest first."""

    def latest(self, limit: int) -> list[Alert]:
        """The newest alerts, newest first."""

    def save(
        self,
        alerts: Sequence[Alert],
        messages: Sequence[AlertMessage],
        done: Mapping[str, datetime] | None = None,
    ) -> None:
        """Store alerts, those with an id in place of what was stored, their messages, and which
        tasks were `done` when, in one transaction."""

    def messages(self) -> list[AlertMessage]:
        """The messages that are not delivered yet, oldest first."""

    def retry(self, message: int, error: str, due_at: datetime) -> None:
        """Keep why a message was not delivered, and when it is tried again."""

    def remove(self, message: int) -> None:
        """Forget a message that was delivered, or never will be."""

    def silent_rules(self) -> list[SilentRule]:
        """The rules that were silent when they were last looked at, longest first."""

    def save_silent_rules(self, rules: Sequence[SilentRule]) -> None:
        """Replace the silent rules."""

    def last_done(self, task: str) -> datetime | None:
        """When a task, such as the weekly summary, was done last."""

    def record_done(self, task: str, now: datetime) -> None:
        """Keep that a task was done."""
