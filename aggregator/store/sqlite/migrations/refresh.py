"""What is computed from entries and stored with them, computed again in steps."""

from collections.abc import Callable
from typing import TypeAlias

from sqlite_utils import Database

from aggregator.model import EntryKeyKind
from aggregator.text.canonical import canonical_url
from aggregator.text.languages import canonical_language

__all__ = ["Progress", "refresh_entries"]

Progress: TypeAlias = Callable[[int, int], None]
"""Called with the number of entries that are done, and that of all."""
STEP_ENTRIES = 2_000
"""Entries in one transaction: about a second."""


def refresh_entries(db: Database, progress: Progress | None) -> None:
    """Put all entries into the new search index, and store their canonical URLs and languages by
    the rules of this version.

    If it is stopped, the next call resumes after the last entry that is in the index.
    """
    (total,) = db.execute("select count(*) from entries").fetchone()
    done = 0
    while True:
        with db.atomic():
            (last,) = db.execute("select max(id) from entry_search_docsize").fetchone()
            sql = f"""select id, source_id, url, canonical_url, language from entries where id > ?
                      order by id limit {STEP_ENTRIES}"""  # noqa: S608 - a constant
            rows = db.execute(sql, [last or 0]).fetchall()
            if not rows:
                return
            if not done and last:
                sql = "select count(*) from entries where id <= ?"
                (done,) = db.execute(sql, [last]).fetchone()
            _refresh_addresses(db, rows)
            db.execute(
                """insert into entry_search(rowid, words)
                   select * from entry_words where id between ? and ?""",
                [rows[0][0], rows[-1][0]],
            )
        done += len(rows)
        if progress:
            progress(done, total)


def _refresh_addresses(db: Database, rows: list[tuple[int, str, str, str, str]]) -> None:
    changed, keys = [], []
    for id_, source, url, old_url, old_language in rows:
        new_url, language = canonical_url(url), canonical_language(old_language)
        if new_url != old_url:
            keys.append((source, EntryKeyKind.URL.value, new_url, id_))
        if (new_url, language) != (old_url, old_language):
            changed.append((new_url, language, id_))
    db.conn.executemany("update entries set canonical_url = ?, language = ? where id = ?", changed)
    db.conn.executemany("insert or ignore into entry_keys values (?, ?, ?, ?)", keys)
