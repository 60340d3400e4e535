"""Which stories are in which topics, and statistics of that for operators."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime

from aggregator.model import (
    Node,
    PlacementChange,
    PlacementReason,
    SampledStory,
    StoryPlacements,
    Topic,
    TopicOverride,
)
from aggregator.store.sqlite import mappers, placements
from aggregator.store.sqlite.connection import Connection
from aggregator.store.sqlite.list_rename import original_ids, rename_topics, renames_due
from aggregator.store.sqlite.queries import entry_views, query_in, query_in_rows

__all__ = ["SqliteTopics"]


class SqliteTopics:
    """A TopicStore; the methods are described in store/base.py."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rename(self, topics: Sequence[Topic], now: datetime) -> None:
        former = {was: topic.id for topic in topics for was in topic.was}
        with self._connection.read() as db:
            due = renames_due(db, "topic", former)
        if due:
            with self._connection.write() as db:
                rename_topics(db, due, now)

    def original_ids(self) -> dict[str, str]:
        with self._connection.read() as db:
            return original_ids(db, "topic")

    def overrides(self, entries: Collection[int]) -> list[TopicOverride]:
        sql = "select * from topic_overrides where entry_id in ({values})"
        with self._connection.read() as db:
            return [mappers.override_of(row) for row in query_in_rows(db, sql, entries)]

    def candidates(
        self,
        topics: Sequence[str],
        clauses: Sequence[Node],
        sources: Collection[str],
        newest: int | None = None,
    ) -> Iterator[StoryPlacements]:
        with self._connection.read() as db:
            yield from placements.candidates(db, topics, clauses, sources, newest)

    def placements_of(self, entry: int, topics: Sequence[str]) -> StoryPlacements | None:
        sql = "select story_number from entries where id = ?"
        with self._connection.read() as db:
            numbers = [number for (number,) in db.execute(sql, [entry]).fetchall()]
            return next(placements.placements_of(db, topics, numbers), None)

    def recategorize(
        self, changes: Iterable[PlacementChange], overrides: Sequence[TopicOverride], now: datetime
    ) -> None:
        with self._connection.read() as db:
            placements.stage(db, changes)
        with self._connection.write() as db:
            placements.move_staged(db, overrides, now)

    # ---- statistics

    def placement_dates(
        self, since: datetime
    ) -> Iterator[tuple[int, str, Sequence[PlacementReason], datetime]]:
        sql = """select story_number, list_name, placed_by, listed_at from listings
                 where list_kind = 'topic' and visibility = 'published' and listed_at > ?"""
        with self._connection.read() as db:
            for number, topic, placed_by, listed_at in db.execute(sql, [mappers.to_text(since)]):
                reasons = mappers.placed_by_from_text(placed_by)
                yield number, topic, reasons, datetime.fromisoformat(listed_at)

    def source_dates(self, since: datetime) -> Iterator[tuple[str, datetime]]:
        sql = """select list_name, listed_at from listings as own
                 where list_kind = 'source' and visibility = 'published' and listed_at > ?
                   and exists (select 1 from listings as topic
                               where topic.story_number = own.story_number
                                 and topic.list_kind = 'topic'
                                 and topic.visibility = 'published')"""
        with self._connection.read() as db:
            for source, listed_at in db.execute(sql, [mappers.to_text(since)]):
                yield source, datetime.fromisoformat(listed_at)

    def shared(self, since: datetime | None = None) -> list[tuple[str, str, int]]:
        sql = """select a.list_name, b.list_name, count(*) as number
                 from listings as a join listings as b
                   on a.story_number = b.story_number and a.list_name < b.list_name
                 where a.list_kind = 'topic' and b.list_kind = 'topic'
                   and a.visibility = 'published' and b.visibility = 'published'
                   and a.listed_at >= ?
                 group by 1, 2 order by number desc"""
        with self._connection.read() as db:
            return db.execute(sql, [mappers.to_text_or_none(since) or ""]).fetchall()

    def sample(
        self, limit: int, topics: Sequence[str], *, with_content: bool
    ) -> Iterator[SampledStory]:
        sql = """select story_number from listings
                 where list_kind = 'all' and list_name = '' and visibility = 'published'
                 order by listed_at desc limit ?"""
        with self._connection.read() as db:
            numbers = [number for (number,) in db.execute(sql, [limit])]
            sql = "select number, lead_entry_id from stories where number in ({values})"
            leads = dict(query_in(db, sql, numbers))
            sql = """select story_number, list_name from listings where story_number in ({values})
                     and list_kind = 'topic' and visibility = 'published'"""
            filed = {number for number, topic in query_in(db, sql, numbers) if topic in topics}
            for entries in entry_views(db, numbers, with_content=with_content):
                number = entries[0].story_number
                lead = next((e for e in entries if e.entry_id == leads.get(number)), entries[0])
                yield SampledStory(lead, entries, number in filed)
