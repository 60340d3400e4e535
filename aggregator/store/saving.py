"""The writing half of the SQLite store, inside a transaction that sqlite.py opens."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlite_utils import Database

from aggregator.model import (
    HIDDEN,
    STORIES,
    Batch,
    Rejected,
    Source,
    Story,
    StoryChange,
    hash_values,
)
from aggregator.store import rows
from aggregator.store.copies import (
    absorb,
    bind,
    change_prints,
    forget_words,
    put_prints,
    put_words,
    unbind,
)
from aggregator.store.listing import (
    NEXT_SECOND,
    Listing,
    bump,
    enlist,
    hide,
    is_history,
    is_listed,
    listings,
    relist,
    unhide,
)
from aggregator.store.schema import BOOKS

__all__ = ["save", "sync"]

MOST_REJECTIONS = 500
"""Kept of one source: it may send as much as it likes."""
REJECTIONS_KEPT = timedelta(days=30)
"""After an outlet has last listed what was rejected."""


_UNSEEN = ("address", "topics", "tags")
"""What is kept of a source and shown nowhere."""


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
            is_another = old["address"] not in same and hash_values(old["moved_to"]) not in same
            db.table("sources").update(source.id, row | (rows.FORGOTTEN if is_another else {}))
            changed |= any(old[c] != value for c, value in row.items() if c not in _UNSEEN)
    if changed:
        sql = f"update revisions set number = number + 1, changed = max(?, {NEXT_SECOND})"  # noqa: S608 - our own words
        db.execute(sql, [rows.time(now)])
        bump(db, [STORIES], now)


def save(db: Database, batch: Batch, now: datetime) -> None:
    """Entries, stories, listings, keys, books and validators together.

    Saved apart, a crash between them would turn into "304 for ever" and lost news.
    """
    touched: set[str] = set()
    rows_of = _insert_new(db, batch.source, batch.new, touched, now)
    unbind(db, batch.dropped_matches)
    bind(db, batch.matches, rows_of)
    for filed in batch.revised:
        _revise(db, filed, touched, now)
    db.conn.executemany(
        "update entries set digest = ? where id = ?",
        [(d, entry) for entry, d in batch.unchanged_hashes],
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
    if batch.backoff:
        db.execute(
            "insert or replace into holds values (?, ?)",
            [batch.backoff.domain, rows.time(batch.backoff.until)],
        )


def _count(db: Database, batch: Batch) -> None:
    """The books of this fetch, added to the source's."""
    sums = ", ".join(f"sum_{name} = sum_{name} + ?" for name in BOOKS)
    counts = [getattr(batch.counts, name) for name in BOOKS]
    db.execute(f"update sources set {sums} where id = ?", [*counts, batch.source])  # noqa: S608 - our own names


@dataclass(slots=True)
class _Rows:
    """What is inserted at once, and the rows that new entries get, by their numbers."""

    last_entry: int
    last_story: int
    stories: list[dict[str, Any]] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)
    keys: list[tuple[str, str, int]] = field(default_factory=list)
    prints: list[tuple[int, Sequence[int]]] = field(default_factory=list)
    moved: list[tuple[int, int]] = field(default_factory=list)
    listed: list[Listing] = field(default_factory=list)
    hidden: list[tuple[int, str, str, str, bool]] = field(default_factory=list)
    rows_of: dict[int, int] = field(default_factory=dict)


def _insert_new(
    db: Database, source: str, new: Sequence[StoryChange], touched: set[str], now: datetime
) -> dict[int, int]:
    """Insert the entries that are new, and give their rows by the numbers that they had.

    Entries that were stored as another story are moved to this one.
    """
    to = _Rows(_last_row(db, "entries", "id"), _last_row(db, "stories", "row"))
    for filed in new:
        told = filed.story
        row = _row_of(db, told) if filed.is_stored else to.last_story + len(to.stories) + 1
        _note_entries(to, source, told, row)
        lead = to.rows_of.get(told.lead.entry_id, told.lead.entry_id)
        if filed.is_stored:
            _tell_anew(db, row, filed, lead, touched)
        else:
            to.stories.append({"row": row, **rows.story_row(told, lead)})
            to.listed += listings(row, filed, HIDDEN if filed.copy_of_takedown else "")
            if filed.copy_of_takedown:
                why = f"like {filed.copy_of_takedown}, which was taken down"
                to.hidden.append((row, why, rows.time(now), filed.copy_of_takedown, False))
    db.table("stories").insert_all(to.stories)
    db.table("entries").insert_all(to.entries)
    db.conn.executemany("update entries set story = ? where id = ?", to.moved)
    db.conn.executemany("insert into keys values (?, ?, ?)", to.keys)
    put_prints(db, to.prints, now)
    put_words(db, [row["id"] for row in to.entries])
    enlist(db, to.listed, touched)
    if to.stories and is_history(db, min(story["arrived"] for story in to.stories)):
        touched.add(STORIES)
    db.conn.executemany("insert into hidden values (?, ?, ?, ?, ?)", to.hidden)
    for filed in new:
        for gone in filed.merged_ids:
            absorb(db, gone, filed.story.id, touched)
    return to.rows_of


def _note_entries(to: _Rows, source: str, told: Story, story_row: int) -> None:
    for entry in told.entries:
        if entry.entry_id > 0:
            to.moved.append((story_row, entry.entry_id))
            continue
        row = to.rows_of[entry.entry_id] = to.last_entry + len(to.entries) + 1
        to.entries.append({"id": row, "story": story_row, **rows.entry_row(entry)})
        to.keys += [(source, key, row) for key in entry.keys]
        to.prints.append((row, entry.fingerprints))


def _tell_anew(db: Database, row: int, filed: StoryChange, lead: int, touched: set[str]) -> None:
    """Other entries tell the story now; its id and place stay. If it had been taken for another
    one, it is itself again, and listed."""
    is_back = _is_absorbed(db, row)
    db.execute(
        "update stories set lead = ?, updated = ?, why = ?, merged = null where row = ?",
        [lead, rows.time(filed.story.updated), rows.why_text(filed.story), row],
    )
    if is_back or is_listed(db, row):
        relist(db, row, filed, touched)
    sql = "select why, at from hidden where story = ?"
    if is_back and (found := db.execute(sql, [row]).fetchone()):  # it was taken down before
        touched |= unhide(db, row) | hide(db, row, found[0], datetime.fromisoformat(found[1]))


def _last_row(db: Database, table: str, column: str) -> int:
    found: int = db.execute(f"select coalesce(max({column}), 0) from {table}").fetchone()[0]  # noqa: S608 - our own names
    return found


def _row_of(db: Database, story: Story) -> int:
    found: int = db.execute("select row from stories where id = ?", [story.id]).fetchone()[0]
    return found


def _is_absorbed(db: Database, story_row: int) -> bool:
    sql = "select merged is not null from stories where row = ?"
    return bool(db.execute(sql, [story_row]).fetchone()[0])


def _revise(db: Database, filed: StoryChange, touched: set[str], now: datetime) -> None:
    """The entry reads differently now; its story keeps its id and its place."""
    entry = next(entry for entry in filed.story.entries if entry.entry_id == filed.revised_entry_id)
    row = rows.entry_row(entry)
    for sticky in ("published", "position", "is_dated"):
        del row[sticky]
    forget_words(db, filed.revised_entry_id)
    db.table("entries").update(filed.revised_entry_id, row)
    put_words(db, [filed.revised_entry_id])
    change_prints(db, filed.revised_entry_id, entry.fingerprints)
    db.execute(
        "update entries set revisions = revisions + 1, revised = ? where id = ?",
        [rows.time(now), filed.revised_entry_id],
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
