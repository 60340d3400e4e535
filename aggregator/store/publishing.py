"""The store's questions about what is published, and the acts that decide it; door.py describes
each."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from sqlite_utils import Database

from aggregator.model import (
    ALL,
    STORIES,
    Revision,
    Share,
    Source,
    Story,
    Takedown,
    Tombstone,
    Topic,
    story_scope,
)
from aggregator.query import EntryView, Hits, Query
from aggregator.store import archives, likeness, listing, renaming, rows, search, shares
from aggregator.store.connection import Connection
from aggregator.store.reading import in_order, many, stories

__all__ = ["Publishing"]

_ALL = "select story from listings where scope = 'all'"


class Publishing(Connection):
    """Lists of stories, their history, and what was taken out of them."""

    _archived_by = 0
    """The size of the documents when all lists were looked through last."""

    def latest(
        self,
        scope: str,
        limit: int,
        *,
        joined: Sequence[str] = (),
        language: str = "",
        without: Sequence[str] = (),
        share: Share | None = None,
    ) -> list[Story]:
        with self._door() as db:
            window = shares.window(db, [scope, *joined], limit, language, without, share)
            found = in_order(stories(db, window).values())
        return shares.fair(found, share) if share else found

    def found(
        self, query: Query, limit: int, *, language: str = "", without: Sequence[str] = ()
    ) -> list[Story]:
        with self._door() as db:
            window = search.newest(db, query, limit, language, without)
            return in_order(stories(db, window).values())

    def pages(self, scope: str) -> tuple[int, int]:
        with self._door() as db:
            return archives.oldest_page(db, scope), archives.newest_page(db, scope)

    def first_names(self) -> dict[str, str]:
        with self._door() as db:
            return dict(db.execute("select topic, first from topic_names").fetchall())

    def archived(self, scope: str, page: int) -> list[Story]:
        with self._door() as db:
            return in_order(stories(db, archives.archived(db, scope, page)).values())

    def removed(self, scope: str, page: int | None = None) -> list[Tombstone]:
        with self._door() as db:
            return archives.removed(db, scope, page)

    def archive(self, size: int, now: datetime) -> int:
        with self._door() as db:
            due = archives.due(db, size, in_all=size != self._archived_by)
        closed = 0
        for scope in due:
            while True:  # in pieces, so that nobody waits long to write
                with self._writing() as db:
                    some = archives.archive(db, scope, size, now)
                closed += some
                if some < archives.AT_ONCE:
                    break
        self._archived_by = size
        return closed

    def hide(self, id_: str, why: str, now: datetime) -> None:
        with self._writing() as db:
            if row := _published(db, id_):
                listing.bump(db, listing.hide(db, row, why, now), now)

    def unhide(self, id_: str, now: datetime) -> None:
        sql = "select story from hidden join stories on row = story where id = ?"
        with self._writing() as db:
            for (row,) in db.execute(sql, [id_]).fetchall():
                listing.bump(db, listing.unhide(db, row), now)

    def hidden(self) -> list[Takedown]:
        sql = """select stories.id, title, link, hidden.why, at from hidden
                   join stories on row = hidden.story join entries on entries.id = lead
                 order by at desc, stories.id"""
        with self._door() as db:
            return [rows.hidden_of(row) for row in db.query(sql)]

    def taken_down(self, entries: Collection[int]) -> set[int]:
        sql = """select id from entries where id in ({many})
                 and exists (select 1 from hidden where hidden.story = entries.story and of = '')"""
        with self._door() as db:
            return {entry for (entry,) in many(db, sql, entries)}

    def is_hidden(self, id_: str) -> bool:
        sql = """select exists (select 1 from hidden join stories on hidden.story
                   in (row, merged) where id = ?)"""
        with self._door() as db:
            return bool(db.execute(sql, [id_]).fetchone()[0])

    def rename_topics(self, topics: Sequence[Topic], now: datetime) -> None:
        former = {was: topic.id for topic in topics for was in topic.was}
        with self._door() as db:
            is_due = renaming.is_due(db, former)
        if is_due:
            with self._writing() as db:
                renaming.rename(db, former, now)

    def story(self, id_: str) -> Story | None:
        with self._door() as db:
            found = _published(db, id_)
            return stories(db, [found]).get(found) if found else None

    def page_scopes(self, id_: str) -> tuple[str, ...]:
        sql = """select arrived >= strftime('%Y-%m-%dT%H:%M:%S', (select max(arrived) from listings
                   where scope = 'all'), ?) from stories where id = ?"""
        with self._door() as db:
            days = f"-{listing.NEWS + likeness.EVENT.days} days"
            found = db.execute(sql, [days, id_]).fetchone()
        is_news = found is None or found[0] != 0
        return (story_scope(id_), STORIES, *((ALL,) if is_news else ()))

    def related(self, story: Story, limit: int) -> list[Story]:
        with self._door() as db:
            return likeness.related(db, story, limit)

    def search(self, query: Query) -> Iterator[tuple[EntryView, Hits]]:
        with self._door() as db:
            yield from search.search(db, query)

    def heir(self, id_: str) -> str:
        sql = """select heir.id from stories join stories as heir on stories.merged = heir.row
                 where stories.id = ? and exists
                   (select 1 from listings where story = heir.row and scope = 'all')"""
        with self._door() as db:
            found = db.execute(sql, [id_]).fetchone()
        return found[0] if found else ""

    def why(self, story: str) -> dict[str, str]:
        sql = """select scope, listings.why from listings join stories on row = story
                 where id = ? and scope glob 'topic:*'"""
        with self._door() as db:
            found = db.execute(sql, [story]).fetchall()
        return {scope.removeprefix("topic:"): why for scope, why in found}

    def story_ids(self) -> Iterator[str]:
        with self._door() as db:
            sql = f"""select id from stories where row in ({_ALL}) or merged in ({_ALL})
                      order by published desc, id"""  # noqa: S608 - our own words
            found = db.execute(sql).fetchall()
        return (row[0] for row in found)

    def sources(self) -> Mapping[str, Source]:
        with self._door() as db:
            return {row["id"]: rows.source_of(row) for row in db.query("select * from sources")}

    def revision(self, *scopes: str) -> Revision:
        sql = "select sum(number), max(changed) from revisions where scope in ({})"
        with self._door() as db:
            marks = ", ".join("?" * len(scopes))
            number, changed = db.execute(sql.format(marks), scopes).fetchone()
        if number is None:
            return Revision(number=0, changed_at=datetime.fromtimestamp(0, UTC))
        return Revision(number=number, changed_at=datetime.fromisoformat(changed))


def _published(db: Database, id_: str) -> int | None:
    """The row of a story that readers see."""
    sql = """select row from stories where id = ? and exists
               (select 1 from listings where story = stories.row and scope = 'all')"""
    found = db.execute(sql, [id_]).fetchone()
    return found[0] if found else None
