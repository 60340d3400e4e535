"""Texts of entries, moved to a table of their own in steps."""

from sqlite_utils import Database

from aggregator.store.sqlite.contents import add_contents
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
    (last,) = db.execute("select coalesce(max(entry_id), 0) from contents").fetchone()
    (done,) = db.execute("select count(*) from entries where id <= ?", [last]).fetchone()
    sql = f"select id, content from entries where id > ? order by id limit {STEP_ENTRIES}"  # noqa: S608 - a constant
    while rows := db.execute(sql, [last]).fetchall():
        first, last = rows[0][0], rows[-1][0]
        with db.atomic():
            add_contents(db, rows)
            db.execute("update entries set content = '' where id between ? and ?", [first, last])
        done += len(rows)
        if progress:
            progress(done, total)
    with db.atomic():
        db.execute("alter table entries drop column content")
