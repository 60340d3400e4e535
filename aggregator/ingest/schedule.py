"""When a source is asked again: by its own rhythm, later after errors, never not at all."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from aggregator.model import Failed, FetchState, ParsedEntry, Source

__all__ = ["next_fetch", "rhythm"]

LONGEST_BACKOFF = 24 * 60 * 60
"""Seconds. A dead feed is still asked once a day: some return (Media Cloud's notes)."""


def rhythm(entries: Sequence[ParsedEntry], source: Source) -> int:
    """Seconds between fetches: half the time between an outlet's articles, within bounds.

    Two dates at least are needed; without them it is twice the least interval.
    """
    dates = sorted(entry.published for entry in entries if isinstance(entry.published, datetime))
    if len(dates) < 2:
        return _bounded(2 * source.min_interval, source)
    newest = dates[-20:]
    gap = (newest[-1] - newest[0]).total_seconds() / (len(newest) - 1)
    return _bounded(int(gap / 2), source)


def next_fetch(source: Source, state: FetchState, failed: Failed | None, now: datetime) -> datetime:
    """The time of the next fetch, given the state after this one."""
    if failed is None:
        wait = _bounded(state.interval or source.min_interval, source)
    else:
        doubled = source.min_interval * 2 ** min(state.failures - 1, 10)
        wait = max(min(doubled, LONGEST_BACKOFF), failed.retry_after)
    return now + timedelta(seconds=wait)


def _bounded(wait: int, source: Source) -> int:
    return max(source.min_interval, min(wait, source.max_interval))
