"""Texts of entries, moved to a table of their own in steps."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlite_utils import Database

from aggregator.store.sqlite.contents import add_contents, replace_content
from aggregator.store.sqlite.migrations.refresh import Progress

__all__ = ["move_contents"]

STEP_ENTRIES = 2_000
"""Entries in one transaction: less than a second."""


def move_contents(db: Database, progress: Progress | None) -> None:
    """Move the texts of a database that has them in its entries. If it is stopped, the next call
    resumes."""
    if "content" not in db["entries"].columns_dict:
        return
    (total,) = db.execute("select count(*) from entries").fetchone()
    while (last := _move_some(db)) is not None:
        if progress:
            (done,) = db.execute("select count(*) from entries where id <= ?", [last]).fetchone()
            progress(done, total)
    with _immediate_transaction(db):
        # what another program has written meanwhile
        left = db.execute("select id, content from entries where content != ''").fetchall()
        for id_, text in left:
            replace_content(db, id_, text)
        db.execute("alter table entries drop column content")
    _shrink(db)


def _shrink(db: Database) -> None:
    """Give back the space that the texts took: rows are never added to the pages that they left
    half empty. Without room on the disk, the file stays as it is."""
    try:
        db.conn.execute("vacuum")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
            raise


def _move_some(db: Database) -> int | None:
    """Move the texts of the next entries, and return the id of the last; None if there are none."""
    with _immediate_transaction(db):
        (last,) = db.execute("select coalesce(max(entry_id), 0) from contents").fetchone()
        sql = "select id, content from entries where id > ? and content != '' order by id limit ?"
        rows = db.execute(sql, [last, STEP_ENTRIES]).fetchall()
        if not rows:
            return None
        add_contents(db, rows)
        db.execute("update entries set content = '' where id between ? and ?", [last, rows[-1][0]])
    found: int = rows[-1][0]
    return found


@contextmanager
def _immediate_transaction(db: Database) -> Iterator[None]:
    """A transaction that holds the write lock from its beginning."""
    db.conn.execute("begin immediate")
    try:
        yield
    except BaseException:
        db.conn.rollback()
        raise
    db.conn.commit()
