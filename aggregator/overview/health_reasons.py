"""What is wrong with the program as a whole and with its sources, since when and why."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from aggregator.config import Config
from aggregator.model import FailureKind, SourceHealth
from aggregator.store.base import Store

__all__ = [
    "BUG_AGE", "CONFIG", "DATABASE", "DISK", "DOWN_KINDS", "STALE", "Reason", "health_reasons",
]  # fmt: skip

DATABASE = "database"
"""The database cannot be read."""
STALE = "stale"
"""Nothing was fetched for [publish] stale_after."""
CONFIG = "config"
"""feeds.toml has problems, so an earlier version of it is in force."""
DISK = "disk"
"""The disk of the database is nearly full."""
DOWN_KINDS = frozenset((DATABASE, STALE))
BUG_AGE = timedelta(days=1)
"""How long the bug of a task is counted."""
MAX_ISSUES_SHOWN = 3
MIN_FREE_BYTES = 50_000_000
"""A run of a few hundred sources may need as much."""


_SUBJECTS = {
    "database": "the database", "stale": "all sources", "disk": "the disk",
    "config": "feeds.toml", "clock": "the clock",
    "clock_disputed": "the clock", "undelivered": "deliveries", "silent_rule": "a rule",
    "bug": "the program", "digest": "the digest",
}  # fmt: skip
"""What a reason is about that belongs to no source and no topic, by kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Something that needs attention: `source`, `topic`, `since` and `next_try` are None if they do
    not apply or are not known; `subject` tells apart what is of one kind and of no source."""

    kind: str
    sentence: str
    source: str | None = None
    topic: str | None = None
    subject: str = ""
    since: datetime | None = None
    next_try: datetime | None = None

    @property
    def label(self) -> str:
        """Its source or topic, or what it is about, in a word or two."""
        return self.source or self.topic or _SUBJECTS.get(self.kind, self.kind)


def health_reasons(
    config: Config, store: Store, health: Sequence[SourceHealth], now: datetime
) -> list[Reason]:
    """Everything that is wrong, the most far-reaching first; `health` is that of the enabled
    sources."""
    return [
        *(
            Reason(kind=each.kind, sentence=each.sentence, since=each.since)
            for each in store.maintenance.incidents()
        ),
        *_config_problem(store),
        *_disk(config.database),
        *_stale(config, health, now),
        *_bugs(store, now),
        *_failing(health),
    ]


def _config_problem(store: Store) -> Iterator[Reason]:
    problem = store.config.problem()
    if problem is not None:
        count = len(problem.issues)
        what = "a problem" if count == 1 else f"{count} problems"
        yield Reason(
            kind=CONFIG,
            since=problem.since,
            sentence=f"feeds.toml has {what} ({'; '.join(problem.issues[:MAX_ISSUES_SHOWN])}), so "
            "its last good version is in force.",
        )


def _stale(config: Config, health: Sequence[SourceHealth], now: datetime) -> Iterator[Reason]:
    """A reason if nothing was fetched for too long. If nothing ever was, the time counts from the
    last change of feeds.toml, or from the first failure if that is earlier."""
    if not config.sources:
        return
    successes = [each.last_success for each in health if each.last_success]
    failing = [each.failing_since for each in health if each.failing_since]
    since = max(successes, default=min([config.changed_at, *failing]))
    if now - since > timedelta(seconds=config.publish.stale_after_seconds):
        yield Reason(
            kind=STALE,
            since=since,
            sentence=f"No source has been fetched successfully for {config.publish.stale_after}; "
            "check that `aggregator run`, or the timer of `aggregator ingest`, is running, and "
            "read its log.",
        )


def _disk(database: Path) -> Iterator[Reason]:
    try:
        disk = os.statvfs(database.parent)
    except OSError:
        return  # the database cannot be read either, which is said elsewhere
    free = disk.f_bavail * disk.f_frsize
    if free < MIN_FREE_BYTES:
        yield Reason(
            kind=DISK,
            sentence=f"The disk with the database has only {free / 1e6:,.0f} MB left; free some "
            "space, or soon nothing can be saved.",
        )


def _bugs(store: Store, now: datetime) -> Iterator[Reason]:
    count = store.maintenance.count_bugs(now - BUG_AGE)
    count += store.hub.count_failing().get(FailureKind.BUG, 0)
    if count:
        yield Reason(
            kind=FailureKind.BUG.value,
            sentence=f"The program has bugs ({count} seen); please report them with the lines of "
            "its log that say event=bug.",
        )


def _failing(health: Sequence[SourceHealth]) -> Iterator[Reason]:
    """The sources that fail, longest first."""
    failing = [(each.failing_since, each) for each in health if each.failing_since]
    for since, each in sorted(failing, key=lambda pair: (pair[0], pair[1].source)):
        kind = each.failure_kind.value if each.failure_kind else "failing"
        yield Reason(
            kind=kind,
            source=each.source,
            since=since,
            sentence=each.error,
            next_try=None if each.retired_at else each.next_fetch,
        )
