"""The writing half of the SQLite store, inside a transaction that sqlite.py opens."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from aggregator.model import (
    ALL,
    Batch,
    Entry,
    Filed,
    Rejected,
    Source,
    Story,
    source_scope,
    topic_scope,
)
from aggregator.store import rows

__all__ = ["save", "sync"]


def sync(db: Database, sources: Sequence[Source], now: datetime) -> None:
    """Take over what feeds.toml says of the sources.

    A changed name, right or address shows in every feed that tells the source's stories.
    """
    kept = {row["id"]: row for row in db.query("select * from sources")}
    changed = False
    for source in sources:
        row = rows.source_row(source)
        old = kept.get(source.id)
        if old is None:
            db.table("sources").insert(row)
        elif any(old[column] != value for column, value in row.items()):
            db.table("sources").update(source.id, row)
            changed = True
    if changed:
        db.execute("update revisions set number = number + 1, changed = ?", [rows.time(now)])


def save(db: Database, batch: Batch, now: datetime) -> None:
    """Entries, stories, listings, keys, books and validators together.

    Saved apart, a crash between them would turn into "304 for ever" and lost news.
    """
    touched: set[str] = set()
    _insert_new(db, batch.source, batch.new, touched)
    for filed in batch.revised:
        _revise(db, batch.source, filed, touched)
    db.conn.executemany(
        "update entries set digest = ? where id = ?", [(d, entry) for entry, d in batch.alike]
    )
    db.conn.executemany(
        "insert or ignore into keys (source, key, entry) values (?, ?, ?)",
        [(batch.source, key, entry) for entry, keys in batch.keys for key in keys],
    )
    _reject(db, batch.source, batch.rejected, now)
    _bump(db, touched, now)
    db.table("sources").update(batch.source, rows.fetch_row(batch, now))


def _insert_new(db: Database, source: str, new: Sequence[Filed], touched: set[str]) -> None:
    row_id = db.execute("select coalesce(max(id), 0) from entries").fetchone()[0]
    stories, entries, keys, listings = [], [], [], []
    for filed in new:
        row_id += 1
        entry = _telling(filed.story, source)
        if entry is filed.story.lead:
            stories.append(rows.story_row(filed.story, row_id))
            listings += _listings(filed)
        else:
            _join(db, filed, touched)
        entries.append({"id": row_id, "story": filed.story.id, **rows.entry_row(entry)})
        keys += [(source, key, row_id) for key in entry.keys]
    _insert(db, "stories", stories)
    _insert(db, "entries", entries)
    db.conn.executemany("insert into keys values (?, ?, ?)", keys)
    _list(db, listings, touched)


def _insert(db: Database, table: str, new: Sequence[dict[str, Any]]) -> None:
    """Many rows of the same columns, by one prepared statement: a quarter of the time that
    `Table.insert_all` takes, which writes a statement as long as its rows."""
    if new:
        names = ", ".join(new[0])
        marks = ", ".join("?" * len(new[0]))
        sql = f"insert into {table} ({names}) values ({marks})"  # noqa: S608 - our own names
        db.conn.executemany(sql, [tuple(row.values()) for row in new])


def _join(db: Database, filed: Filed, touched: set[str]) -> None:
    """The story gained this source's entry; its id, lead and place stay."""
    why = json.dumps(filed.story.why, ensure_ascii=False)
    db.execute("update stories set why = ? where id = ?", [why, filed.story.id])
    _relist(db, filed, touched)


def _revise(db: Database, source: str, filed: Filed, touched: set[str]) -> None:
    """The entry reads differently now; its story keeps its id and its place."""
    row = rows.entry_row(_telling(filed.story, source))
    for sticky in ("published", "position"):
        del row[sticky]
    db.table("entries").update(filed.row, row)
    db.execute(
        "update stories set updated = ? where id = ?",
        [rows.time(filed.story.updated), filed.story.id],
    )
    _relist(db, filed, touched)


def _relist(db: Database, filed: Filed, touched: set[str]) -> None:
    """Bring the lists that a story stands in up to date; all of them, old and new, change."""
    story, wanted = filed.story.id, _listings(filed)
    standing = {
        scope for (scope,) in db.execute("select scope from listings where story = ?", [story])
    }
    left = standing - {scope for _, scope, *_ in wanted}
    touched |= standing
    db.conn.executemany(
        "delete from listings where story = ? and scope = ?", [(story, scope) for scope in left]
    )
    _list(db, wanted, touched)


_Listing = tuple[str, str, str, str, str]


def _listings(filed: Filed) -> list[_Listing]:
    """The rows that list a story: story, scope, arrived, published, why."""
    story = filed.story
    arrived, published = rows.time(story.arrived), rows.time(story.published)
    scopes = {ALL: ""} | {source_scope(entry.source): "" for entry in story.entries}
    scopes |= {topic_scope(placed.topic): placed.why for placed in filed.placements}
    return [(story.id, scope, arrived, published, why) for scope, why in scopes.items()]


def _list(db: Database, listings: Sequence[_Listing], touched: set[str]) -> None:
    touched |= {scope for _, scope, *_ in listings}
    db.conn.executemany(
        """insert into listings values (?, ?, ?, ?, ?)
           on conflict (story, scope) do update set why = excluded.why""",
        listings,
    )


def _reject(db: Database, source: str, rejected: Sequence[Rejected], now: datetime) -> None:
    seen = rows.time(now)
    db.conn.executemany(
        """insert into rejections values (?, ?, ?, ?, ?, ?)
           on conflict (source, key) do update
           set title = excluded.title, reason = excluded.reason, last_seen = excluded.last_seen""",
        [(source, r.key, r.title, r.reason, seen, seen) for r in rejected],
    )


def _bump(db: Database, scopes: Iterable[str], now: datetime) -> None:
    changed = rows.time(now)
    db.conn.executemany(
        """insert into revisions values (?, 1, ?)
           on conflict (scope) do update set number = number + 1, changed = excluded.changed""",
        [(scope, changed) for scope in sorted(scopes)],
    )


def _telling(story: Story, source: str) -> Entry:
    return next(entry for entry in story.entries if entry.source == source)
