"""Pictures of articles, and our thumbnails of them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from sqlite_utils import Database

from aggregator.model import (
    PICTURES,
    Entry,
    ListScope,
    PictureResult,
    PictureState,
    Thumbnail,
    ThumbnailSize,
    WantedPicture,
    picture_key,
    picture_scope,
    story_scope,
)
from aggregator.store.sqlite import mappers
from aggregator.store.sqlite.connection import Connection
from aggregator.store.sqlite.contents import CONTENT
from aggregator.store.sqlite.listings import increment_revisions
from aggregator.store.sqlite.queries import query_in, query_in_rows
from aggregator.store.sqlite.sources import save_backoffs

__all__ = ["SqlitePictures", "add_pictures", "delete_unused_pictures"]

EVICTED = "Its thumbnails were deleted for newer ones; to keep more, raise [storage] pictures_mb."
_PUBLISHED = """exists (
    select 1 from entry_pictures
      join entries on entries.id = entry_id
      join listings using (story_number)
    where picture_id = pictures.id and list_kind = 'all' and visibility = 'published')"""


class SqlitePictures:
    """A PictureStore; the methods are described in store/base_pictures.py."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, pictures: Mapping[int, Sequence[str]], now: datetime) -> None:
        with self._connection.write() as db:
            add_pictures(db, pictures, now)

    def newest_entries(self, source: str, limit: int) -> list[Entry]:
        sql = f"""select *, {CONTENT} as content from entries where source_id = ?
                  order by published desc limit ?"""  # noqa: S608 - a constant
        with self._connection.read() as db:
            return [mappers.entry_of(row) for row in db.query(sql, [source, limit])]

    def due(self, sources: Collection[str], now: datetime, limit: int) -> list[WantedPicture]:
        marks = ",".join("?" * len(sources))
        sql = f"""select url, source_id, attempts from
                    (select pictures.id, pictures.url, source_id, attempts, row_number() over
                       (partition by source_id order by pictures.id desc) as place
                     from pictures join entry_pictures on picture_id = pictures.id
                       join entries on entries.id = entry_id
                       join listings using (story_number)
                     where due_at <= ? and source_id in ({marks})
                       and list_kind = 'all' and visibility = 'published'
                     group by pictures.id)
                  order by place, id desc limit ?"""  # noqa: S608 - placeholders only
        with self._connection.read() as db:
            found = db.execute(sql, [mappers.to_text(now), *sources, limit]).fetchall()
        return [
            WantedPicture(url=url, source=source, attempts=attempts)
            for url, source, attempts in found
        ]

    def save(self, results: Sequence[PictureResult], now: datetime) -> None:
        with self._connection.write() as db:
            made = [id_ for each in results if (id_ := _save(db, each))]
            increment_revisions(db, _pages_with(db, made), now)
            save_backoffs(db, [each.backoff for each in results if each.backoff])

    def thumbnails(self, urls: Collection[str]) -> dict[str, Thumbnail]:
        sql = """select url, key, width, height from pictures
                 where width is not null and key in ({values})"""
        with self._connection.read() as db:
            found = list(query_in(db, sql, {picture_key(url) for url in urls}))
        return {
            url: Thumbnail(key=key, width=width, height=height) for url, key, width, height in found
        }

    def states(self, urls: Collection[str]) -> dict[str, PictureState]:
        sql = "select url, width, error, due_at from pictures where key in ({values})"
        with self._connection.read() as db:
            found = list(query_in_rows(db, sql, {picture_key(url) for url in urls}))
        return {
            row["url"]: PictureState(
                has_thumbnails=row["width"] is not None,
                error=row["error"],
                due_at=mappers.to_time(row["due_at"]),
            )
            for row in found
        }

    def file(self, key: str, size: ThumbnailSize) -> bytes | None:
        sql = """select body from thumbnails join pictures on pictures.id = picture_id
                 where key = ? and thumbnails.size = ?"""
        with self._connection.read() as db:
            found = db.execute(sql, [key, size]).fetchone()
        return found[0] if found else None

    def is_used(self, key: str, sources: Collection[str]) -> bool:
        marks = ",".join("?" * len(sources))
        sql = f"""select exists (select 1 from pictures
                    join entry_pictures on picture_id = pictures.id
                    join entries on entries.id = entry_id
                    join listings using (story_number)
                  where key = ? and source_id in ({marks})
                    and list_kind = 'all' and visibility = 'published')"""  # noqa: S608 - placeholders only
        with self._connection.read() as db:
            return bool(db.execute(sql, [key, *sources]).fetchone()[0])

    def keys_with_thumbnails(self) -> Iterator[str]:
        sql = f"""select key from pictures where width is not null and {_PUBLISHED}
                  order by id desc"""  # noqa: S608 - a constant
        with self._connection.read() as db:
            found = db.execute(sql).fetchall()
        return (key for (key,) in found)

    def delete_all_but(self, sources: Collection[str], now: datetime) -> int:
        marks = ",".join("?" * len(sources))
        sql = f"""select id from pictures where not exists
                    (select 1 from entry_pictures join entries on entries.id = entry_id
                     where picture_id = pictures.id and source_id in ({marks}))"""  # noqa: S608 - placeholders only
        with self._connection.read() as db:
            unused = [id_ for (id_,) in db.execute(sql, [*sources])]
        if not unused:  # so it nearly always is
            return 0
        with self._connection.write() as db:
            increment_revisions(db, _pages_with(db, unused), now)
            rows = [(id_,) for id_ in unused]
            db.conn.executemany("delete from pictures where id = ?", rows)
        return len(unused)

    def evict(self, max_bytes: int, now: datetime) -> int:
        with self._connection.write() as db:
            sql = "select coalesce(sum(size), 0) from pictures where size > 0"
            (total,) = db.execute(sql).fetchone()
            evicted = []
            sql = "select id, size from pictures where size > 0 order by wanted_at, id"
            sizes = db.execute(sql)
            while total > max_bytes:
                id_, size = sizes.fetchone()
                evicted.append(id_)
                total -= size
            if not evicted:
                return 0
            increment_revisions(db, _pages_with(db, evicted), now)
            rows = [(id_,) for id_ in evicted]
            db.conn.executemany("delete from thumbnails where picture_id = ?", rows)
            db.conn.executemany(
                "update pictures set size = 0, width = null, height = null, error = ? where id = ?",
                [(EVICTED, id_) for id_ in evicted],
            )
        return len(evicted)


def add_pictures(db: Database, pictures: Mapping[int, Sequence[str]], now: datetime) -> None:
    """Request thumbnails for the pictures of these entries, which replace those that they had. One
    that was evicted is fetched again if it is new to an entry."""
    keys = {url: picture_key(url) for urls in pictures.values() for url in urls}
    moment = mappers.to_text(now)
    db.conn.executemany(
        "insert or ignore into pictures (key, url, wanted_at, due_at) values (?, ?, ?, ?)",
        [(key, url, moment, moment) for url, key in reversed(keys.items())],
    )
    sql = "select id, key from pictures where key in ({values})"
    ids = {key: id_ for id_, key in query_in(db, sql, keys.values())}
    sql = "select entry_id, picture_id from entry_pictures where entry_id in ({values})"
    before = set(query_in(db, sql, pictures))
    wanted = {(entry, ids[keys[url]]) for entry, urls in pictures.items() for url in urls}
    db.conn.executemany(
        "delete from entry_pictures where entry_id = ? and picture_id = ?", before - wanted
    )
    db.conn.executemany("insert into entry_pictures values (?, ?)", sorted(wanted - before))
    db.conn.executemany(
        """update pictures set wanted_at = ?1, due_at = iif(error = ?2, ?1, due_at),
             error = iif(error = ?2, '', error) where id = ?3""",
        [(moment, EVICTED, picture) for _, picture in wanted - before],
    )


def delete_unused_pictures(db: Database, numbers: Sequence[tuple[int]]) -> None:
    """Delete the pictures of these stories, unless another one has them too."""
    db.conn.executemany(
        """delete from entry_pictures
           where entry_id in (select id from entries where story_number = ?)""",
        numbers,
    )
    if numbers:
        db.execute("delete from pictures where id not in (select picture_id from entry_pictures)")


def _save(db: Database, result: PictureResult) -> int:
    """Save what became of a picture; returns its id if it has thumbnails now, else 0."""
    files, key = result.files, picture_key(result.url)
    size = len(files.small) + len(files.large) if files else 0
    found = db.execute(
        """update pictures set due_at = ?, attempts = attempts + ?, error = ?, size = ?,
             width = ?, height = ?
           where key = ? returning id""",
        [
            mappers.to_text_or_none(result.retry_at), result.is_attempt, result.error, size,
            files.width if files else None, files.height if files else None, key,
        ],
    ).fetchone()  # fmt: skip
    if files is None or found is None:
        return 0
    db.conn.executemany(
        "insert or replace into thumbnails values (?, ?, ?)",
        [(found[0], "small", files.small), (found[0], "large", files.large)],
    )
    return int(found[0])


def _pages_with(db: Database, pictures: Collection[int]) -> set[ListScope]:
    """What changes if these pictures appear on pages, or disappear: the newest pages, and the
    stories' own pages and the closed pages that they are on."""
    if not pictures:
        return set()
    sql = """select stories.id, list_kind, list_name, -older_page
             from entry_pictures join entries on entries.id = entry_id
               join stories on stories.number = entries.story_number
               left join listings on listings.story_number = stories.number
                 and older_page is not null
             where picture_id in ({values})"""
    touched = {PICTURES}
    keys = query_in(db, "select key from pictures where id in ({values})", pictures)
    touched |= {picture_scope(key) for (key,) in keys}
    for id_, kind, name, page in query_in(db, sql, pictures):
        touched.add(story_scope(id_))
        if kind:
            touched.add(mappers.scope_of(kind, name, page))
    return touched
