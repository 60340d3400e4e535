"""The store's questions and acts about topics; door.py describes each."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from aggregator.model import (
    Learned,
    Refiling,
    Said,
    Suggestion,
    Taught,
    Verdict,
)
from aggregator.query import Node
from aggregator.store import learning, placing, yields
from aggregator.store.connection import Connection
from aggregator.store.placing import Standing
from aggregator.store.yields import Looked

__all__ = ["Topics"]


class Topics(Connection):
    """Where stories stand, what topics learn, and what rules yield."""

    def said(self, entries: Collection[int]) -> list[Said]:
        with self._door() as db:
            return placing.said(db, entries)

    def standings(
        self, topics: Sequence[str], clauses: Sequence[Node], sources: Collection[str]
    ) -> Iterator[Standing]:
        with self._door() as db:
            yield from placing.standings(db, topics, clauses, sources)

    def standing_of(self, entry: int, topics: Sequence[str]) -> Standing | None:
        with self._door() as db:
            return placing.standing_of(db, topics, entry)

    def refile(self, refilings: Iterable[Refiling], said: Sequence[Said], now: datetime) -> None:
        with self._door() as db:
            placing.put_aside(db, refilings)
        with self._writing() as db:
            placing.refile(db, said, now)

    def taught(self, topics: Sequence[str]) -> list[Taught]:
        with self._door() as db:
            return learning.taught(db, topics)

    def newest(self, limit: int) -> list[Taught]:
        with self._door() as db:
            return learning.newest(db, limit)

    def unjudged(self, limit: int) -> list[Taught]:
        with self._door() as db:
            return learning.unjudged(db, limit)

    @contextmanager
    def learning(self) -> Iterator[None]:
        with self._alone("learn", f"Another process learns from {self._path}; let it finish."):
            yield

    def words_said(self, topics: Sequence[str]) -> str:
        with self._door() as db:
            return learning.words_said(db, topics)

    def learned(self) -> Learned:
        with self._door() as db:
            return learning.learned(db)

    def model(self, version: int) -> bytes:
        with self._door() as db:
            return learning.model(db, version)

    def is_news(self) -> bool:
        with self._door() as db:
            return learning.is_news(db)

    def keep_model(self, model: bytes, of: str, verdict: Verdict, now: datetime) -> None:
        with self._door() as db:
            placing.put_aside(db, verdict.filed)
        with self._writing() as db:
            learning.keep(db, model, of, verdict.up_to, now)
            learning.suggest(db, verdict.suggested)
            placing.refile(db, (), now)

    def judged(self, version: int, verdict: Verdict, now: datetime) -> None:
        with self._door() as db:
            placing.put_aside(db, verdict.filed)
        with self._writing() as db:
            learning.judged(db, version, verdict.up_to)
            learning.suggest(db, verdict.suggested)
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

    def look(self, limit: int, topics: Sequence[str], *, with_content: bool) -> Iterator[Looked]:
        with self._door() as db:
            yield from yields.newest(db, limit, topics, with_content=with_content)

    def categories(self, source: str, limit: int) -> list[tuple[str, int]]:
        with self._door() as db:
            return yields.categories(db, source, limit)
