"""The interface of a store, continued: figures for operators."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from aggregator.model import EntryCounts, FetchRecord, ListScope, Pulse, RunRecord

__all__ = ["StatisticsStore"]


class StatisticsStore(Protocol):
    """What was fetched and published, by day and by source. Days are in UTC."""

    def fetches(self, source: str, limit: int) -> list[FetchRecord]:
        """The last fetches of a source, newest first."""

    def runs(self, limit: int) -> list[RunRecord]:
        """The last runs, newest first."""

    def new_entries(self, since: date) -> Mapping[date, int]:
        """New entries by day, of the last sixty days at most."""

    def new_entries_by_source(self, since: date) -> Mapping[str, Mapping[date, int]]:
        """New entries by source and day, of the last sixty days at most."""

    def stories(
        self, scopes: Sequence[ListScope], since: datetime
    ) -> Mapping[ListScope, Mapping[date, int]]:
        """Published stories of each list by the day on which they were listed."""

    def entry_counts(self) -> EntryCounts:
        """The counts of all fetches of all sources, ever."""

    def pulse(self, since: datetime, until: datetime) -> Pulse:
        """How many stories were published from then on and before `until`, by how many outlets, and
        how soon."""

    def save_pulse(self, day: date, pulse: Pulse) -> None:
        """Keep the figures of a day; they replace older ones."""

    def pulses(self, since: date) -> Mapping[date, Pulse]:
        """The figures of each day that were kept."""
