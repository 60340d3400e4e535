"""How a source is doing, for the machine and for the operator; reports."""

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator.model.books import EntryCounts
from aggregator.model.fetching import HubLink, PollingHints, Validators

__all__ = [
    "CLOCK_SLACK",
    "RECENT_ENTRIES",
    "FetchState",
    "Issue",
    "Outcome",
    "PermanentRedirect",
    "RunReport",
    "SourceHealth",
    "SourceReport",
]  # fmt: skip


class Outcome(enum.StrEnum):
    """How the last attempt at a source ended."""

    NEVER = "never fetched"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    WAITING = "waiting"
    """The server has asked us to stay away for a while."""
    RETIRED = "retired"
    """The outlet has removed the feed for good; only an operator asks again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PermanentRedirect:
    """Where a server says that a feed has gone for good, since when, and how often it did.

    Nothing but a readable feed at the new address counts.
    """

    url: str = ""
    since: datetime | None = None
    hits: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchState:
    """What the store remembers of fetching one source: for the machine."""

    validators: Validators = Validators()
    next_fetch: datetime | None = None
    interval: int = 0
    """Seconds between fetches that its own rhythm suggests; 0 if not yet known."""
    failures: int = 0
    """In a row."""
    failing_since: datetime | None = None
    last_success: datetime | None = None
    last_full_fetch: datetime | None = None
    """When a whole feed came last; a server may say "nothing new" and lie."""
    polling_hints: PollingHints = PollingHints()
    redirect: PermanentRedirect = PermanentRedirect()
    hub_link: HubLink = HubLink()
    retired_at: datetime | None = None


RECENT_ENTRIES = 20
"""The last articles of a source, from whose dates its rhythm is read."""
CLOCK_SLACK = timedelta(hours=1)
"""By how much a clock may go back without more ado, as clocks do that are set right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHealth:
    """How a source is doing: for the operator.

    `recent` are the dates of its last articles, newest first; `held` counts the stories that
    wait for the operator.
    """

    source: str
    outcome: Outcome = Outcome.NEVER
    error: str = ""
    failing_since: datetime | None = None
    last_fetch: datetime | None = None
    last_success: datetime | None = None
    next_fetch: datetime | None = None
    entries: int = 0
    rejected: int = 0
    recent_dates: tuple[datetime, ...] = ()
    retired_at: datetime | None = None
    redirect: PermanentRedirect = PermanentRedirect()
    held_stories: int = 0
    pushed_until: datetime | None = None
    """The end of the lease under which its hub delivers."""
    push_error: str = ""
    """Why its hub does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """What one run did with one source; `seconds` is wall time, `error` a sentence or empty."""

    source: str
    status: int = 0
    outcome: Outcome = Outcome.NEVER
    error: str = ""
    note: str = ""
    seconds: float = 0.0
    counts: EntryCounts = EntryCounts()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """What one run did."""

    started: datetime
    sources: tuple[SourceReport, ...] = ()

    @property
    def total(self) -> EntryCounts:
        """The books of all sources together."""
        return sum((report.counts for report in self.sources), EntryCounts())

    @property
    def failed(self) -> tuple[SourceReport, ...]:
        """The sources that could not be read."""
        bad = (Outcome.FAILED, Outcome.RETIRED)
        return tuple(report for report in self.sources if report.outcome in bad)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """Something wrong with the database. `check` is what was looked at, `what` a phrase."""

    check: str
    description: str
    can_repair: bool
