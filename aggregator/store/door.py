"""The questions that may be asked of a store and the acts that change it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from aggregator.model import (
    Batch,
    FetchState,
    Known,
    Rejected,
    Revision,
    RunReport,
    Source,
    SourceHealth,
    Story,
)

__all__ = ["Store"]


class Store(Protocol):
    """What we keep. Every method may raise StoreUnavailable.

    A `scope` is `model.ALL`, `topic_scope(id)` or `source_scope(id)`.
    """

    # ---- fetching

    def sync(self, sources: Sequence[Source], now: datetime) -> None:
        """Take over what feeds.toml says of the sources; forget none that it leaves out."""

    def due(self, sources: Sequence[Source], now: datetime) -> list[Source]:
        """The sources that should be fetched now, longest overdue first."""

    def next_due(self, sources: Sequence[Source]) -> datetime | None:
        """When the next of them falls due; None if one has never been fetched."""

    def state(self, source: str) -> FetchState:
        """What we remember of fetching a source."""

    # ---- recognising

    def known(self, source: str, keys: Collection[str]) -> dict[str, Known]:
        """Those of the keys that name an entry of this source."""

    def standing(self, addresses: Collection[str]) -> dict[str, Story]:
        """The stories at these canonical addresses, by address."""

    def told_in(self, entries: Collection[int]) -> dict[int, Story]:
        """The story of each entry row."""

    def taken(self, public_ids: Collection[str]) -> set[str]:
        """Those of the public ids that a story has already."""

    # ---- saving

    def save(self, batch: Batch, now: datetime) -> None:
        """Save everything that one fetch changed, in one transaction."""

    def record(self, report: RunReport) -> None:
        """Keep the report of a run."""

    def ingesting(self) -> AbstractContextManager[None]:
        """Held during a run, so that two of them on one database take turns.

        Raises StoreBusy at once if another one holds it.
        """

    # ---- publishing

    def latest(self, scope: str, limit: int) -> list[Story]:
        """The newest arrivals of a scope, ordered by publication, newest first."""

    def story(self, id_: str) -> Story | None:
        """One story."""

    def why(self, story: str) -> dict[str, str]:
        """The topics that a story stands in, each with its why."""

    def story_ids(self) -> Iterator[str]:
        """The ids of all stories, newest first."""

    def sources(self) -> Mapping[str, Source]:
        """Every source that ever had an entry here, for its credit."""

    def revision(self, scope: str) -> Revision:
        """How often a scope has changed; number 0 if never."""

    # ---- operators

    def health(self) -> list[SourceHealth]:
        """How each source is doing."""

    def rejected(self, source: str, limit: int) -> list[Rejected]:
        """What was rejected from a source, newest first."""

    def counts(self) -> dict[str, int]:
        """The number of stories in every scope."""

    def close(self) -> None:
        """Let go of the database."""
