"""The store in one SQLite file: a class per part, and the tables that they share.

connection    threads, transactions, locks      mappers    rows <-> types
migrations/   the schema                        queries    what several parts share
save          one fetch, in one transaction     listings   adding to lists, and removing
"""

import aggregator.store.sqlite.without_numpy  # noqa: F401, I001 - before anything else imports sqlite-utils

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from sqlite_utils import Database

from aggregator.errors import StoreUnavailable
from aggregator.store.sqlite.alerts import SqliteAlerts
from aggregator.store.sqlite.calendar import SqliteCalendar
from aggregator.store.sqlite.config import SqliteConfig
from aggregator.store.sqlite.connection import Connection, exclusive_use, one_migration
from aggregator.store.sqlite.digest import SqliteDigest
from aggregator.store.sqlite.digest_subscribers import SqliteDigestSubscribers
from aggregator.store.sqlite.entries import SqliteEntries
from aggregator.store.sqlite.hub import SqliteHub
from aggregator.store.sqlite.learning import SqliteLearning
from aggregator.store.sqlite.lists import SqliteLists
from aggregator.store.sqlite.maintenance import SqliteMaintenance
from aggregator.store.sqlite.migrations import is_current, migrate, refuse_other_programs
from aggregator.store.sqlite.migrations.refresh import Progress
from aggregator.store.sqlite.operators import SqliteOperators
from aggregator.store.sqlite.pictures import SqlitePictures
from aggregator.store.sqlite.restore import restore_database
from aggregator.store.sqlite.sources import SqliteSources
from aggregator.store.sqlite.statistics import SqliteStatistics
from aggregator.store.sqlite.stories import SqliteStories
from aggregator.store.sqlite.subscriptions import SqliteSubscriptions
from aggregator.store.sqlite.topics import SqliteTopics

__all__ = ["SqliteStore", "open_read_only", "open_store", "restore_database"]


class SqliteStore:
    """A Store in one SQLite file (see store/base.py)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.sources = SqliteSources(connection)
        self.entries = SqliteEntries(connection)
        self.stories = SqliteStories(connection)
        self.lists = SqliteLists(connection)
        self.topics = SqliteTopics(connection)
        self.learning = SqliteLearning(connection)
        self.subscriptions = SqliteSubscriptions(connection)
        self.hub = SqliteHub(connection)
        self.calendar = SqliteCalendar(connection)
        self.pictures = SqlitePictures(connection)
        self.operators = SqliteOperators(connection)
        self.alerts = SqliteAlerts(connection)
        self.statistics = SqliteStatistics(connection)
        self.config = SqliteConfig(connection)
        self.digest = SqliteDigest(connection)
        self.digest_subscribers = SqliteDigestSubscribers(connection)
        self.maintenance = SqliteMaintenance(connection)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One transaction of everything that this thread writes inside."""
        with self._connection.write():
            yield

    def close(self) -> None:
        """Close all connections."""
        self._connection.close()

    def __enter__(self) -> "SqliteStore":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_store(path: Path, progress: Progress | None = None) -> SqliteStore:
    """Open the database, created or migrated as needed; a long migration reports its `progress`.

    Raises StoreUnavailable, StoreBusy, StoreTooOld or StoreTooNew.
    """
    if not path.parent.is_dir():
        raise StoreUnavailable(
            f"The database folder {path.parent} does not exist; create it, or set [storage] "
            "database or AGGREGATOR_DATABASE to a path in a folder that does."
        )
    if not path.exists():
        _refuse_orphan(path)
        _create(path)
    elif path.is_file() and not path.stat().st_size:
        raise StoreUnavailable(
            f"The database file {path} is empty. Delete it and the files -wal and -shm next to "
            "it, then restore a backup or start with a new database."
        )
    connection = Connection(path)
    try:
        with connection.read() as db:
            _migrate(db, path, progress)
        connection.share_use()
    except BaseException:
        connection.close()
        raise
    return SqliteStore(connection)


def _migrate(db: Database, path: Path, progress: Progress | None) -> None:
    """Bring the database up to this version, while no other program has it open. Raises StoreBusy,
    StoreTooOld, StoreTooNew or StoreUnavailable."""
    refuse_other_programs(db, str(path))
    real = path.resolve()
    with nullcontext() if is_current(db) else one_migration(real):
        if not is_current(db):
            with exclusive_use(real):
                migrate(db, str(path), progress)


def _refuse_orphan(path: Path) -> None:
    """Raise StoreUnavailable if the log of a lost database is there. A program that has ended
    normally leaves none."""
    path = path.resolve()  # where a link leads
    log = path.with_name(f"{path.name}-wal")
    if log.is_file() and log.stat().st_size and not path.exists():  # no other process was quicker
        raise StoreUnavailable(
            f"The database {path} is missing, but its log {log.name} is there. Put the database "
            f"back; or delete {log.name}, then restore a backup or start with a new database."
        )


def _create(path: Path) -> None:
    """Create an empty database, whole or not at all, that only its owner may read: it holds
    secrets of subscriptions."""
    path = path.resolve()  # where a link leads
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    left = part.with_name(f"{part.name}-wal")
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        connection = Connection(part)
        try:
            with connection.read() as db:
                migrate(db, str(part))
        finally:
            connection.close()
        if left.exists():  # what the disk had no room for when the file was closed
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        try:
            with suppress(FileExistsError):  # another process was quicker
                os.link(part, path)
        except OSError:  # a file system without links
            if not path.exists():
                part.rename(path)
    except OSError as error:
        raise StoreUnavailable(
            f"The database {path} cannot be created ({error.strerror}); check the permissions of "
            "the folder and the free disk space."
        ) from error
    finally:
        with suppress(OSError):
            for file in (part, left, part.with_name(f"{part.name}-shm")):
                file.unlink(missing_ok=True)


@contextmanager
def open_read_only(path: Path) -> Iterator[SqliteStore | None]:
    """The database, for reading only; None if it does not exist yet, or must be migrated first.

    Raises StoreUnavailable, StoreTooOld or StoreTooNew.
    """
    if not path.exists():
        yield None
        return
    connection = Connection(path, is_read_only=True)
    try:
        with connection.read() as db:
            refuse_other_programs(db, str(path))
            current = is_current(db)
        yield SqliteStore(connection) if current else None
    finally:
        connection.close()
