"""Stories: lookup, holds, takedowns, expiry."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from sqlite_utils import Database

from aggregator.model import (
    ListScope,
    Placement,
    Story,
    Takedown,
    source_scope,
)
from aggregator.store.sqlite import mappers
from aggregator.store.sqlite.connection import Connection
from aggregator.store.sqlite.listings import (
    increment_revisions,
    restore,
    take_down,
    touch_lists,
)
from aggregator.store.sqlite.pictures import delete_unused_pictures
from aggregator.store.sqlite.queries import load_stories, newest_first, query_in
from aggregator.store.sqlite.related import forget_stories, related_stories
from aggregator.store.sqlite.window import window

__all__ = ["SqliteStories"]

MISDATED_STORIES = 20
"""Stories that may have a wrong date when the present is derived from the latest dates."""
_PUBLISHED = """exists (select 1 from listings where listings.story_number = {}
                  and list_kind = 'all' and visibility = 'published')"""


class SqliteStories:
    """A StoryStore; the methods are described in store/base.py."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, id_: str) -> Story | None:
        with self._connection.read() as db:
            number = _published_number(db, id_)
            return load_stories(db, [number]).get(number) if number else None

    def ids(self) -> Iterator[str]:
        published = """select story_number from listings
                       where list_kind = 'all' and visibility = 'published'"""
        sql = f"""select id from stories
                  where number in ({published}) or merged_into in ({published})
                  order by published desc, id"""  # noqa: S608 - a constant
        with self._connection.read() as db:
            found = db.execute(sql).fetchall()
        return (id_ for (id_,) in found)

    def existing_public_ids(self, public_ids: Collection[str]) -> set[str]:
        sql = "select public_id from stories where public_id in ({values})"
        with self._connection.read() as db:
            return {public_id for (public_id,) in query_in(db, sql, public_ids)}

    def merged_into(self, id_: str) -> str:
        sql = f"""select target.id from stories
                    join stories as target on stories.merged_into = target.number
                  where stories.id = ? and {_PUBLISHED.format("target.number")}"""  # noqa: S608 - a constant
        with self._connection.read() as db:
            found = db.execute(sql, [id_]).fetchone()
        return found[0] if found else ""

    def related(self, story: Story, limit: int) -> list[Story]:
        with self._connection.read() as db:
            return related_stories(db, story.id, limit)

    def placements(self, id_: str) -> list[Placement]:
        sql = """select list_name, listings.reason, placed_by from listings
                   join stories on number = story_number
                 where id = ? and list_kind = 'topic' and visibility = 'published'"""
        with self._connection.read() as db:
            found = db.execute(sql, [id_]).fetchall()
        return [
            Placement(topic=topic, reason=reason, placed_by=mappers.placed_by_from_text(placed_by))
            for topic, reason, placed_by in found
        ]

    def placement_sentences(self, id_: str) -> dict[str, str]:
        return {placement.topic: placement.reason for placement in self.placements(id_)}

    def edit(self, id_: str, own_headline: str, editor_note: str, now: datetime) -> None:
        sql = """update stories set own_headline = ?, editor_note = ?, updated = max(updated, ?)
                 where number = ? and (own_headline, editor_note) != (?, ?)"""
        texts = (own_headline, editor_note)
        with self._connection.write() as db:
            number = _published_number(db, id_)
            if number and db.execute(sql, [*texts, mappers.to_text(now), number, *texts]).rowcount:
                touched: set[ListScope] = set()
                touch_lists(db, number, touched)
                increment_revisions(db, touched, now)

    # ---- takedowns

    def take_down(self, id_: str, reason: str, now: datetime) -> None:
        with self._connection.write() as db:
            if number := _published_number(db, id_):
                increment_revisions(db, take_down(db, number, reason, now), now)

    def restore(self, id_: str, now: datetime) -> None:
        sql = """select story_number from takedowns
                   join stories on number = story_number where id = ?"""
        with self._connection.write() as db:
            for (number,) in db.execute(sql, [id_]).fetchall():
                increment_revisions(db, restore(db, number), now)

    def takedowns(self) -> list[Takedown]:
        sql = """select stories.id, title, url, takedowns.reason, taken_down_at from takedowns
                   join stories on number = takedowns.story_number
                   join entries on entries.id = lead_entry_id
                 order by taken_down_at desc, stories.id"""
        with self._connection.read() as db:
            found = db.execute(sql).fetchall()
        return [
            Takedown(
                id=id_,
                title=title,
                url=url,
                reason=reason,
                taken_down_at=datetime.fromisoformat(taken_down_at),
            )
            for id_, title, url, reason, taken_down_at in found
        ]

    def taken_down_entries(self, entries: Collection[int]) -> set[int]:
        sql = """select id from entries where id in ({values}) and exists
                   (select 1 from takedowns
                    where takedowns.story_number = entries.story_number and copy_of = '')"""
        with self._connection.read() as db:
            return {entry for (entry,) in query_in(db, sql, entries)}

    def is_taken_down(self, id_: str) -> bool:
        sql = """select exists (select 1 from takedowns
                   join stories on takedowns.story_number in (number, merged_into)
                 where id = ?)"""
        with self._connection.read() as db:
            return bool(db.execute(sql, [id_]).fetchone()[0])

    # ---- held and old stories

    def held(self, source: str, limit: int) -> list[Story]:
        with self._connection.read() as db:
            numbers = window(db, [source_scope(source).held], limit, "", (), None).numbers
            return newest_first(load_stories(db, numbers).values())

    def release(
        self,
        source: str,
        now: datetime,
        stories: Collection[str] | None = None,
        *,
        as_new: bool = False,
    ) -> int:
        touched: set[ListScope] = set()
        listed_at = ", listed_at = :now" if as_new else ""
        publish = f"""update listings set visibility = 'published'{listed_at}
                      where story_number = :number and visibility = 'held'"""  # noqa: S608 - constants
        with self._connection.write() as db:
            held = _held_numbers(db, source, stories)
            for number in held:
                db.execute(publish, {"number": number, "now": mappers.to_text(now)})
                if as_new:
                    sql = "update stories set listed_at = ? where number = ?"
                    db.execute(sql, [mappers.to_text(now), number])
                touch_lists(db, number, touched)
            if held:  # models have not scored them while they were held
                sql = "update topic_models set scored_up_to = min(scored_up_to, ?)"
                db.execute(sql, [min(held) - 1])
            increment_revisions(db, touched, now)
        return len(held)

    def drop(self, source: str, stories: Collection[str] | None = None) -> int:
        with self._connection.write() as db:
            held = _held_numbers(db, source, stories)
            db.conn.executemany(
                "delete from listings where story_number = ?", [(number,) for number in held]
            )
        return len(held)

    def purge(self, keep: timedelta, now: datetime) -> int:
        touched: set[ListScope] = set()
        with self._connection.write() as db:
            before = mappers.to_text(_present(db, now) - keep)
            sql = "select story_number from listings where list_kind = 'all' and listed_at < ?"
            old = db.execute(sql, [before]).fetchall()
            for (number,) in old:
                touch_lists(db, number, touched)
            db.conn.executemany("delete from listings where story_number = ?", old)
            db.conn.executemany(  # what identifies entries stays: outlets list some for years
                """update entries set canonical_url = '', summary = '', author = '', tags = '[]',
                     image = '', image_alt = '', enclosures = '[]', source_urls = '[]'
                   where story_number = ?""",
                old,
            )
            db.conn.executemany(
                """delete from contents
                   where entry_id in (select id from entries where story_number = ?)""",
                old,
            )
            db.conn.executemany(
                "update stories set own_headline = '', editor_note = '' where number = ?", old
            )
            forget_stories(db, [number for (number,) in old])
            delete_unused_pictures(db, old)
            increment_revisions(db, touched, now)
        return len(old)


def _published_number(db: Database, id_: str) -> int | None:
    """Number of a story that readers see."""
    sql = f"select number from stories where id = ? and {_PUBLISHED.format('number')}"  # noqa: S608 - a constant
    found = db.execute(sql, [id_]).fetchone()
    return found[0] if found else None


def _held_numbers(db: Database, source: str, ids: Collection[str] | None) -> list[int]:
    """The held stories of a source, or those of them with these ids."""
    sql = """select number, id from listings join stories on number = story_number
             where list_kind = 'source' and list_name = ? and visibility = 'held'"""
    found = db.execute(sql, [source]).fetchall()
    return [number for number, id_ in found if ids is None or id_ in ids]


def _present(db: Database, now: datetime) -> datetime:
    """Now, but no later than what outlets have published lately: a clock that is ahead by a year
    must not purge a year of stories."""
    sql = """select published from listings
             where list_kind = 'all' and visibility = 'published'
             order by published desc limit 1 offset ?"""
    found = db.execute(sql, [MISDATED_STORIES]).fetchone()
    return min(now, datetime.fromisoformat(found[0])) if found else now
