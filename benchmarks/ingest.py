"""Ingest, cold and warm, compared with newsboat and the library reader, on the same feeds.

Each program runs in its own process: it starts, fetches 200 feeds of 50 entries from a server on
loopback into an empty SQLite database, and ends. A second run has nothing new. Memory is the
highest sum over all processes of the program (proportional set size: shared pages count once).
"""

import multiprocessing
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Protocol

from aggregator.demo.press import CannedResponse, open_press
from benchmarks import steps
from benchmarks.feeds import KINDS, make_feed

__all__ = ["ENTRIES", "FEEDS", "Aggregator", "report", "run_timed", "serve_feeds"]

FEEDS = 200
ENTRIES = 50
RUNS = 3
"""Each figure is from the best run, which was disturbed the least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """The figures of one program: seconds cold and warm, peak memory in bytes, stored entries."""

    name: str
    cold: float
    warm: float
    peak: int
    stored: int

    @property
    def rate(self) -> float:
        """Entries per second, cold."""
        return self.stored / self.cold


def report() -> str:
    """Measure all installed programs and return the section in Markdown."""
    programs: list[Program] = [Aggregator(), _Newsboat(), _Reader()]
    present = [program for program in programs if program.is_installed]
    tables = []
    for kind, about in KINDS.items():
        with serve_feeds(kind) as urls:
            measured = [_measure(program, urls) for program in present]
        tables.append(f"{kind.capitalize()} feeds: {about}.\n\n{_table(measured)}")
    missing = [program.name for program in programs if not program.is_installed]
    return _section(tables, missing)


# ---- programs ----------------------------------------------------------------------


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
        return True

    def prepare(self, folder: Path, urls: Sequence[str]) -> list[str]:
        sources = "".join(
            f'[[source]]\nid = "outlet-{n}"\nname = "Outlet {n}"\nfeed = "{url}"\n'
            f'site = "https://outlet-{n}.example/"\n'
            for n, url in enumerate(urls)
        )
        topics = "".join(
            f'[[topic]]\nid = "topic-{n}"\ntitle = "Topic"\nmatch = \'{rule}\'\n'
            for n, rule in enumerate(_RULES)
        )
        (folder / "feeds.toml").write_text(
            '[site]\ntitle = "Bench"\nurl = "https://bench.example"\n'
            f'[fetch]\nallow_private = ["127.0.0.0/8"]\nspacing = "0s"\n{topics}{sources}'
        )
        config = str(folder / "feeds.toml")
        return [sys.executable, "-m", "aggregator", "--config", config, "ingest", "--all"]

    def stored(self, folder: Path) -> int:
        return _count(folder / "aggregator.db", "select count(*) from entries")


_RULES = (
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


class _Newsboat:
    name = "newsboat"

    @property
    def is_installed(self) -> bool:
        return shutil.which("newsboat") is not None

    def prepare(self, folder: Path, urls: Sequence[str]) -> list[str]:
        (folder / "urls").write_text("\n".join(urls))
        (folder / "config").write_text("reload-threads 8\nmax-items 0\n")
        return [
            "newsboat", "-q", "-u", str(folder / "urls"), "-c", str(folder / "cache.db"),
            "-C", str(folder / "config"), "-x", "reload",
        ]  # fmt: skip

    def stored(self, folder: Path) -> int:
        return _count(folder / "cache.db", "select count(*) from rss_item")


class _Reader:
    name = "reader"

    @property
    def is_installed(self) -> bool:
        return _python_has("reader")

    def prepare(self, folder: Path, urls: Sequence[str]) -> list[str]:
        script = folder / "read.py"
        script.write_text(
            "import sys\nfrom reader import make_reader\n"
            f"reader = make_reader({str(folder / 'reader.db')!r})\n"
            f"for url in {list(urls)!r}:\n    reader.add_feed(url, exist_ok=True)\n"
            "reader.update_feeds(workers=8)\n"
        )
        return [_reader_python(), str(script)]

    def stored(self, folder: Path) -> int:
        return _count(folder / "reader.db", "select count(*) from entries")


def _reader_python() -> str:
    """Return the Python that has reader, which needs other versions of our dependencies."""
    return os.environ.get("READER_PYTHON", sys.executable)


def _python_has(module: str) -> bool:
    command = [_reader_python(), "-c", f"import {module}"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _count(database: Path, sql: str) -> int:
    connection = sqlite3.connect(database)
    try:
        count: int = connection.execute(sql).fetchone()[0]
    finally:
        connection.close()
    return count


# ---- measuring ---------------------------------------------------------------------


def _measure(program: Program, urls: Sequence[str]) -> Measurement:
    runs = []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            command = program.prepare(folder, urls)
            cold, cold_peak = run_timed(command, folder)
            stored = program.stored(folder)
            warm, warm_peak = run_timed(command, folder)
            if program.stored(folder) != stored:
                raise SystemExit(f"{program.name} stored entries twice.")
            runs.append((cold, warm, max(cold_peak, warm_peak), stored))
    return Measurement(
        name=program.name,
        cold=min(cold for cold, *_ in runs),
        warm=min(warm for _, warm, *_ in runs),
        peak=max(peak for *_, peak, _ in runs),
        stored=runs[0][3],
    )


def run_timed(command: list[str], folder: Path) -> tuple[float, int]:
    """Run a command; return its seconds and the peak memory of its processes, in bytes."""
    with (folder / "output").open("ab") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env={**os.environ, "HOME": str(folder)}
        )
        watch = _MemoryWatch(process.pid)
        watch.start()
        code = process.wait()
        seconds = time.perf_counter() - began
    watch.stop()
    if code:
        raise SystemExit(f"{command[0]} failed:\n{(folder / 'output').read_text()[-2000:]}")
    return seconds, watch.peak


class _MemoryWatch(threading.Thread):
    """Records the peak memory of a process and its descendants."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._pid = pid
        self._done = threading.Event()

    def run(self) -> None:
        while not self._done.wait(0.1):
            self.peak = max(self.peak, sum(_memory_of(pid) for pid in _process_tree(self._pid)))

    def stop(self) -> None:
        self._done.set()
        self.join()


def _process_tree(pid: int) -> Iterator[int]:
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from _process_tree(int(child))


def _memory_of(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next(
        (int(line.split()[1]) * 1024 for line in text.splitlines() if line[:4] == "Pss:"), 0
    )


@contextmanager
def serve_feeds(kind: str) -> Iterator[list[str]]:
    """Serve the feeds from a separate process and yield their URLs."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs, kind))
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send(None)
        process.join()


def _serve(pipe: Connection, kind: str) -> None:
    with open_press("0.0.0.0") as press:
        headers = {"Content-Type": "application/rss+xml; charset=UTF-8"}
        pipe.send(
            [
                press.put(
                    f"/{n}/feed", CannedResponse(body=make_feed(n, ENTRIES, kind), headers=headers)
                ).replace("0.0.0.0", f"127.1.{n // 250}.{n % 250 + 1}")
                for n in range(FEEDS)
            ]
        )
        pipe.recv()


# ---- the section -------------------------------------------------------------------


def _table(measured: Sequence[Measurement]) -> str:
    ours = measured[0]
    rows = "\n".join(
        f"| {m.name} | {m.stored:,} | {m.cold:.2f} | {m.rate:,.0f} | {m.rate / ours.rate:.2f} "
        f"| {m.warm:.2f} | {m.peak / 1e6:.0f} |"
        for m in measured
    )
    return (
        "| program | entries | cold, s | entries/s | ratio | again, s | peak MB |\n"
        f"|---|---|---|---|---|---|---|\n{rows}\n"
    )


def _section(tables: Sequence[str], missing: Sequence[str]) -> str:
    absent = "".join(f"\n{name} was not installed and is not in the tables.\n" for name in missing)
    return f"""## Ingest

{FEEDS} feeds of {ENTRIES} entries on loopback, each program in its own process from start to \
end, best of {RUNS}, on {os.cpu_count()} cores with Python {platform.python_version()}.
"Again" is a second run with nothing new; memory is the highest sum over all processes of the \
program.
aggregator also cleans every entry, compares it with those of other outlets, and evaluates \
{len(_RULES)} topic rules, which the others do not.

{chr(10).join(tables)}{absent}
## Where the time goes

Each step on rich feeds, in one process.
In the program, parsing and cleaning run in {os.cpu_count()} processes in parallel; starting the \
program comes on top.

{steps.table(_RULES)}"""
