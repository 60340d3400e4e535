"""The interface of a store, continued: what begins or ends at a date."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from aggregator.model import ListScope, Pin

__all__ = ["CalendarStore"]


class CalendarStore(Protocol):
    """Pinned stories, and the time that pages take for now."""

    def time(self) -> datetime | None:
        """The time up to which dates have been applied: what pages take for now. None if none have
        been yet."""

    def advance(self, now: datetime, changed: Collection[ListScope]) -> None:
        """Make this the time that pages take for now, and increment the revisions of what changes
        by it, in one transaction."""

    def pin(self, id_: str, topic: str, until: datetime | None, now: datetime) -> None:
        """Pin a published story to the top of a topic, or to that of the home page (""), where it
        replaces an earlier one."""

    def unpin(self, id_: str, now: datetime, topic: str | None = None) -> int:
        """Remove the pins of a story, or the one in a topic; returns how many."""

    def pins(self) -> list[Pin]:
        """All pins of published stories, also those that have ended, newest first."""
