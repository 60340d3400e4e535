"""The database file: a connection per thread, transactions, locks, and SQLite's error codes.

One process writes at a time and any number read at the same time (WAL).
"""

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import IO

from sqlite_utils import Database

from aggregator.errors import StoreBusy, StoreUnavailable
from aggregator.store.sqlite.migrations import add_functions

__all__ = ["Connection", "advice_for", "exclusive_use", "one_migration"]

_PRAGMAS = (
    "synchronous = normal",  # a power cut may lose the last transactions, never a part of one
    "foreign_keys = on",
    "cache_size = -8000",  # KB; with 2 MB, fingerprints are read again and again
    "wal_autocheckpoint = 8000",  # pages; fewer, longer checkpoints during a large import
)
LOCK_POLL_SECONDS = 0.003
"""How often a writer looks whether the write lock is free."""
BUSY_TIMEOUT_SECONDS = 15.0
_LOCKED = (
    "another program has locked it, such as one that updates it for a new version; wait a minute, "
    "or stop that program, and try again"
)
_ADVICE = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_PROTOCOL: _LOCKED,
    sqlite3.SQLITE_FULL: "the disk is full, but nothing is lost; free some space and run again",
    sqlite3.SQLITE_READONLY: "it is read-only; check the permissions of the file and folder",
    sqlite3.SQLITE_PERM: "access is denied; check the permissions of the file and folder",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; check the permissions of the file and folder",
    sqlite3.SQLITE_NOTADB: "it is not an SQLite database; move it away or use another file",
    sqlite3.SQLITE_CORRUPT: "it is damaged; restore a backup",
    sqlite3.SQLITE_IOERR: "the disk cannot be read or written; check it, then the free space",
}
"""Primary result code -> what to do. Any other error of SQLite is a bug of ours, and looks like
one."""


def advice_for(error: sqlite3.Error) -> str:
    """What an operator can do about an error; empty if it is a bug of ours."""
    return _ADVICE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, "")


def use_file(path: Path) -> Path:
    """The lock file that every program holds which has the database open."""
    return path.with_name(f"{path.name}.use.lock")


def _open_private(path: Path) -> IO[str]:
    """Open a file that only its owner may read, created as needed."""
    return os.fdopen(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600), "a")


@contextmanager
def exclusive_use(path: Path) -> Iterator[None]:
    """Keep others from opening the database. Raises StoreBusy if one has it open."""
    with _open_private(use_file(path)) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreBusy(
                f"A program is using the database {path}; stop `aggregator run`, and try again."
            ) from error
        yield


@contextmanager
def one_migration(path: Path) -> Iterator[None]:
    """Wait until no other program migrates the database, and keep others from it."""
    with _open_private(path.with_name(f"{path.name}.migrate.lock")) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _savepoint(db: Database) -> Iterator[None]:
    db.conn.execute("savepoint part")  # of several with this name, the innermost counts
    try:
        yield
    except BaseException:
        if db.conn.in_transaction:  # else SQLite has rolled back everything
            db.conn.execute("rollback to part")
            db.conn.execute("release part")
        raise
    db.conn.execute("release part")


class Connection:
    """One SQLite file, opened by each thread for itself on first use.

    `busy_timeout` is how many seconds it waits for another program's lock.
    """

    def __init__(
        self,
        path: Path,
        *,
        is_read_only: bool = False,
        busy_timeout: float = BUSY_TIMEOUT_SECONDS,
    ) -> None:
        self.path = path
        self._busy_timeout = busy_timeout
        self._is_read_only = is_read_only
        self._local = threading.local()
        self._open: list[Database] = []
        self._mutex = threading.Lock()
        self._file: tuple[int, int] | None = None
        self._use: IO[str] | None = None

    def share_use(self) -> None:
        """Say that this program has the database open, until `close`. Raises StoreBusy while a
        backup is put in its place."""
        with suppress(OSError):  # on a disk that is full or read-only there is no lock
            self._use = _open_private(use_file(self.path.resolve()))
        if self._use is not None:
            try:
                fcntl.flock(self._use, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise StoreBusy(
                    f"A backup is being restored to {self.path}; try again in a minute."
                ) from error

    @contextmanager
    def read(self) -> Iterator[Database]:
        """This thread's connection. Raises StoreUnavailable for errors that an operator can do
        something about."""
        try:
            db = getattr(self._local, "db", None)
            if db is None:
                db = self._local.db = self._connect()
            self._check_file()
            yield db
        except sqlite3.Error as error:
            if not (advice := advice_for(error)):
                raise
            if self.path.is_dir():
                advice = "it is a folder; name a file"
            raise StoreUnavailable(
                f"The database {self.path} cannot be used: {advice} ({error})."
            ) from error

    @contextmanager
    def write(self) -> Iterator[Database]:
        """A transaction that holds the write lock from its beginning; inside another one, a part
        of it that is rolled back alone."""
        with self.read() as db:
            if db.conn.in_transaction:
                with _savepoint(db):
                    yield db
                return
            self._begin(db)
            try:
                yield db
                db.conn.execute("commit")
            except BaseException:
                db.rollback()
                raise

    def _begin(self, db: Database) -> None:
        """Begin a transaction with the write lock. SQLite's own waiting looks ever less often, so
        that a program that saves again and again would leave the lock to nobody."""
        deadline = monotonic() + self._busy_timeout
        db.conn.execute("pragma busy_timeout = 0")
        try:
            while True:
                try:
                    db.conn.execute("begin immediate")
                    return
                except sqlite3.OperationalError as error:
                    if (
                        error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY
                        or monotonic() > deadline
                    ):
                        raise
                sleep(LOCK_POLL_SECONDS)
        finally:
            db.conn.execute(f"pragma busy_timeout = {round(1000 * self._busy_timeout)}")

    @contextmanager
    def durable_write(self) -> Iterator[Database]:
        """The same, and it outlasts a power cut: it is on the disk when it ends."""
        with self.read() as db:
            db.execute("pragma synchronous = full")
            try:
                with self.write() as same:
                    yield same
            finally:
                db.execute("pragma synchronous = normal")

    @contextmanager
    def lock(self, name: str, message: str) -> Iterator[None]:
        """A lock file, held by one process at a time; raises StoreBusy with the message at once if
        another one holds it."""
        path = self.lock_file(name)
        try:
            file = path.open("w")
        except OSError as error:
            raise StoreUnavailable(
                f"The file {path} cannot be written ({error.strerror}); check the permissions of "
                "the file and folder."
            ) from error
        with file:  # the lock goes when the file is closed, even if the process is killed
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise StoreBusy(message) from error
            yield

    def lock_file(self, name: str) -> Path:
        """The lock file next to the database."""
        return self.path.with_name(f"{self.path.name}.{name}.lock")

    def _check_file(self) -> None:
        """Raise StoreUnavailable if the file was deleted, replaced or emptied since it was opened:
        what is written to an open file without a name is lost."""
        size = 0
        try:
            found = self.path.stat()
            file, size = (found.st_dev, found.st_ino), found.st_size
        except FileNotFoundError:
            file = None
        if self._file is None:
            self._file = file
        elif file != self._file or not size:
            what = "deleted" if not file else "emptied" if file == self._file else "replaced"
            raise StoreUnavailable(
                f"The database {self.path} was {what} while the program was running. Stop the "
                "program; put the right file back, or delete it and the files -wal and -shm next "
                "to it and restore a backup; then start the program again."
            )

    def _connect(self) -> Database:
        mode = "ro" if self._is_read_only else "rw"
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=self._busy_timeout,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            for pragma in () if self._is_read_only else _PRAGMAS:
                connection.execute(f"pragma {pragma}")
            db = Database(add_functions(connection), execute_plugins=False)
        except BaseException:
            connection.close()
            raise
        with self._mutex:
            self._open.append(db)
        return db

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._mutex:
            self._file = None
            if self._use is not None:
                self._use.close()
                self._use = None
            for db in self._open:
                db.close()
            self._open.clear()
            self._local = threading.local()
