"""What begins or ends at a date."""

from dataclasses import dataclass
from datetime import datetime

__all__ = ["Notice", "Pin"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A box that asks something of readers, on the pages of these topics, or on all pages.

    It is shown from `starts_at` until `ends_at`; None for always.
    """

    title: str
    text: str = ""
    link: str = ""
    button: str = ""
    topics: tuple[str, ...] = ()
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def is_current(self, time: datetime) -> bool:
        """True if it is shown at this time."""
        has_started = self.starts_at is None or self.starts_at <= time
        return has_started and (self.ends_at is None or time < self.ends_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A story at the top of a topic, or the lead of the home page if `topic` is empty."""

    story: str
    topic: str = ""
    title: str = ""
    pinned_at: datetime
    until: datetime | None = None

    def is_current(self, time: datetime) -> bool:
        """True if the story is pinned at this time."""
        return self.until is None or time < self.until
