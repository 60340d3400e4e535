"""The database file: a connection for each thread, transactions, and what SQLite complains of.

One process writes at a time and any number read beside it (WAL). What SQLite complains about
becomes StoreUnavailable, a sentence for the operator.
"""

import fcntl
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database

from aggregator.errors import StoreBusy, StoreUnavailable
from aggregator.store.schema import with_functions

__all__ = ["Connection"]

_PRAGMAS = (
    "journal_mode = wal",  # readers never wait for the writer
    "synchronous = normal",  # a power cut may undo the last saves, but whole: fetched again
    "foreign_keys = on",
    "wal_autocheckpoint = 8000",  # pages; fewer, longer checkpoints during a large import
)


class Connection:
    """One SQLite file, opened by each thread for itself when it is first asked for."""

    def __init__(self, path: Path, *, is_reading: bool = False) -> None:
        self._path = path
        self._is_reading = is_reading
        self._local = threading.local()
        self._open: list[Database] = []
        self._guard = threading.Lock()

    @contextmanager
    def _door(self) -> Iterator[Database]:
        """This thread's connection; SQLite's complaints about the file leave as sentences.

        What it complains of our own SQL or rows is a bug and stays what it is.
        """
        try:
            db = getattr(self._local, "db", None)
            if db is None:
                db = self._local.db = self._connect()
            yield db
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) or _code(error) in _BROKEN:
                raise StoreUnavailable(_sentence(error, self._path)) from error
            raise

    @contextmanager
    def _writing(self) -> Iterator[Database]:
        """A transaction that holds the write lock from its beginning."""
        with self._door() as db:
            db.conn.execute("begin immediate")
            try:
                yield db
                db.conn.execute("commit")
            except BaseException:
                db.rollback()
                raise

    @contextmanager
    def _alone(self, name: str, why_not: str) -> Iterator[None]:
        """Held by one process at a time; raises StoreBusy at once if another one holds it."""
        path = self._path.with_name(f"{self._path.name}.{name}")
        try:
            lock = path.open("w")
        except OSError as error:
            raise StoreUnavailable(
                f"The file {path} cannot be written ({error.strerror}); check the rights of "
                "file and folder."
            ) from error
        with lock:  # the lock goes when the file is closed, even if the process is killed
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise StoreBusy(why_not) from error
            yield

    def _connect(self) -> Database:
        mode = "ro" if self._is_reading else "rwc"
        connection = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=15.0,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            for pragma in () if self._is_reading else _PRAGMAS:
                connection.execute(f"pragma {pragma}")
            db = Database(with_functions(connection), execute_plugins=False)
        except BaseException:
            connection.close()
            raise
        with self._guard:
            self._open.append(db)
        return db

    def close(self) -> None:
        with self._guard:
            for db in self._open:
                db.close()
            self._open.clear()
            self._local = threading.local()


_BROKEN = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)


def _code(error: sqlite3.Error) -> int:
    """The kind of complaint, without SQLite's finer distinctions."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _sentence(error: sqlite3.DatabaseError, path: Path) -> str:
    advice = {
        sqlite3.SQLITE_BUSY: "another program holds it; stop that program or try again",
        sqlite3.SQLITE_FULL: "the disk is full; free some room and run again, nothing is lost",
        sqlite3.SQLITE_READONLY: "it must not be written; check the rights of file and folder",
        sqlite3.SQLITE_CANTOPEN: "it cannot be opened; check the rights of file and folder",
        sqlite3.SQLITE_NOTADB: "it is no SQLite database; move it away or use another file",
        sqlite3.SQLITE_CORRUPT: "it is damaged; put back a backup",
    }
    reason = advice.get(_code(error), str(error))
    return f"The database {path} cannot be used: {reason} ({error})."
