"""Sources, their fetch state and their health."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlite_utils import Database

from aggregator.model import (
    ALL_STORY_PAGES,
    RECENT_ENTRIES,
    Backoff,
    EntryKey,
    EntryKeyKind,
    FetchState,
    Rejected,
    Source,
    SourceHealth,
    hash_values,
)
from aggregator.store.sqlite import mappers, source_mappers
from aggregator.store.sqlite.connection import Connection
from aggregator.store.sqlite.list_rename import original_ids, rename_sources, renames_due
from aggregator.store.sqlite.listings import increment_all_revisions, increment_revisions
from aggregator.store.sqlite.queries import query_in

__all__ = ["SqliteSources", "save_backoffs"]

_RETIRED = "never"
"""A text that sorts after all times."""
_NOT_PUBLISHED = ("feed_hash", "topics", "tags")
"""Columns that no published document shows."""
MIN_MAX_WAIT = timedelta(days=1)


class SqliteSources:
    """A SourceStore; the methods are described in store/base.py."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def sync(self, sources: Sequence[Source], now: datetime) -> None:
        # A changed name, right or address shows in every feed that has a story of the source; a
        # source with another feed is fetched as if for the first time.
        with self._connection.write() as db:
            stored = {row["id"]: row for row in db.query("select * from sources")}
            is_visible = False
            for source in sources:
                row = source_mappers.source_row(source)
                old = stored.get(source.id)
                if old is None:
                    db.table("sources").insert(row)
                elif any(old[column] != value for column, value in row.items()):
                    known = ("", row["feed_hash"])  # or where a redirect has led
                    is_other_feed = (
                        old["feed_hash"] not in known
                        and hash_values(old["redirect_url"]) not in known
                    )
                    reset = source_mappers.NEVER_FETCHED if is_other_feed else {}
                    db.table("sources").update(source.id, row | reset)
                    is_visible |= any(
                        old[c] != value for c, value in row.items() if c not in _NOT_PUBLISHED
                    )
            if is_visible:
                increment_all_revisions(db, now)
                increment_revisions(db, [ALL_STORY_PAGES], now)

    def rename(self, sources: Sequence[Source], now: datetime) -> None:
        former = {was: source.id for source in sources for was in source.was}
        with self._connection.read() as db:
            due = renames_due(db, "source", former)
        if due:
            with self._connection.write() as db:
                rename_sources(db, due, now)

    def original_ids(self) -> dict[str, str]:
        with self._connection.read() as db:
            return original_ids(db, "source")

    def by_id(self) -> Mapping[str, Source]:
        with self._connection.read() as db:
            rows = db.query("select * from sources")
            return {row["id"]: source_mappers.source_of(row) for row in rows}

    def first_fetches(self) -> dict[str, datetime]:
        sql = "select id, first_fetch from sources where first_fetch is not null"
        with self._connection.read() as db:
            return {id_: datetime.fromisoformat(text) for id_, text in db.execute(sql)}

    def due(self, sources: Sequence[Source], now: datetime) -> list[Source]:
        with self._connection.read() as db:
            next_fetch = _next_fetch_times(db)
        moment = mappers.to_text(now)
        due = [
            source
            for source in sources
            if next_fetch.get(source.id, "") <= moment
            or _is_too_far(source, next_fetch.get(source.id, ""), now)
        ]
        return sorted(due, key=lambda source: next_fetch.get(source.id, ""))

    def next_due(self, sources: Sequence[Source]) -> datetime | None:
        with self._connection.read() as db:
            next_fetch = _next_fetch_times(db)
        times = [next_fetch.get(source.id, "") for source in sources]
        return mappers.to_time(min((t for t in times if t != _RETIRED), default=""))

    def request_fetch(self, source: str, now: datetime) -> None:
        moment = mappers.to_text(now)
        with self._connection.write() as db:
            sql = "update sources set next_fetch = ?, retired_at = null where id = ?"
            db.execute(sql, [moment, source])
            db.execute("insert or replace into fetch_requests values (?, ?)", [source, moment])

    def take_fetch_requests(self) -> int:
        with self._connection.read() as db:
            (count,) = db.execute("select count(*) from fetch_requests").fetchone()
        if count:
            with self._connection.write() as db:
                db.execute("delete from fetch_requests")
        return int(count)

    def fetch_state(self, source: str) -> FetchState:
        with self._connection.read() as db:
            row = next(db.query("select * from sources where id = ?", [source]), None)
        return source_mappers.fetch_state_of(row) if row else FetchState()

    def recent_dates(self, source: str, limit: int) -> list[datetime]:
        sql = """select published from entries where source_id = ? and not exists
                   (select 1 from listings
                    where listings.story_number = entries.story_number
                      and list_kind = 'all' and visibility = 'held')
                 order by published desc limit ?"""
        with self._connection.read() as db:
            found = db.execute(sql, [source, limit]).fetchall()
        return [datetime.fromisoformat(published) for (published,) in found]

    def backoffs(self, now: datetime) -> dict[str, Backoff]:
        sql = "select domain, until from backoffs where until > ?"
        with self._connection.read() as db:
            found = db.execute(sql, [mappers.to_text(now)]).fetchall()
        return {
            domain: Backoff(domain=domain, until=datetime.fromisoformat(until))
            for domain, until in found
        }

    def health(self) -> list[SourceHealth]:
        sql = """select sources.*,
                   (select count(*) from rejections where source_id = sources.id)
                     as rejection_count,
                   (select count(*) from listings
                    where list_kind = 'source' and list_name = sources.id
                      and visibility = 'held') as held_count,
                   (select lease_until from subscriptions where source_id = sources.id)
                     as lease_until,
                   (select error from subscriptions where source_id = sources.id) as push_error,
                   (select group_concat(published) from
                     (select published from entries where source_id = sources.id
                      order by published desc limit ?)) as recent
                 from sources order by sources.id"""
        with self._connection.read() as db:
            rows = list(db.query(sql, [RECENT_ENTRIES]))
        return [source_mappers.health_of(row, self._recent_dates(row)) for row in rows]

    def count_entries(self, sources: Collection[str] | None = None) -> dict[str, int]:
        sql = "select source_id, count(*) from entries {} group by source_id"
        with self._connection.read() as db:
            if sources is None:
                return dict(db.execute(sql.format("")).fetchall())
            return dict(query_in(db, sql.format("where source_id in ({values})"), sources))

    def _recent_dates(self, row: mappers.Row) -> list[datetime]:
        """The dates of the newest entries of a source, without those of held stories."""
        if row["held_count"]:
            return self.recent_dates(row["id"], RECENT_ENTRIES)
        return [datetime.fromisoformat(text) for text in (row["recent"] or "").split(",") if text]

    def count_urgent(self) -> tuple[int, int]:
        with self._connection.read() as db:
            sql = "select count(*) from sources where failing_since is not null"
            (failing,) = db.execute(sql).fetchone()
            sql = """select count(*) from listings
                     where list_kind = 'all' and list_name = '' and visibility = 'held'"""
            (held,) = db.execute(sql).fetchone()
        return failing, held

    def rejected(self, source: str, limit: int) -> list[Rejected]:
        sql = """select key_kind, key_value, title, reason from rejections where source_id = ?
                 order by last_seen_at desc, key_kind, key_value limit ?"""
        with self._connection.read() as db:
            found = db.execute(sql, [source, limit]).fetchall()
        return [
            Rejected(key=EntryKey(EntryKeyKind(kind), value), title=title, reason=reason)
            for kind, value, title, reason in found
        ]

    def tags(self, source: str, limit: int) -> list[tuple[str, int]]:
        sql = """select value, count(*) as number
                 from (select tags from entries where source_id = ?
                       order by published desc limit ?), json_each(tags)
                 group by value order by number desc, value"""
        with self._connection.read() as db:
            return db.execute(sql, [source, limit]).fetchall()


def _next_fetch_times(db: Database) -> dict[str, str]:
    """When each source falls due, as text; empty for at once."""
    sql = """select id, case when retired_at is null then coalesce(next_fetch, '') else ? end
             from sources"""
    return dict(db.execute(sql, [_RETIRED]).fetchall())


def _is_too_far(source: Source, next_fetch: str, now: datetime) -> bool:
    """True if a source is due so late that the time must be a mistake."""
    latest = now + 2 * max(timedelta(seconds=source.max_interval), MIN_MAX_WAIT)
    return mappers.to_text(latest) < next_fetch != _RETIRED


def save_backoffs(db: Database, backoffs: Iterable[Backoff]) -> None:
    """Note which servers are to be left alone, and until when."""
    db.conn.executemany(
        "insert or replace into backoffs values (?, ?)",
        [(each.domain, mappers.to_text(each.until)) for each in backoffs],
    )
