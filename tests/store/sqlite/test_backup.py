"""Backups: complete and consistent, or not written at all."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import get_args

import pytest

from aggregator.errors import WriteError
from aggregator.model import ALL
from aggregator.store.base import LockName
from aggregator.store.sqlite import SqliteStore, open_store
from tests.harness.builders import NOW
from tests.harness.saving import publish


def test_a_backup_is_complete(store: SqliteStore, tmp_path: Path) -> None:
    """A backup has everything, opens as a database, and replaces an earlier one."""
    for _ in range(2):
        store.maintenance.backup(tmp_path / "copy.db")

    with closing(open_store(tmp_path / "copy.db")) as copy:
        assert copy.lists.latest(ALL, 9) == store.lists.latest(ALL, 9)
        assert copy.maintenance.check(NOW) == []
    assert not list(tmp_path.glob(".*.part"))


def test_a_backup_is_consistent(file: Path, store: SqliteStore, tmp_path: Path) -> None:
    """An unfinished save is not in the backup."""
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("begin immediate")
        writer.execute("delete from listings")
        store.maintenance.backup(tmp_path / "copy.db")
        writer.execute("rollback")

    with closing(open_store(tmp_path / "copy.db")) as copy:
        assert copy.lists.counts()[ALL] == 3


def test_a_backup_replaces_an_interrupted_one(store: SqliteStore, tmp_path: Path) -> None:
    """The partial file of an interrupted backup is removed."""
    (tmp_path / ".copy.db.part").write_bytes(b"SQLite format 3\0 and no more")
    store.maintenance.backup(tmp_path / "copy.db")

    assert sqlite3.connect(tmp_path / "copy.db").execute("pragma quick_check").fetchone() == ("ok",)
    assert not list(tmp_path.glob(".*.part"))


def test_a_damaged_database_replaces_no_backup(
    file: Path, corrupt: Callable[[], None], tmp_path: Path
) -> None:
    """The earlier backup stays if the database is damaged."""
    copy = tmp_path / "copy.db"
    with closing(open_store(file)) as store:
        store.maintenance.backup(copy)
    good = copy.read_bytes()
    corrupt()

    unchanged = r"cannot be written \(.*; the file that was there is unchanged"
    with closing(open_store(file)) as store, pytest.raises(WriteError, match=unchanged):
        store.maintenance.backup(copy)

    assert copy.read_bytes() == good


def test_a_backup_has_the_same_permissions(file: Path, store: SqliteStore, tmp_path: Path) -> None:
    """A backup has the same secrets as the database, so the same people may read it."""
    file.chmod(0o600)
    store.maintenance.backup(tmp_path / "copy.db")

    assert (tmp_path / "copy.db").stat().st_mode == file.stat().st_mode


def test_an_impossible_backup_is_refused(file: Path, store: SqliteStore, tmp_path: Path) -> None:
    """A backup cannot replace the database or other files, nor be in a missing folder."""
    ends = ("", "-wal", "-shm", *(f".{name}.lock" for name in get_args(LockName)))
    for end in ends:
        with pytest.raises(WriteError, match="is the database itself"):
            store.maintenance.backup(file.with_name(f"{file.name}{end}"))
    (tmp_path / "feeds.toml").write_text("[site]")
    for other in (tmp_path / "feeds.toml", Path("/dev/null")):
        with pytest.raises(WriteError, match="is not a backup"):
            store.maintenance.backup(other)
    assert (tmp_path / "feeds.toml").read_text() == "[site]"
    with pytest.raises(WriteError, match="cannot be written"):
        store.maintenance.backup(tmp_path / "no" / "copy.db")
    with pytest.raises(WriteError, match="cannot be written"):
        store.maintenance.backup(Path("/dev/null/copy.db"))
    assert store.lists.counts()[ALL] == 3


def test_a_backup_can_be_restored(file: Path, store: SqliteStore, tmp_path: Path) -> None:
    """A backup copied over the database has the stories of its time."""
    store.maintenance.backup(tmp_path / "copy.db")
    publish(store, "Four")
    store.close()
    for end in ("-wal", "-shm"):
        file.with_name(f"{file.name}{end}").unlink(missing_ok=True)
    shutil.copy(tmp_path / "copy.db", file)

    with closing(open_store(file)) as again:
        assert again.lists.counts()[ALL] == 3
