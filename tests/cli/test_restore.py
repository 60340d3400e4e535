"""`restore`: a backup in the place of the database."""

import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from aggregator.demo.press import Press
from tests.harness.command_line import (
    HEAD,
    argv,
    feed_response,
    free_port,
    run,
    source_table,
    wait_for_url,
)
from tests.harness.newsroom import article


@pytest.fixture
def config(tmp_path: Path, press: Press) -> Path:
    """A newsroom with two stories in a backup, and a third that came later."""
    file = tmp_path / "feeds.toml"
    file.write_text(HEAD + source_table("harbor", f"{press.url}/f"))
    press.put("/f", feed_response("harbor", article("One"), article("Two")))
    run(file, "ingest")
    run(file, "backup", str(tmp_path / "backup.db"))
    press.put("/f", feed_response("harbor", article("Three")))
    run(file, "ingest", "--all")
    return file


def _stories(database: Path) -> int:
    with closing(sqlite3.connect(database)) as db:
        (number,) = db.execute("select count(*) from stories").fetchone()
    return int(number)


def test_a_backup_is_restored(config: Path) -> None:
    """The old database is kept, whole, and the program goes on with the backup."""
    database, backup = config.with_name("aggregator.db"), config.with_name("backup.db")
    result = run(config, "restore", str(backup))

    assert result.returncode == 0, result.stderr
    assert _stories(database) == 2
    (kept,) = config.parent.glob("aggregator-*.db")
    assert kept.name in result.stdout
    assert _stories(kept) == 3
    assert "no problems found" in run(config, "doctor").stdout
    assert "1 new" in run(config, "ingest", "--all").stdout
    assert not list(config.parent.glob(".*"))


def test_nothing_is_restored_under_a_running_program(config: Path) -> None:
    """`run` must be stopped first."""
    port = str(free_port())
    with subprocess.Popen(
        argv(config, "serve", "--port", port), stderr=subprocess.DEVNULL
    ) as server:
        wait_for_url(f"http://127.0.0.1:{port}/healthz")
        result = run(config, "restore", str(config.with_name("backup.db")))
        server.terminate()

    assert result.returncode == 2
    assert "A program is using the database" in result.stderr
    assert _stories(config.with_name("aggregator.db")) == 3


def _cut(backup: Path) -> None:
    backup.write_bytes(backup.read_bytes()[: backup.stat().st_size // 2])


def _overwrite(backup: Path) -> None:
    content = bytearray(backup.read_bytes())
    content[20_000:60_000] = b"x" * 40_000
    backup.write_bytes(content)


def _replace_by_another(backup: Path) -> None:
    backup.unlink()
    with closing(sqlite3.connect(backup)) as db:
        db.execute("create table notes (text)")


@pytest.mark.parametrize(
    "damage",
    [
        _cut, _overwrite, _replace_by_another, lambda b: b.write_text("hi"),
        lambda b: b.write_text(""),
    ],
    ids=["cut off", "overwritten", "of another program", "a text", "empty"],
)  # fmt: skip
def test_a_bad_backup_is_refused(config: Path, damage: object) -> None:
    """One sentence says why, and the database stays."""
    backup = config.with_name("backup.db")
    assert callable(damage)
    damage(backup)
    result = run(config, "restore", str(backup))

    assert result.returncode == 2
    assert str(backup) in result.stderr
    assert "Traceback" not in result.stderr
    assert _stories(config.with_name("aggregator.db")) == 3
    assert not list(config.parent.glob("aggregator-*"))


def test_the_database_itself_is_no_backup(config: Path) -> None:
    """Nor is a file that is not there."""
    database = config.with_name("aggregator.db")

    assert "is the database itself" in run(config, "restore", str(database)).stderr
    assert run(config, "restore", str(database.with_name("none.db"))).returncode == 2


def test_a_new_machine(config: Path, tmp_path: Path) -> None:
    """feeds.toml and a backup are all that it takes to move."""
    other = tmp_path / "other"
    other.mkdir()
    moved = Path(shutil.copy(config, other / "feeds.toml"))
    result = run(moved, "restore", str(config.with_name("backup.db")))

    assert result.returncode == 0, result.stderr
    assert "kept" not in result.stdout
    assert _stories(other / "aggregator.db") == 2
