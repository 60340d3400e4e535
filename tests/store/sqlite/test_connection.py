"""The database file: SQLite's errors, and what the operator reads of them."""

import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from aggregator.errors import StoreUnavailable
from aggregator.model import ALL, RunReport, topic_scope
from aggregator.store.sqlite import SqliteStore, open_read_only, open_store
from aggregator.store.sqlite.connection import Connection
from aggregator.store.sqlite.lists import SqliteLists
from aggregator.store.sqlite.maintenance import SqliteMaintenance
from tests.harness.builders import NOW, entry
from tests.harness.saving import change_of, publish, save, titles


def _connection(store: SqliteStore) -> Connection:
    return store._connection


# ---- files that cannot be opened


def test_a_missing_folder_is_explained(tmp_path: Path) -> None:
    """The error for a missing folder says what to do."""
    with pytest.raises(StoreUnavailable, match="does not exist; create it, or set"):
        open_store(tmp_path / "nowhere" / "news.db")


def test_a_file_that_is_not_a_database_is_refused(tmp_path: Path) -> None:
    """A file that is not a database is refused and left unchanged."""
    file = tmp_path / "news.db"
    file.write_text("My diary. " * 200)

    with pytest.raises(StoreUnavailable, match="not an SQLite database"):
        open_store(file)

    assert file.read_text() == "My diary. " * 200


def test_a_folder_is_refused(tmp_path: Path) -> None:
    """A folder cannot be opened as a database."""
    with pytest.raises(StoreUnavailable, match="it is a folder; name a file"):
        open_store(tmp_path)


def test_a_truncated_file_is_refused(file: Path) -> None:
    """The error for a truncated file advises restoring a backup."""
    with closing(sqlite3.connect(file)) as db:
        db.execute("pragma journal_mode = delete")
    file.write_bytes(file.read_bytes()[: 4096 * 9])

    with (
        pytest.raises(StoreUnavailable, match="it is damaged; restore a backup"),
        closing(open_store(file)) as store,
    ):
        store.lists.latest(ALL, 9)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_explained(tmp_path: Path) -> None:
    """No database can be created in a read-only folder."""
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o500)

    with pytest.raises(StoreUnavailable, match="check the permissions of the file and folder"):
        open_store(folder / "news.db")


# ---- SQLite's errors

ADVICE = [
    (sqlite3.SQLITE_BUSY, "another program has locked it"),
    (sqlite3.SQLITE_BUSY_SNAPSHOT, "another program has locked it"),
    (sqlite3.SQLITE_PROTOCOL, "another program has locked it"),
    (sqlite3.SQLITE_FULL, "the disk is full, but nothing is lost; free some space and run again"),
    (sqlite3.SQLITE_READONLY, "it is read-only; check the permissions of the file and folder"),
    (sqlite3.SQLITE_READONLY_DBMOVED, "it is read-only"),
    (sqlite3.SQLITE_PERM, "access is denied; check the permissions of the file and folder"),
    (sqlite3.SQLITE_CANTOPEN, "it cannot be opened; check the permissions of the file and folder"),
    (sqlite3.SQLITE_NOTADB, "it is not an SQLite database; move it away or use another file"),
    (sqlite3.SQLITE_CORRUPT, "it is damaged; restore a backup"),
    (sqlite3.SQLITE_CORRUPT_VTAB, "it is damaged; restore a backup"),
    (sqlite3.SQLITE_IOERR, "the disk cannot be read or written; check it, then the free space"),
    (sqlite3.SQLITE_IOERR_WRITE, "the disk cannot be read or written"),
]


@pytest.mark.parametrize(("code", "advice"), ADVICE)
def test_errors_come_with_advice(store: SqliteStore, code: int, advice: str) -> None:
    """The error says what to do, and quotes SQLite."""
    error = sqlite3.OperationalError("SQLite's words")
    error.sqlite_errorcode = code

    with pytest.raises(StoreUnavailable) as caught, _connection(store).read():
        raise error

    assert advice in str(caught.value)
    assert str(caught.value).startswith(f"The database {_connection(store).path} cannot be used: ")
    assert str(caught.value).endswith("(SQLite's words).")
    assert caught.value.__cause__ is error


def test_invalid_sql_is_reported_as_a_bug(store: SqliteStore) -> None:
    """Invalid SQL raises SQLite's own exception, and the transaction is rolled back."""

    def work() -> None:
        with _connection(store).write() as db:
            db.execute("delete from listings")
            db.execute("select nobody_has_this from sources")

    with pytest.raises(sqlite3.OperationalError, match="no such column"):
        work()

    assert store.lists.counts()[ALL] == 3


def test_a_constraint_violation_is_reported_as_a_bug(store: SqliteStore) -> None:
    """A violated constraint raises SQLite's own exception."""
    one, same = (change_of(entry("Four", "harbor", url=f"https://h.example/{n}")) for n in "ab")

    with pytest.raises(sqlite3.IntegrityError, match=r"stories\.(public_)?id"):
        save(store, one, same)


def test_a_locked_database_is_explained(file: Path, store: SqliteStore) -> None:
    """The error for a locked database says so, and the same save works without the lock."""
    store.close()
    with (
        closing(sqlite3.connect(file, isolation_level=None)) as other,
        SqliteStore(Connection(file, busy_timeout=0.05)) as impatient,
    ):
        other.execute("begin exclusive")
        with pytest.raises(StoreUnavailable, match="another program has locked it"):
            publish(impatient, "Four")
        other.execute("rollback")

    publish(store, "Four")
    assert store.lists.counts()[ALL] == 4


def test_a_full_disk_is_explained(store: SqliteStore) -> None:
    """A save on a full disk is rolled back as a whole, and works once there is space."""
    with _connection(store).read() as db:
        pages = db.execute("pragma page_count").fetchone()[0]
        db.execute(f"pragma max_page_count = {pages}")
    with pytest.raises(StoreUnavailable, match="the disk is full, but nothing is lost"):
        save(store, *(change_of(entry(f"Story {n}", "harbor")) for n in range(500)))
    with _connection(store).read() as db:
        db.execute("pragma max_page_count = 1000000")

    assert store.lists.counts()[ALL] == 3
    assert store.maintenance.check(NOW) == []
    publish(store, "Four")
    assert store.lists.counts()[ALL] == 4


# ---- reading only


def test_a_read_only_store_saves_nothing(file: Path, store: SqliteStore) -> None:
    """A read-only store sees what another one saves, and saves nothing itself."""
    with open_read_only(file) as reader:
        assert reader is not None
        publish(store, "Four")
        assert reader.lists.counts()[ALL] == 4
        with pytest.raises(StoreUnavailable, match="it is read-only; check the permissions"):
            publish(reader, "Five")


def test_reading_creates_no_database(tmp_path: Path) -> None:
    """A missing database is not created for reading."""
    with open_read_only(tmp_path / "news.db") as reader:
        assert reader is None
    assert list(tmp_path.iterdir()) == []


# ---- threads and locks


def test_each_thread_has_its_own_connection(store: SqliteStore) -> None:
    """One thread can read while another writes, and closing the store closes all connections."""
    databases = []

    def work() -> None:
        with _connection(store).read() as db:
            databases.append(db)

    for thread in [threading.Thread(target=work) for _ in range(2)]:
        thread.start()
        thread.join()
    work()

    assert len({id(db.conn) for db in databases}) == 3
    store.close()
    for db in databases:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            db.conn.execute("select 1")
    assert titles(store.lists.latest(topic_scope("labor"), 1))  # opened again when it is used


def test_an_unwritable_lock_is_explained(file: Path, store: SqliteStore) -> None:
    """A lock file that cannot be written is an error in one sentence."""
    file.with_name("news.db.ingest.lock").mkdir()

    with (
        pytest.raises(StoreUnavailable, match=r"news\.db\.ingest\.lock cannot be written"),
        store.maintenance.lock("ingest"),
    ):
        pass


# ---- limits


def test_archives_are_closed_a_few_at_a_time(store: SqliteStore) -> None:
    """Archive documents are closed a few at a time, so that nobody waits long for the database."""
    lists = SqliteLists(_connection(store), max_pages=2)
    for minute in range(11):
        publish(store, f"S{minute}", "courts", minute=minute)
    courts = topic_scope("courts")

    lists.archive(2, NOW)

    assert store.lists.archive_range(courts) == (1, 5)
    pages = [titles(store.lists.archive_page(courts, page)) for page in (1, 5)]
    assert pages == [["S1", "S0"], ["S9", "S8"]]


def test_old_runs_are_dropped(store: SqliteStore) -> None:
    """Only the newest runs are kept."""
    maintenance = SqliteMaintenance(_connection(store), runs_kept=2)
    for _ in range(4):
        maintenance.record_run(RunReport(started=NOW))

    with _connection(store).read() as db:
        assert [row["id"] for row in db.query("select id from runs")] == [3, 4]
