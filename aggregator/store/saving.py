"""The writing half of the SQLite store, inside a transaction that sqlite.py opens."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlite_utils import Database

from aggregator.model import (
    Batch,
    Filed,
    Rejected,
    Source,
    Story,
    digest_of,
)
from aggregator.store import rows
from aggregator.store.copies import absorb, bind, change_prints, put_prints
from aggregator.store.listing import NEXT_SECOND, Listing, bump, enlist, is_listed, listings, relist
from aggregator.store.schema import BOOKS

__all__ = ["save", "sync"]

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
        sql = f"update revisions set number = number + 1, changed = max(?, {NEXT_SECOND})"  # noqa: S608 - our own words
        db.execute(sql, [rows.time(now)])


def save(db: Database, batch: Batch, now: datetime) -> None:
    """Entries, stories, listings, keys, books and validators together.

    Saved apart, a crash between them would turn into "304 for ever" and lost news.
    """
    touched: set[str] = set()
    rows_of = _insert_new(db, batch.source, batch.new, touched, now)
    bind(db, batch.bonds, rows_of)
    for filed in batch.revised:
        _revise(db, filed, touched, now)
    db.conn.executemany(
        "update entries set digest = ? where id = ?", [(d, entry) for entry, d in batch.alike]
    )
    db.conn.executemany(
        "insert or ignore into keys (source, key, entry) values (?, ?, ?)",
        [(batch.source, key, entry) for entry, keys in batch.keys for key in keys],
    )
    _reject(db, batch.source, batch.rejected, now)
    bump(db, touched, now)
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


def _insert_new(
    db: Database, source: str, new: Sequence[Filed], touched: set[str], now: datetime
) -> dict[int, int]:
    """Insert the entries that are new, and give their rows by the numbers that they had.

    Entries that were stored as another story are moved to this one.
    """
    last_entry, last_story = _last_row(db, "entries", "id"), _last_row(db, "stories", "row")
    stories: list[dict[str, Any]] = []
    entries: list[dict[str, Any]] = []
    keys: list[tuple[str, str, int]] = []
    prints: list[tuple[int, Sequence[int]]] = []
    moved: list[tuple[int, int]] = []
    listed: list[Listing] = []
    rows_of: dict[int, int] = {}
    for filed in new:
        told = filed.story
        is_new = not filed.joins
        story_row = last_story + len(stories) + 1 if is_new else _row_of(db, told)
        for entry in told.entries:
            if entry.row > 0:
                moved.append((story_row, entry.row))
                continue
            entry_row = rows_of[entry.row] = last_entry + len(entries) + 1
            entries.append({"id": entry_row, "story": story_row, **rows.entry_row(entry)})
            keys += [(source, key, entry_row) for key in entry.keys]
            prints.append((entry_row, entry.prints))
        lead = rows_of.get(told.lead.row, told.lead.row)
        if is_new:
            stories.append({"row": story_row, **rows.story_row(told, lead)})
            listed += listings(story_row, filed)
        else:
            is_back = _is_absorbed(db, story_row)
            _retell(db, story_row, told, lead)
            if is_back or is_listed(db, story_row):
                relist(db, story_row, filed, touched)
    db.table("stories").insert_all(stories)
    db.table("entries").insert_all(entries)
    db.conn.executemany("update entries set story = ? where id = ?", moved)
    db.conn.executemany("insert into keys values (?, ?, ?)", keys)
    put_prints(db, prints, now)
    enlist(db, listed, touched)
    for filed in new:
        for gone in filed.absorbed:
            absorb(db, gone, filed.story.id, touched)
    return rows_of


def _last_row(db: Database, table: str, column: str) -> int:
    found: int = db.execute(f"select coalesce(max({column}), 0) from {table}").fetchone()[0]  # noqa: S608 - our own names
    return found


def _row_of(db: Database, story: Story) -> int:
    found: int = db.execute("select row from stories where id = ?", [story.id]).fetchone()[0]
    return found


def _is_absorbed(db: Database, story_row: int) -> bool:
    sql = "select merged is not null from stories where row = ?"
    return bool(db.execute(sql, [story_row]).fetchone()[0])


def _retell(db: Database, story_row: int, story: Story, lead: int) -> None:
    """Other entries tell the story now; its id and place stay. If it had been taken for another
    one, it is itself again."""
    db.execute(
        "update stories set lead = ?, updated = ?, why = ?, merged = null where row = ?",
        [lead, rows.time(story.updated), rows.why_text(story), story_row],
    )


def _revise(db: Database, filed: Filed, touched: set[str], now: datetime) -> None:
    """The entry reads differently now; its story keeps its id and its place."""
    entry = next(entry for entry in filed.story.entries if entry.row == filed.row)
    row = rows.entry_row(entry)
    for sticky in ("published", "position", "is_dated"):
        del row[sticky]
    db.table("entries").update(filed.row, row)
    change_prints(db, filed.row, entry.prints)
    db.execute(
        "update entries set revisions = revisions + 1, revised = ? where id = ?",
        [rows.time(now), filed.row],
    )
    story_row = _row_of(db, filed.story)
    db.execute(
        "update stories set updated = max(updated, ?), why = ? where row = ?",
        [rows.time(filed.story.updated), rows.why_text(filed.story), story_row],
    )
    relist(db, story_row, filed, touched)


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
