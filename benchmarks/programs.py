"""The programs that are measured side by side: this one, newsboat, and the library reader."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

__all__ = ["RULES", "Aggregator", "Newsboat", "Program", "Reader", "installed_programs"]

RULES = (
    '"drug war" OR "drug policy" OR fentanyl OR overdose* OR "prison reform"',
    'coup OR coups OR junta OR putsch OR "regime change"',
    '"police officers" OR policing OR sheriff* OR "body cameras"',
    '"union vote" OR picket* OR "collective bargaining" OR teamster*',
    'climate AND (emissions OR wildfire* OR pipeline* OR crisis)',
    'bolivia* OR brazil* OR chile OR colombia* OR cuba OR ecuador* OR venezuela*',
    'title:(court OR judge) NOT school',
    '"border patrol" OR migra* OR asylum',
    'ceasefire OR pentagon OR nato OR airstrike*',
    'tag:press AND (journalist* OR censorship)',
)  # fmt: skip
"""The rules of the topics that aggregator evaluates meanwhile."""


class Program(Protocol):
    """A program that ingests feeds into a database in a folder."""

    name: str

    @property
    def is_installed(self) -> bool:
        """Whether the program can be measured here."""

    def prepare(self, folder: Path, urls: Sequence[str]) -> list[str]:
        """Set the program up in an empty folder and return the command that fetches all feeds."""

    def stored(self, folder: Path) -> int:
        """Return the number of entries in its database."""


class Aggregator:
    """This program."""

    name = "aggregator"

    @property
    def is_installed(self) -> bool:
        """Always true."""
        return True

    def prepare(self, folder: Path, urls: Sequence[str]) -> list[str]:
        """Write feeds.toml."""
        sources = "".join(
            f'[[source]]\nid = "outlet-{n}"\nname = "Outlet {n}"\nfeed = "{url}"\n'
            f'site = "https://outlet-{n}.example/"\n'
            for n, url in enumerate(urls)
        )
        topics = "".join(
            f'[[topic]]\nid = "topic-{n}"\ntitle = "Topic"\nmatch = \'{rule}\'\n'
            for n, rule in enumerate(RULES)
        )
        (folder / "feeds.toml").write_text(
            '[site]\ntitle = "Bench"\nurl = "https://bench.example"\n'
            f'[fetch]\nallow_private = ["127.0.0.0/8"]\nspacing = "0s"\n{topics}{sources}'
        )
        config = str(folder / "feeds.toml")
        return [sys.executable, "-m", "aggregator", "--config", config, "ingest", "--all"]

    def stored(self, folder: Path) -> int:
        """Return the number of its entries."""
        return _count(folder / "aggregator.db", "select count(*) from entries")


class Newsboat:
    """The feed reader newsboat, in C++."""

    name = "newsboat"

    @property
    def is_installed(self) -> bool:
        """Whether the command is there."""
        return shutil.which("newsboat") is not None

    def prepare(self, folder: Path, urls: Sequence[str]) -> list[str]:
        """Write its files."""
        (folder / "urls").write_text("\n".join(urls))
        (folder / "config").write_text("reload-threads 8\nmax-items 0\n")
        return [
            "newsboat", "-q", "-u", str(folder / "urls"), "-c", str(folder / "cache.db"),
            "-C", str(folder / "config"), "-x", "reload",
        ]  # fmt: skip

    def stored(self, folder: Path) -> int:
        """Return the number of its entries."""
        return _count(folder / "cache.db", "select count(*) from rss_item")


class Reader:
    """The Python library reader, which needs other versions of our dependencies: it is run by the
    Python that READER_PYTHON names."""

    name = "reader"

    @property
    def is_installed(self) -> bool:
        """Whether that Python has it."""
        command = [_reader_python(), "-c", "import reader"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def prepare(self, folder: Path, urls: Sequence[str]) -> list[str]:
        """Write a script that adds the feeds and updates them."""
        script = folder / "read.py"
        script.write_text(
            "import sys\nfrom reader import make_reader\n"
            f"reader = make_reader({str(folder / 'reader.db')!r})\n"
            f"for url in {list(urls)!r}:\n    reader.add_feed(url, exist_ok=True)\n"
            "reader.update_feeds(scheduled=False, workers=8)\n"
        )
        return [_reader_python(), str(script)]

    def stored(self, folder: Path) -> int:
        """Return the number of its entries."""
        return _count(folder / "reader.db", "select count(*) from entries")


def installed_programs() -> tuple[list[Program], list[str]]:
    """The programs that can be measured here, this one first, and the names of the others."""
    programs: list[Program] = [Aggregator(), Newsboat(), Reader()]
    found = [program for program in programs if program.is_installed]
    return found, [program.name for program in programs if program not in found]


def _reader_python() -> str:
    return os.environ.get("READER_PYTHON", sys.executable)


def _count(database: Path, sql: str) -> int:
    connection = sqlite3.connect(database)
    try:
        count: int = connection.execute(sql).fetchone()[0]
    finally:
        connection.close()
    return count
