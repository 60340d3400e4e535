"""What begins or ends at a date: pinned stories, and the time that pages take for now."""

from collections.abc import Collection
from datetime import datetime

from aggregator.model import PINS, ListScope, Pin
from aggregator.store.sqlite import mappers
from aggregator.store.sqlite.connection import Connection
from aggregator.store.sqlite.listings import increment_revisions

__all__ = ["SqliteCalendar"]


class SqliteCalendar:
    """A CalendarStore; the methods are described in store/base_calendar.py."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def time(self) -> datetime | None:
        with self._connection.read() as db:
            row = db.execute("select time from calendar").fetchone()
        return mappers.to_time(row[0]) if row else None

    def advance(self, now: datetime, changed: Collection[ListScope]) -> None:
        with self._connection.write() as db:
            db.execute("delete from calendar")
            db.execute("insert into calendar values (?)", [mappers.to_text(now)])
            increment_revisions(db, changed, now)

    def pin(self, id_: str, topic: str, until: datetime | None, now: datetime) -> None:
        with self._connection.write() as db:
            if not topic:
                db.execute("delete from pins where topic = ''")
            db.execute(
                """insert or replace into pins (topic, story_number, pinned_at, until)
                   select ?, number, ?, ? from stories where id = ?""",
                [topic, mappers.to_text(now), mappers.to_text_or_none(until), id_],
            )
            increment_revisions(db, [PINS], now)

    def unpin(self, id_: str, now: datetime, topic: str | None = None) -> int:
        sql = """delete from pins
                 where story_number = (select number from stories where id = ?1)
                   and (?2 is null or topic = ?2)"""
        with self._connection.write() as db:
            removed = int(db.execute(sql, [id_, topic]).rowcount)
            if removed:
                increment_revisions(db, [PINS], now)
        return removed

    def pins(self) -> list[Pin]:
        sql = """select stories.id, topic, title, pinned_at, until from pins
                   join stories on stories.number = pins.story_number
                   join entries on entries.id = lead_entry_id
                 where exists (select 1 from listings
                               where listings.story_number = pins.story_number
                                 and list_kind = 'all' and visibility = 'published')
                 order by pinned_at desc, topic, stories.id"""
        with self._connection.read() as db:
            found = db.execute(sql).fetchall()
        return [
            Pin(
                story=id_,
                topic=topic,
                title=title,
                pinned_at=datetime.fromisoformat(pinned_at),
                until=mappers.to_time(until),
            )
            for id_, topic, title, pinned_at, until in found
        ]
