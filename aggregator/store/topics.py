"""The store's questions and acts about topics; door.py describes each."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from aggregator.model import (
    ModelInfo,
    PlacementChange,
    Predictions,
    Suggestion,
    TopicOverride,
    TrainingExample,
)
from aggregator.query import Node
from aggregator.store import learning, placing, yields
from aggregator.store.connection import Connection
from aggregator.store.placing import StoryPlacements
from aggregator.store.yields import SampledStory

__all__ = ["Topics"]


class Topics(Connection):
    """Where stories stand, what topics learn, and what rules yield."""

    def said(self, entries: Collection[int]) -> list[TopicOverride]:
        with self._door() as db:
            return placing.said(db, entries)

    def standings(
        self, topics: Sequence[str], clauses: Sequence[Node], sources: Collection[str]
    ) -> Iterator[StoryPlacements]:
        with self._door() as db:
            yield from placing.standings(db, topics, clauses, sources)

    def standing_of(self, entry: int, topics: Sequence[str]) -> StoryPlacements | None:
        with self._door() as db:
            return placing.standing_of(db, topics, entry)

    def refile(
        self, refilings: Iterable[PlacementChange], said: Sequence[TopicOverride], now: datetime
    ) -> None:
        with self._door() as db:
            placing.put_aside(db, refilings)
        with self._writing() as db:
            placing.refile(db, said, now)

    def taught(self, topics: Sequence[str]) -> list[TrainingExample]:
        with self._door() as db:
            return learning.taught(db, topics)

    def newest(self, limit: int) -> list[TrainingExample]:
        with self._door() as db:
            return learning.newest(db, limit)

    def unjudged(self, limit: int) -> list[TrainingExample]:
        with self._door() as db:
            return learning.unjudged(db, limit)

    @contextmanager
    def learning(self) -> Iterator[None]:
        with self._alone("learn", f"Another process learns from {self._path}; let it finish."):
            yield

    def words_said(self, topics: Sequence[str]) -> str:
        with self._door() as db:
            return learning.words_said(db, topics)

    def learned(self) -> ModelInfo:
        with self._door() as db:
            return learning.learned(db)

    def model(self, version: int) -> bytes:
        with self._door() as db:
            return learning.model(db, version)

    def is_news(self) -> bool:
        with self._door() as db:
            return learning.is_news(db)

    def keep_model(self, model: bytes, of: str, verdict: Predictions, now: datetime) -> None:
        with self._door() as db:
            placing.put_aside(db, verdict.placements)
        with self._writing() as db:
            learning.keep(db, model, of, verdict.scored_up_to, now)
            learning.suggest(db, verdict.suggestions)
            placing.refile(db, (), now)

    def judged(self, version: int, verdict: Predictions, now: datetime) -> None:
        with self._door() as db:
            placing.put_aside(db, verdict.placements)
        with self._writing() as db:
            learning.judged(db, version, verdict.scored_up_to)
            learning.suggest(db, verdict.suggestions)
            placing.refile(db, (), now)

    def suggestions(self, topic: str, limit: int) -> list[Suggestion]:
        with self._door() as db:
            return learning.suggestions(db, topic, limit)

    def yields(self, since: datetime) -> Iterator[tuple[int, str, Sequence[str], datetime]]:
        with self._door() as db:
            yield from yields.topics(db, since)

    def outlet_yields(self, since: datetime) -> Iterator[tuple[str, datetime]]:
        with self._door() as db:
            yield from yields.outlets(db, since)

    def shared(self) -> list[tuple[str, str, int]]:
        with self._door() as db:
            return yields.shared(db)

    def look(
        self, limit: int, topics: Sequence[str], *, with_content: bool
    ) -> Iterator[SampledStory]:
        with self._door() as db:
            yield from yields.newest(db, limit, topics, with_content=with_content)

    def categories(self, source: str, limit: int) -> list[tuple[str, int]]:
        with self._door() as db:
            return yields.categories(db, source, limit)
