"""Putting a backup in the place of the database.

check the copy | nobody uses the database | copy it beside | keep the old one | replace, in one step
"""

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path

from sqlite_utils import Database

from aggregator.errors import StoreError, StoreUnavailable, WriteError
from aggregator.store.sqlite.connection import Connection, exclusive_use
from aggregator.store.sqlite.migrations import refuse_other_programs

__all__ = ["restore_database"]


def restore_database(database: Path, file: Path, now: datetime) -> Path | None:
    """Replace the database with a copy of a backup; returns where the old one is kept, None if
    there was none.

    Raises WriteError if the file is no good backup or cannot be copied, and StoreBusy if a program
    uses the database; then nothing has changed.
    """
    _check(file)
    database = database.resolve()
    if file.resolve() == database:
        raise WriteError(f"{file} is the database itself; name a backup.")
    try:
        with exclusive_use(database):
            part = database.with_name(f".{database.name}.restore.part")
            try:
                shutil.copyfile(file, part)
                part.chmod(0o600)
                with part.open("rb") as copy:
                    os.fsync(copy.fileno())
                kept = _keep(database, now)
                part.replace(database)
            finally:
                part.unlink(missing_ok=True)
    except OSError as error:
        raise WriteError(
            f"{file} cannot be copied to {database} ({error.strerror}); the database was not "
            "changed."
        ) from error
    return kept


def _check(file: Path) -> None:
    """Raises WriteError if a file is damaged, or no database of this program."""
    try:
        uri = f"{file.absolute().as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            db = Database(connection, execute_plugins=False)
            refuse_other_programs(db, str(file))
            if "entries" not in db.table_names():
                raise StoreUnavailable(f"{file} is not a database of aggregator.")
            (verdict,) = connection.execute("pragma integrity_check(1)").fetchone()
    except (sqlite3.Error, StoreError) as error:
        raise WriteError(f"{file} is no backup that can be restored: {error}") from error
    if verdict != "ok":
        text = " ".join(verdict.split())
        raise WriteError(f"{file} is damaged ({text}); restore another backup.")


def _keep(database: Path, now: datetime) -> Path | None:
    """Give the old database another name; it keeps its own until it is replaced."""
    if not database.exists():
        return None
    with (
        suppress(StoreError, sqlite3.Error),
        closing(Connection(database)) as connection,
        connection.read() as db,
    ):
        db.conn.execute("pragma wal_checkpoint(truncate)")
    kept = database.with_name(f"{database.stem}-{now:%Y%m%d-%H%M%S}{database.suffix}")
    os.link(database, kept)
    for end in ("-wal", "-shm"):
        left = database.with_name(f"{database.name}{end}")
        if left.exists():
            left.replace(kept.with_name(f"{kept.name}{end}"))
    return kept
