"""Reports: how sources, runs and the database are doing."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aggregator.model.counts import EntryCounts
from aggregator.model.fetch import FailureKind, PermanentRedirect

__all__ = [
    "CLOCK_SLACK",
    "MAX_SENTENCE_CHARS",
    "RECENT_ENTRIES",
    "FetchRecord",
    "Incident",
    "Issue",
    "Outcome",
    "Pulse",
    "RunRecord",
    "RunReport",
    "SourceHealth",
    "SourceReport",
]  # fmt: skip

MAX_SENTENCE_CHARS = 400
"""Characters of an error or note."""
RECENT_ENTRIES = 20
"""Newest entries of a source whose dates its polling interval is derived from."""
CLOCK_SLACK = timedelta(hours=1)
"""How far a clock may be off before it is considered wrong: ours, and that of an outlet that dates
an article in the future."""


class Outcome(enum.StrEnum):
    """How the last attempt to fetch a source ended."""

    NEVER = "never fetched"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    WAITING = "waiting"
    """The server has asked for a pause."""
    RETIRED = "retired"
    """The outlet has removed the feed for good; only an operator fetches it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHealth:
    """The health of a source, for the operator.

    `recent_dates` are the dates of its newest entries, newest first; `held_stories` counts the
    stories that wait for the operator.
    """

    source: str
    outcome: Outcome = Outcome.NEVER
    failure_kind: FailureKind | None = None
    error: str = ""
    failing_since: datetime | None = None
    last_fetch: datetime | None = None
    last_success: datetime | None = None
    next_fetch: datetime | None = None
    rejected: int = 0
    recent_dates: tuple[datetime, ...] = ()
    retired_at: datetime | None = None
    redirect: PermanentRedirect = field(default_factory=PermanentRedirect)
    held_stories: int = 0
    pushed_until: datetime | None = None
    """End of the lease under which its hub delivers."""
    push_error: str = ""
    """Why its hub does not deliver."""
    note: str = ""
    """What is wrong with its feed, though it can be read."""
    noted_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """What one run did with one source; `seconds` is wall time, `error` a sentence or empty."""

    source: str
    status: int = 0
    outcome: Outcome = Outcome.NEVER
    failure_kind: FailureKind | None = None
    error: str = ""
    note: str = ""
    seconds: float = 0.0
    counts: EntryCounts = field(default_factory=EntryCounts)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRecord:
    """One fetch of a source, as it is kept for operators; `message` is an error or a note,
    `seconds` the time until it was saved."""

    fetched_at: datetime
    status: int = 0
    outcome: Outcome
    failure_kind: FailureKind | None = None
    message: str = ""
    seconds: float = 0.0
    counts: EntryCounts = field(default_factory=EntryCounts)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One run, as it is kept for operators; `failed` has the errors by source."""

    started_at: datetime
    seconds: float
    sources: int
    counts: EntryCounts
    failed: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """Figures of some time: stories, how many of them several outlets have, how many are in no
    topic, and the median time from an outlet's publication to ours, in seconds; None if there was
    no story with a time."""

    stories: int
    shared: int
    without_topic: int
    median_delay: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """What one run did; `seconds` is wall time."""

    started: datetime
    sources: tuple[SourceReport, ...] = ()
    seconds: float = 0.0

    @property
    def total(self) -> EntryCounts:
        """Counts of all sources together."""
        return sum((report.counts for report in self.sources), EntryCounts())

    @property
    def failed(self) -> tuple[SourceReport, ...]:
        """The sources that could not be read."""
        bad = (Outcome.FAILED, Outcome.RETIRED)
        return tuple(report for report in self.sources if report.outcome in bad)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """Something wrong with the database; `check` is the name of the check that found it."""

    check: str
    description: str
    can_repair: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Something wrong with the program as a whole, since when, in a sentence for the operator."""

    kind: str
    sentence: str
    since: datetime
