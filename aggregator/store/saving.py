"""The writing half of the SQLite store, inside a transaction that sqlite.py opens."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
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
    digest_of,
    held_scope,
    source_scope,
    topic_scope,
)
from aggregator.store import rows
from aggregator.store.schema import BOOKS

__all__ = ["drop", "purge", "release", "save", "sync"]

_NEXT_SECOND = "strftime('%Y-%m-%dT%H:%M:%S+00:00', changed, '+1 second')"
"""A change is always later than the one before: a reader that knows only If-Modified-Since
must not take two changes in one second for one."""

HELD = held_scope("")
LATELY = 20
"""Stories that may have a wrong date."""
MOST_REJECTIONS = 500
"""Kept of one source: it may send as much as it likes."""
REJECTIONS_KEPT = timedelta(days=30)
"""After an outlet has last listed what was rejected."""


def sync(db: Database, sources: Sequence[Source], now: datetime) -> None:
    """Take over what feeds.toml says of the sources.

    A changed name, right or address shows in every feed that tells the source's stories, and
    another feed is fetched as if for the first time.
    """
    kept = {row["id"]: row for row in db.query("select * from sources")}
    changed = False
    for source in sources:
        row = rows.source_row(source)
        old = kept.get(source.id)
        if old is None:
            db.table("sources").insert(row)
        elif any(old[column] != value for column, value in row.items()):
            same = ("", row["address"])  # or where its server said that it has moved
            is_another = old["address"] not in same and digest_of(old["moved_to"]) not in same
            db.table("sources").update(source.id, row | (rows.FORGOTTEN if is_another else {}))
            changed |= any(old[c] != value for c, value in row.items() if c != "address")
    if changed:
        sql = f"update revisions set number = number + 1, changed = max(?, {_NEXT_SECOND})"  # noqa: S608 - our own words
        db.execute(sql, [rows.time(now)])


def save(db: Database, batch: Batch, now: datetime) -> None:
    """Entries, stories, listings, keys, books and validators together.

    Saved apart, a crash between them would turn into "304 for ever" and lost news.
    """
    touched: set[str] = set()
    _insert_new(db, batch.source, batch.new, touched)
    for filed in batch.revised:
        _revise(db, batch.source, filed, touched, now)
    db.conn.executemany(
        "update entries set digest = ? where id = ?", [(d, entry) for entry, d in batch.alike]
    )
    db.conn.executemany(
        "insert or ignore into keys (source, key, entry) values (?, ?, ?)",
        [(batch.source, key, entry) for entry, keys in batch.keys for key in keys],
    )
    _reject(db, batch.source, batch.rejected, now)
    _bump(db, touched, now)
    if batch.state is not None:
        db.table("sources").update(batch.source, rows.fetch_row(batch, batch.state, now))
    _count(db, batch)
    if batch.hold:
        db.execute(
            "insert or replace into holds values (?, ?)",
            [batch.hold.domain, rows.time(batch.hold.until)],
        )


def _count(db: Database, batch: Batch) -> None:
    """The books of this fetch, added to the source's."""
    sums = ", ".join(f"sum_{name} = sum_{name} + ?" for name in BOOKS)
    counts = [getattr(batch.books, name) for name in BOOKS]
    db.execute(f"update sources set {sums} where id = ?", [*counts, batch.source])  # noqa: S608 - our own names


def _insert_new(db: Database, source: str, new: Sequence[Filed], touched: set[str]) -> None:
    last_entry, last_story = _last_row(db, "entries", "id"), _last_row(db, "stories", "row")
    stories: list[dict[str, Any]] = []
    entries: list[dict[str, Any]] = []
    keys: list[tuple[str, str, int]] = []
    listings: list[_Listing] = []
    for entry_row, filed in enumerate(new, start=last_entry + 1):
        entry = _telling(filed.story, source)
        if not filed.joins:
            story_row = last_story + len(stories) + 1
            stories.append({"row": story_row, **rows.story_row(filed.story, entry_row)})
            listings += _listings(story_row, filed)
        else:
            story_row = _row_of(db, filed.story)
            _join(db, story_row, filed, touched)
            if entry is filed.story.lead:
                _lead(db, story_row, filed.story, entry_row)
        entries.append({"id": entry_row, "story": story_row, **rows.entry_row(entry)})
        keys += [(source, key, entry_row) for key in entry.keys]
    db.table("stories").insert_all(stories)
    db.table("entries").insert_all(entries)
    db.conn.executemany("insert into keys values (?, ?, ?)", keys)
    _list(db, listings, touched)


def _last_row(db: Database, table: str, column: str) -> int:
    found: int = db.execute(f"select coalesce(max({column}), 0) from {table}").fetchone()[0]  # noqa: S608 - our own names
    return found


def _row_of(db: Database, story: Story) -> int:
    found: int = db.execute("select row from stories where id = ?", [story.id]).fetchone()[0]
    return found


def _join(db: Database, story_row: int, filed: Filed, touched: set[str]) -> None:
    """The story gained this source's entry; its id and place stay."""
    why = json.dumps(filed.story.why, ensure_ascii=False)
    db.execute("update stories set why = ? where row = ?", [why, story_row])
    _relist(db, story_row, filed, touched)


def _lead(db: Database, story_row: int, story: Story, entry_row: int) -> None:
    """The original arrived after a copy: it is told from now on, as an update."""
    db.execute(
        "update stories set lead = ?, updated = ? where row = ?",
        [entry_row, rows.time(story.updated), story_row],
    )


def _revise(db: Database, source: str, filed: Filed, touched: set[str], now: datetime) -> None:
    """The entry reads differently now; its story keeps its id and its place."""
    row = rows.entry_row(_telling(filed.story, source))
    for sticky in ("published", "position"):
        del row[sticky]
    db.table("entries").update(filed.row, row)
    db.execute(
        "update entries set revisions = revisions + 1, revised = ? where id = ?",
        [rows.time(now), filed.row],
    )
    story_row = _row_of(db, filed.story)
    updated = rows.time(filed.story.updated)
    db.execute("update stories set updated = ? where row = ?", [updated, story_row])
    _relist(db, story_row, filed, touched)


def _relist(db: Database, story_row: int, filed: Filed, touched: set[str]) -> None:
    """Bring the lists that a story stands in up to date; all of them, old and new, change.

    In a list that is new to it, it arrives with this, else nobody would see it there. A story
    that is held stays held when it is revised; when another outlet tells it, it is news.
    """
    found = db.execute("select scope from listings where story = ?", [story_row]).fetchall()
    standing = {scope for (scope,) in found}
    is_held = held_scope(ALL) in standing and not filed.joins
    wanted = _listings(story_row, replace(filed, is_held=is_held))
    touched |= standing
    db.conn.executemany(
        "delete from listings where story = ? and scope = ?",
        [(story_row, scope) for scope in standing - {scope for _, scope, *_ in wanted}],
    )
    _list(db, wanted, touched)


_Listing = tuple[int, str, str, str, str]


def _listings(story_row: int, filed: Filed) -> list[_Listing]:
    """The rows that list a story: story, scope, arrived, published, why."""
    story = filed.story
    arrived, published = rows.time(filed.arrived), rows.time(story.published)
    scopes = {ALL: ""} | {source_scope(entry.source): "" for entry in story.entries}
    scopes |= {topic_scope(placed.topic): placed.why for placed in filed.placements}
    if filed.is_held:
        scopes = {held_scope(scope): why for scope, why in scopes.items()}
    return [(story_row, scope, arrived, published, why) for scope, why in scopes.items()]


def _list(db: Database, listings: Sequence[_Listing], touched: set[str]) -> None:
    touched |= {scope for _, scope, *_ in listings}
    db.conn.executemany(
        """insert into listings values (?, ?, ?, ?, ?)
           on conflict (story, scope) do update set why = excluded.why""",
        listings,
    )


def release(db: Database, source: str, now: datetime) -> int:
    """Let out what is held of a source, at the dates of its own; gives how many stories."""
    held = _held(db, source)
    touched: set[str] = set()
    for (story,) in held:
        found = db.execute("select scope from listings where story = ?", [story]).fetchall()
        touched |= {scope.removeprefix(HELD) for (scope,) in found}
        db.execute(
            "update listings set scope = substr(scope, ?) where story = ? and scope glob ?",
            [len(HELD) + 1, story, f"{HELD}*"],
        )
    _bump(db, touched, now)
    return len(held)


def drop(db: Database, source: str) -> int:
    """Never publish what is held of a source; it stays known, so it does not come again."""
    held = _held(db, source)
    db.conn.executemany("delete from listings where story = ?", held)
    return len(held)


def purge(db: Database, keep: timedelta, now: datetime) -> int:
    """Take out the stories that are older than that, also those that are held; gives how many.

    What recognises them is kept: an outlet may list them for years (tt-rss, Media Cloud).
    A clock that is ahead by a year must not take out a year of news, so the present is no
    later than what outlets have published lately.
    """
    lately = db.execute(
        """select published from listings where scope = ? order by published desc
           limit 1 offset ?""",
        [ALL, LATELY],
    ).fetchone()
    present = min(rows.time(now), lately[0]) if lately else rows.time(now)
    before = datetime.fromisoformat(present) - keep
    old = db.execute(
        "select story from listings where scope in (?, ?) and arrived < ?",
        [ALL, held_scope(ALL), rows.time(before)],
    ).fetchall()
    touched: set[str] = set()
    for (story,) in old:
        found = db.execute("select scope from listings where story = ?", [story]).fetchall()
        touched |= {scope for (scope,) in found}
    db.conn.executemany("delete from listings where story = ?", old)
    db.conn.executemany(
        """update entries set address = '', summary = '', content = '', author = '', tags = '[]',
             image = '', enclosures = '[]' where story = ?""",
        old,
    )
    _bump(db, touched, now)
    return len(old)


def _held(db: Database, source: str) -> list[tuple[int]]:
    sql = "select story from listings where scope = ?"
    return db.execute(sql, [held_scope(source_scope(source))]).fetchall()


def _reject(db: Database, source: str, rejected: Sequence[Rejected], now: datetime) -> None:
    seen, forgotten = rows.time(now), rows.time(now - REJECTIONS_KEPT)
    db.execute("delete from rejections where source = ? and last_seen < ?", [source, forgotten])
    db.conn.executemany(
        """insert into rejections values (?, ?, ?, ?, ?, ?)
           on conflict (source, key) do update
           set title = excluded.title, reason = excluded.reason, last_seen = excluded.last_seen""",
        [(source, r.key, r.title, r.reason, seen, seen) for r in rejected[:MOST_REJECTIONS]],
    )
    db.execute(
        """delete from rejections where source = ? and key not in
             (select key from rejections where source = ? order by last_seen desc, key limit ?)""",
        [source, source, MOST_REJECTIONS],
    )


def _bump(db: Database, scopes: Iterable[str], now: datetime) -> None:
    changed = rows.time(now)
    sql = f"""insert into revisions values (?, 1, ?) on conflict (scope) do update
              set number = number + 1, changed = max(excluded.changed, {_NEXT_SECOND})"""  # noqa: S608 - our own words
    db.conn.executemany(sql, [(scope, changed) for scope in sorted(scopes)])


def _telling(story: Story, source: str) -> Entry:
    return next(entry for entry in story.entries if entry.source == source)
