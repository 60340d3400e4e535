"""Ingest, cold and warm, compared with newsboat and the library reader, on the same feeds.

Each program runs in its own process: it starts, fetches all feeds from a server on loopback into
an empty SQLite database, and ends. A second run has nothing new.
"""

import csv
import os
import platform
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import steps
from benchmarks.feed_server import serve_feeds
from benchmarks.feeds import KINDS, make_feed
from benchmarks.measuring import Usage, median_with_spread, run_measured
from benchmarks.programs import RULES, Program, installed_programs

__all__ = ["ENTRIES", "FEEDS", "made_feeds", "news_feeds", "report"]

FEEDS = 200
ENTRIES = 50
ROUNDS = 3
SHARED = Path(__file__).parents[2] / "shared" / "data" / "feeds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round of a program: what its first and its second run have used, and stored entries."""

    cold: Usage
    warm: Usage
    stored: int
    database_bytes: int

    @property
    def rate(self) -> float:
        """Entries per second, cold."""
        return self.stored / self.cold.seconds

    @property
    def cost(self) -> float:
        """Milliseconds of processor time per entry, cold."""
        return 1000 * self.cold.processor_seconds / self.stored


def report() -> str:
    """Measure all installed programs and return the section in Markdown."""
    programs, missing = installed_programs()
    tables = []
    for kind, about in KINDS.items():
        title = f"{kind.capitalize()} feeds, {FEEDS} of {ENTRIES} entries: {about}."
        tables.append(f"{title}\n\n{_table(made_feeds(kind), programs)}")
    if real := news_feeds():
        title = f"Real feeds of news outlets, {len(real)} of `shared/data/feeds/real`."
        tables.append(f"{title}\n\n{_table(real, programs)}")
    one_host = _table(made_feeds("rich"), programs[:1], is_one_host=True)
    tables.append(f"Rich feeds once more, all of one host, with {_ONE_HOST}.\n\n{one_host}")
    return _section(tables, missing)


_ONE_HOST = "the usual limit of two connections to it"


def made_feeds(kind: str) -> Mapping[str, bytes]:
    """Made-up feeds by name."""
    return {f"feed-{n}": make_feed(n, ENTRIES, kind) for n in range(FEEDS)}


def news_feeds() -> Mapping[str, bytes]:
    """Real feeds by name; none if they are not here."""
    if not SHARED.is_dir():
        return {}
    with (SHARED / "manifest.csv").open(encoding="utf-8", newline="") as rows:
        files = [row["file"] for row in csv.DictReader(rows) if row["news_like"] == "1"]
    return {f"feed-{n}": (SHARED / file).read_bytes() for n, file in enumerate(files)}


def _table(
    feeds: Mapping[str, bytes], programs: Sequence[Program], *, is_one_host: bool = False
) -> str:
    rounds: dict[str, list[Round]] = {program.name: [] for program in programs}
    with serve_feeds(feeds, is_one_host=is_one_host) as (urls, _):
        for _ in range(ROUNDS):  # in turn, so that a busy machine slows all of them
            for program in programs:
                rounds[program.name].append(_measure(program, urls))
    ours = statistics.median(each.rate for each in rounds[programs[0].name])
    rows = []
    for name, measured in rounds.items():
        rate = statistics.median(each.rate for each in measured)
        rows.append(
            f"| {name} | {measured[0].stored:,} "
            f"| {median_with_spread([each.cold.seconds for each in measured])} "
            f"| {rate:,.0f} | {rate / ours:.2f} "
            f"| {median_with_spread([each.cost for each in measured])} "
            f"| {median_with_spread([each.warm.seconds for each in measured])} "
            f"| {max(max(e.cold.peak_bytes, e.warm.peak_bytes) for e in measured) / 1e6:.0f} "
            f"| {measured[0].database_bytes / 1e6:.1f} |"
        )
    return (
        "| program | entries | cold, s | entries/s | ratio | processor, ms per entry | again, s "
        "| peak MB | database, MB |\n|---|---|---|---|---|---|---|---|---|\n"
        + "\n".join(rows)
        + "\n"
    )


def _measure(program: Program, urls: Sequence[str]) -> Round:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = program.prepare(folder, urls)
        cold = run_measured(command, folder)
        stored = program.stored(folder)
        size = sum(file.stat().st_size for file in folder.glob("*.db*"))
        warm = run_measured(command, folder)
        if program.stored(folder) != stored:
            raise SystemExit(f"{program.name} stored entries twice.")
        return Round(cold=cold, warm=warm, stored=stored, database_bytes=size)


def _section(tables: Sequence[str], missing: Sequence[str]) -> str:
    absent = "".join(f"\n{name} was not installed and is not in the tables.\n" for name in missing)
    return f"""## Ingest

Each program in its own process from start to end, on {os.cpu_count()} cores with Python \
{platform.python_version()}; medians of {ROUNDS} rounds, with the lowest and the highest.
Each outlet has a loopback address of its own.
"Again" is a second run with nothing new; processor time and memory (proportional set size) are \
those of all processes.
aggregator also cleans every entry, compares it with those of other outlets, evaluates \
{len(RULES)} topic rules and indexes its words, which the others do not.

{chr(10).join(tables)}{absent}
## Where the time goes

Each step on rich feeds, in one process.
In the program, parsing and cleaning run in {os.cpu_count()} processes in parallel; starting the \
program comes on top.

{steps.table(RULES)}"""
