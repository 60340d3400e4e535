"""Backups: databases of ours, of one moment, whole or not at all."""

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


def test_a_backup(store: SqliteStore, tmp_path: Path) -> None:
    """It has everything, opens as a database of ours, and replaces the one of yesterday."""
    for _ in range(2):
        store.maintenance.backup(tmp_path / "copy.db")

    with closing(open_store(tmp_path / "copy.db")) as copy:
        assert copy.lists.latest(ALL, 9) == store.lists.latest(ALL, 9)
        assert copy.maintenance.check(NOW) == []
    assert not list(tmp_path.glob(".*.part"))


def test_a_backup_while_somebody_writes(file: Path, store: SqliteStore, tmp_path: Path) -> None:
    """It is of one moment: an unfinished save is not in it."""
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("begin immediate")
        writer.execute("delete from listings")
        store.maintenance.backup(tmp_path / "copy.db")
        writer.execute("rollback")

    with closing(open_store(tmp_path / "copy.db")) as copy:
        assert copy.lists.counts()[ALL] == 3


def test_a_backup_after_one_that_was_killed(store: SqliteStore, tmp_path: Path) -> None:
    """What that one left behind is in nobody's way."""
    (tmp_path / ".copy.db.part").write_bytes(b"SQLite format 3\0 and no more")
    store.maintenance.backup(tmp_path / "copy.db")

    assert sqlite3.connect(tmp_path / "copy.db").execute("pragma quick_check").fetchone() == ("ok",)
    assert not list(tmp_path.glob(".*.part"))


def test_a_backup_of_a_damaged_database(
    file: Path, tear: Callable[[], None], tmp_path: Path
) -> None:
    """It does not take the place of a good one."""
    copy = tmp_path / "copy.db"
    with closing(open_store(file)) as store:
        store.maintenance.backup(copy)
    good = copy.read_bytes()
    tear()

    unchanged = r"cannot be written \(.*; the file that was there is unchanged"
    with closing(open_store(file)) as store, pytest.raises(WriteError, match=unchanged):
        store.maintenance.backup(copy)

    assert copy.read_bytes() == good


def test_a_backup_is_as_secret_as_the_database(
    file: Path, store: SqliteStore, tmp_path: Path
) -> None:
    """It has the same secrets, so the same people may read it."""
    file.chmod(0o600)
    store.maintenance.backup(tmp_path / "copy.db")

    assert (tmp_path / "copy.db").stat().st_mode == file.stat().st_mode


def test_backups_that_cannot_be(file: Path, store: SqliteStore, tmp_path: Path) -> None:
    """Onto the database itself, or into nowhere: a sentence, and nothing is touched."""
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


def test_a_backup_is_put_back(file: Path, store: SqliteStore, tmp_path: Path) -> None:
    """Stop, copy, start: everything of that day is there."""
    store.maintenance.backup(tmp_path / "copy.db")
    publish(store, "Four")
    store.close()
    for end in ("-wal", "-shm"):
        file.with_name(f"{file.name}{end}").unlink(missing_ok=True)
    shutil.copy(tmp_path / "copy.db", file)

    with closing(open_store(file)) as again:
        assert again.lists.counts()[ALL] == 3
