"""Single commands, as an operator runs them: real processes, real files."""

import gzip
import json
import re
import socket
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import brotli
import pytest

from aggregator.cli import COMMANDS
from tests.harness.command_line import (
    run,
)

DEVELOPMENT_SCHEMA = Path(__file__).parents[1] / "store/sqlite/databases/development.sql"

# ---- help ------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help(command: str) -> None:
    """Every command explains itself."""
    result = run(None, *([command] if command else []), "--help")

    assert result.returncode == 0
    assert len(result.stdout.split()) > 20


# ---- once ------------------------------------------------------------------------------


def test_check(config: Path) -> None:
    """A right file is said to be right."""
    result = run(config, "check")

    assert result.returncode == 0
    assert "is right: 2 sources, 1 topic." in result.stdout


def test_check_warns_of_a_database_that_cannot_be_used(config: Path) -> None:
    """The file is right, but nothing would run: the warning says why, as all other commands do."""
    database = config.parent / "aggregator.db"
    with closing(sqlite3.connect(database)) as db:
        db.executescript(DEVELOPMENT_SCHEMA.read_text(encoding="utf-8"))

    checked, ingested = run(config, "check"), run(config, "ingest")

    sentence = "written by a development version of aggregator before 0.2.0"
    assert sentence in checked.stderr
    assert checked.returncode == 0
    assert sentence in ingested.stderr
    assert ingested.returncode == 2


def test_check_says_everything_that_is_wrong(config: Path) -> None:
    """All problems with their lines, exit code 1, nothing made."""
    config.write_text(config.read_text() + "[sight]\n[publish]\nport = 0\n")

    result = run(config, "check")

    assert result.returncode == 1
    assert "has 2 problems" in result.stderr
    assert re.search(r"line \d+: sight: .* did you mean 'site'", result.stderr)
    assert re.search(r"line \d+: publish.port: found 0", result.stderr)
    assert run(config, "ingest").returncode == 1
    assert list(config.parent.iterdir()) == [config]


def test_schema() -> None:
    """Editors get a JSON Schema."""
    schema = json.loads(run(None, "schema").stdout)

    assert set(schema["properties"]) >= {"site", "source", "topic", "defaults", "fetch"}


def test_ingest_json(config: Path) -> None:
    """The run report balances; logs go elsewhere."""
    result = run(config, "ingest", "--json")

    report = json.loads(result.stdout)
    for counts in (report["total"], *report["sources"].values()):
        assert counts["received"] == sum(counts[k] for k in ("new", "updated", "known", "rejected"))
    assert report["total"]["new"] == report["sources"]["harbor"]["new"] == 2
    assert report["sources"]["harbor"]["error"] is None
    assert "500" in report["sources"]["broken"]["error"]
    assert "event=fetched source=harbor status=200 outcome=changed" in result.stderr
    assert result.returncode == 0


def test_ingest_what_is_due(config: Path) -> None:
    """Once means once: a second run right after finds nothing due, unless told to look."""
    run(config, "ingest")

    assert "Nothing is due" in run(config, "ingest").stdout
    assert "1 sources: 0 entries" in run(config, "ingest", "--source", "harbor").stdout
    assert "2 sources" in run(config, "ingest", "--all").stdout
    twice = run(config, "ingest", "--source", "harbor", "--source", "harbor")
    assert "1 sources" in twice.stdout


def test_sources_and_topics(config: Path) -> None:
    """What is broken, since when and why; what stands where, and why."""
    run(config, "ingest")

    listed = run(config, "sources").stdout
    assert listed.index("broken") < listed.index("harbor")
    assert "broken: The server could not answer. (500" in listed
    one = run(config, "sources", "broken").stdout
    assert re.search(r"failing since: +20\d\d-", one)
    assert re.search(r"labor +1 +\d{4}-\d\d-\d\d \d\d:\d\d +Labor", run(config, "topics").stdout)
    assert "harbor: rule found title: strike" in run(config, "topics", "labor").stdout


def test_publish(config: Path, tmp_path: Path) -> None:
    """Every address has its file, with the bytes of the server; again, nothing is written."""
    run(config, "ingest")
    folder = tmp_path / "public"

    first = run(config, "publish", str(folder))
    times = {file: file.stat().st_mtime_ns for file in folder.rglob("*") if file.is_file()}
    second = run(config, "publish", str(folder))

    files = {str(file.relative_to(folder)) for file in times}
    assert files >= {
        "index.html", "all.json", "all/index.html", "topics/labor.rss", "topics/labor.atom",
        "topics/labor.json", "topics/labor/index.html", "sources/harbor.rss", "topics.opml",
        "sources.opml", "style.css",
    }  # fmt: skip
    assert len([f for f in files if f.startswith("stories/") and f.endswith("html")]) == 2
    for coding, unpack in (("gz", gzip.decompress), ("br", brotli.decompress)):
        packed = folder / f"topics/labor.atom.{coding}"
        assert unpack(packed.read_bytes()) == (folder / "topics/labor.atom").read_bytes()
    count = len(files) - 1  # the listing
    assert f"{count} files written, 0 unchanged, 0 removed" in first.stdout
    assert f"0 files written, {count} unchanged, 0 removed" in second.stdout
    assert {file: file.stat().st_mtime_ns for file in times} == times
    (folder / "all.rss").write_text("tampered")
    (folder / "all.json.gz").unlink()
    assert "2 files written" in run(config, "publish", str(folder)).stdout


def test_publish_removes_what_is_published_no_more(config: Path, tmp_path: Path) -> None:
    """A topic that is gone is gone from the folder too; what others put there stays."""
    run(config, "ingest")
    folder = tmp_path / "public"
    run(config, "publish", str(folder))
    (folder / "topics" / "mine.html").write_text("mine")
    config.write_text(config.read_text().replace('id = "labor"', 'id = "work"'))

    result = run(config, "publish", str(folder))

    assert re.search(r"\b[1-9]\d removed", result.stdout)
    assert not (folder / "topics" / "labor.atom").exists()
    assert not (folder / "topics" / "labor").exists()
    assert (folder / "topics" / "work.atom").exists()
    assert (folder / "topics" / "mine.html").read_text() == "mine"


# ---- bad input -------------------------------------------------------------------------


def _sentence(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert result.stderr.startswith("Error: ")
    assert len(result.stderr.strip().splitlines()) == 1
    return result.stderr


def test_unknown_names(config: Path) -> None:
    """The sentence says which there are, or which was meant."""
    assert "did you mean 'harbor'?" in _sentence(run(config, "ingest", "--source", "harbour"))
    assert "known: labor." in _sentence(run(config, "topics", "zzz"))
    assert "no source 'zzz'" in _sentence(run(config, "sources", "zzz"))


def test_a_database_that_cannot_be_made(config: Path, tmp_path: Path) -> None:
    """A missing folder, and a folder that is a file."""
    missing = str(tmp_path / "no" / "x.db")
    assert "does not exist; create it" in _sentence(
        run(config, "ingest", AGGREGATOR_DATABASE=missing)
    )
    (tmp_path / "folder.db").mkdir()
    folder = str(tmp_path / "folder.db")
    assert "cannot be opened" in _sentence(run(config, "ingest", AGGREGATOR_DATABASE=folder))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /proc")
def test_a_database_folder_that_cannot_be_written(config: Path) -> None:
    """It is said before anything is fetched."""
    sentence = _sentence(run(config, "ingest", AGGREGATOR_DATABASE="/proc/news.db"))

    assert "The database /proc/news.db cannot be used" in sentence


@pytest.mark.parametrize("command", ["serve", "run"])
def test_a_port_in_use(config: Path, command: str) -> None:
    """The sentence says which, and what to do."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = str(holder.getsockname()[1])

        sentence = _sentence(run(config, command, "--port", port))

    assert f"port {port} (Address already in use); stop what uses it" in sentence


def test_a_folder_that_cannot_be_published_into(config: Path, tmp_path: Path) -> None:
    """A file is in the way."""
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "topics").write_text("in the way")
    run(config, "ingest")

    assert "Cannot write" in _sentence(run(config, "publish", str(tmp_path / "public")))


def test_options_that_do_not_go_together(config: Path) -> None:
    """--loop takes what is due, always."""
    result = run(config, "ingest", "--loop", "--all")

    assert result.returncode == 2
    assert "--loop goes with no other option" in result.stderr


@pytest.mark.parametrize("host", ["nonsense..x", "a" * 70])
def test_a_host_that_is_none(config: Path, host: str) -> None:
    """It is a sentence."""
    assert f"Cannot listen on {host}" in _sentence(run(config, "serve", "--host", host))
