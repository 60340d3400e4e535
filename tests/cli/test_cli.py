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
import click
import pytest

from aggregator.cli import COMMANDS, main
from tests.harness.command_line import (
    run,
)

DEVELOPMENT_SCHEMA = Path(__file__).parents[1] / "store/sqlite/databases/development.sql"

# ---- help ------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_every_command_has_help(command: str) -> None:
    """Every command explains itself."""
    result = run(None, *([command] if command else []), "--help")

    assert result.returncode == 0
    assert len(result.stdout.split()) > 20


def test_the_list_of_commands_says_what_they_do() -> None:
    """Their first lines, which `--help` knows without importing the commands."""
    context = click.Context(main)
    for name, (_, line) in COMMANDS.items():
        command = main.get_command(context, name)
        assert command is not None
        assert command.get_short_help_str(limit=200) == line


# ---- good input ------------------------------------------------------------------------


def test_check_accepts_a_valid_file(config: Path) -> None:
    """A valid file is confirmed, with its numbers of sources and topics."""
    result = run(config, "check")

    assert result.returncode == 0
    assert "is valid: 2 sources, 1 topic." in result.stdout


def test_check_warns_of_an_unusable_database(config: Path) -> None:
    """`check` warns of a database that makes `ingest` fail."""
    database = config.parent / "aggregator.db"
    with closing(sqlite3.connect(database)) as db:
        db.executescript(DEVELOPMENT_SCHEMA.read_text(encoding="utf-8"))

    checked, ingested = run(config, "check"), run(config, "ingest")

    sentence = "written by a development version of aggregator before 0.2.0"
    assert sentence in checked.stderr
    assert checked.returncode == 0
    assert sentence in ingested.stderr
    assert ingested.returncode == 2


def test_check_reports_every_problem(config: Path) -> None:
    """All problems are reported with their lines, and no file is created."""
    config.write_text(config.read_text() + "[sight]\n[publish]\nport = 0\n")

    result = run(config, "check")

    assert result.returncode == 1
    assert "has 2 problems" in result.stderr
    assert re.search(r"line \d+: sight: .* did you mean 'site'", result.stderr)
    assert re.search(r"line \d+: publish.port: found 0", result.stderr)
    assert run(config, "ingest").returncode == 1
    assert list(config.parent.iterdir()) == [config]


def test_schema_prints_a_json_schema() -> None:
    """Editors can check feeds.toml with the JSON Schema."""
    schema = json.loads(run(None, "schema").stdout)

    assert set(schema["properties"]) >= {"site", "source", "topic", "defaults", "fetch"}


def test_ingest_prints_a_json_report(config: Path) -> None:
    """The counts of the report balance, and the log goes to standard error."""
    result = run(config, "ingest", "--json")

    report = json.loads(result.stdout)
    for counts in (report["total"], *report["sources"].values()):
        assert counts["received"] == sum(counts[k] for k in ("new", "updated", "known", "rejected"))
    assert report["total"]["new"] == report["sources"]["harbor"]["new"] == 2
    assert report["sources"]["harbor"]["error"] is None
    assert "500" in report["sources"]["broken"]["error"]
    assert "event=fetched source=harbor status=200 outcome=changed" in result.stderr
    assert result.returncode == 0


def test_ingest_fetches_what_is_due(config: Path) -> None:
    """Nothing is due right after a run; --source and --all fetch anyway."""
    run(config, "ingest")

    assert "Nothing is due" in run(config, "ingest").stdout
    assert "1 source: 0 entries" in run(config, "ingest", "--source", "harbor").stdout
    assert "2 sources" in run(config, "ingest", "--all").stdout
    twice = run(config, "ingest", "--source", "harbor", "--source", "harbor")
    assert "1 source:" in twice.stdout


def test_sources_and_topics_are_listed(config: Path) -> None:
    """`sources` shows what fails, since when and why; `topics` shows placements and reasons."""
    run(config, "ingest")

    listed = run(config, "sources").stdout
    assert listed.index("broken") < listed.index("harbor")
    assert "broken: The server responded with an error. (500" in listed
    one = run(config, "sources", "broken").stdout
    assert re.search(r"failing since: +20\d\d-", one)
    assert re.search(r"labor +1 +\d{4}-\d\d-\d\d +Labor", run(config, "topics").stdout)
    assert "harbor: rule found title: strike" in run(config, "topics", "labor").stdout


def test_publish_writes_only_what_has_changed(config: Path, tmp_path: Path) -> None:
    """Every URL has a file, also compressed, and a second run writes nothing."""
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


def test_publish_overwrites_no_other_site(config: Path, tmp_path: Path) -> None:
    """A folder with files must be one that was published to before, or be declared one."""
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "index.html").write_text("Our garden.")
    refused = run(config, "publish", str(tmp_path / "public"))

    assert refused.returncode == 2
    assert "is not empty, and `aggregator publish` has not written to it before." in refused.stderr
    assert [each.name for each in (tmp_path / "public").iterdir()] == ["index.html"]
    (tmp_path / "public" / ".published").touch()
    assert run(config, "publish", str(tmp_path / "public")).returncode == 0
    assert "Our garden." not in (tmp_path / "public" / "index.html").read_text()


@pytest.mark.parametrize(
    "command",
    [("publish", ""), ("backup", ""), ("--config", "", "check"), ("serve", "--host", " ")],
)
def test_an_empty_argument_is_no_name(config: Path, command: tuple[str, ...]) -> None:
    """It comes from a script with an unset variable, and does not mean the current folder."""
    result = run(config, *command)

    assert result.returncode == 2
    assert "empty." in result.stderr


def test_a_new_database_is_announced(config: Path) -> None:
    """Once, so that an operator notices if the old one is gone."""
    first, second = run(config, "sources"), run(config, "sources")

    assert "Created a new database, " in first.stderr
    assert second.stderr == ""


def test_publish_removes_outdated_files(config: Path, tmp_path: Path) -> None:
    """Files of a removed topic are deleted, and files of others stay."""
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


def _error_sentence(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    lines = result.stderr.strip().splitlines()
    assert [line.startswith("Error: ") for line in lines if "new database" not in line] == [True]
    return lines[-1]


def test_unknown_names_are_explained(config: Path) -> None:
    """The error lists the known names, or suggests one."""
    run(config, "sources")
    assert "did you mean 'harbor'?" in _error_sentence(run(config, "ingest", "--source", "harbour"))
    assert "known: labor." in _error_sentence(run(config, "topics", "zzz"))
    assert "no source 'zzz'" in _error_sentence(run(config, "sources", "zzz"))


def test_a_database_that_cannot_be_created_is_explained(config: Path, tmp_path: Path) -> None:
    """A database can be neither in a missing folder nor a folder itself."""
    missing = str(tmp_path / "no" / "x.db")
    assert "does not exist; create it" in _error_sentence(
        run(config, "ingest", AGGREGATOR_DATABASE=missing)
    )
    (tmp_path / "folder.db").mkdir()
    folder = str(tmp_path / "folder.db")
    assert "it is a folder; name a file" in _error_sentence(
        run(config, "ingest", AGGREGATOR_DATABASE=folder)
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /proc")
def test_an_unwritable_database_folder_is_explained(config: Path) -> None:
    """The error for a folder that cannot be written names the database."""
    sentence = _error_sentence(run(config, "ingest", AGGREGATOR_DATABASE="/proc/news.db"))

    assert "The database /proc/news.db cannot be created" in sentence


@pytest.mark.parametrize("command", ["serve", "run"])
def test_a_port_in_use_is_explained(config: Path, command: str) -> None:
    """The error names the port, and says what to do."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = str(holder.getsockname()[1])

        sentence = _error_sentence(run(config, command, "--port", port))

    assert f"port {port} (Address already in use); stop the program that uses it" in sentence


def test_an_unwritable_publish_folder_is_explained(config: Path, tmp_path: Path) -> None:
    """A file in place of a folder is an error."""
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / ".published").touch()
    (tmp_path / "public" / "topics").write_text("in the way")
    run(config, "ingest")

    assert "Cannot write" in _error_sentence(run(config, "publish", str(tmp_path / "public")))


def test_conflicting_options_are_refused(config: Path) -> None:
    """--loop always fetches what is due, so it excludes --all."""
    result = run(config, "ingest", "--loop", "--all")

    assert result.returncode == 2
    assert "--loop cannot be combined with other options" in result.stderr


@pytest.mark.parametrize("host", ["nonsense..x", "a" * 70])
def test_an_invalid_host_is_explained(config: Path, host: str) -> None:
    """An invalid host is an error in one sentence."""
    assert f"Cannot listen on {host}" in _error_sentence(run(config, "serve", "--host", host))
