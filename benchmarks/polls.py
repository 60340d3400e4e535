"""Polling outlets with little or nothing new, which is most of the work of a day.

    1,000 sources that respond with 304
    1,000 sources that send the same body again, without validators
    200 sources of 100 entries, one of which is new

Each beside newsboat and the library reader, after a first run that stores everything. A run with
one source is taken off: it is the start of the program.
"""

import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from benchmarks.feed_server import serve_feeds
from benchmarks.feeds import make_feed
from benchmarks.measuring import Usage, median_with_spread, run_measured
from benchmarks.programs import Program, installed_programs

__all__ = ["report"]

ROUNDS, OTHER_ROUNDS = 3, 1
"""Rounds of this program, and of the others, which take minutes."""
SOURCES, ENTRIES = 1000, 20
UPDATED_SOURCES, UPDATED_ENTRIES = 200, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """A round: what a run over all sources has used, and one over a single source."""

    all: Usage
    one: Usage

    @property
    def seconds(self) -> float:
        """Without the start of the program."""
        return max(self.all.seconds - self.one.seconds, 0.001)

    @property
    def processor_seconds(self) -> float:
        """Without the start of the program."""
        return max(self.all.processor_seconds - self.one.processor_seconds, 0.001)


def report() -> str:
    """Measure all installed programs and return the section in Markdown."""
    programs, missing = installed_programs()
    quiet = {f"feed-{n}": make_feed(n, ENTRIES, "plain") for n in range(SOURCES)}
    busy = {f"feed-{n}": make_feed(n, UPDATED_ENTRIES, "plain") for n in range(UPDATED_SOURCES)}
    absent = "".join(f"\n{name} was not installed and is not in the tables.\n" for name in missing)
    return f"""## Polls

{SOURCES:,} sources of {ENTRIES} entries, each at a loopback address of its own, fetched again; \
medians of {ROUNDS} rounds, with the lowest and the highest; of the other programs {OTHER_ROUNDS}.
Startup time, measured by a run with one source, is subtracted.

All respond with 304:

{_table(quiet, programs)}
All send the same body again, without validators:

{_table(quiet, programs, has_validators=False)}
{UPDATED_SOURCES} sources of {UPDATED_ENTRIES} entries, one of which is new:

{_table(busy, programs, update=_with_a_new_entry)}{absent}"""


def _table(
    feeds: Mapping[str, bytes],
    programs: Sequence[Program],
    *,
    has_validators: bool = True,
    update: Callable[[bytes, int], bytes] | None = None,
) -> str:
    rows = []
    with serve_feeds(feeds, has_validators=has_validators) as (urls, put):
        for program in programs:
            for name, body in feeds.items():
                put(name, body)
            polls = _measure(program, urls, feeds, put, update)
            seconds = [poll.seconds for poll in polls]
            rate = len(feeds) / statistics.median(seconds)
            cost = [1000 * poll.processor_seconds / len(feeds) for poll in polls]
            start = statistics.median(poll.one.seconds for poll in polls)
            rows.append((program.name, seconds, rate, cost, start))
    ours = rows[0][2]
    lines = "\n".join(
        f"| {name} | {median_with_spread(seconds)} | {rate:,.0f} | {ours / rate:.1f} "
        f"| {median_with_spread(cost)} | {start:.2f} |"
        for name, seconds, rate, cost, start in rows
    )
    return (
        "| program | seconds | sources/s | aggregator is faster by | processor, ms per source "
        f"| start, s |\n|---|---|---|---|---|---|\n{lines}\n"
    )


def _measure(
    program: Program,
    urls: Sequence[str],
    feeds: Mapping[str, bytes],
    put: Callable[[str, bytes], None],
    update: Callable[[bytes, int], bytes] | None,
) -> list[Poll]:
    polls = []
    with tempfile.TemporaryDirectory() as many, tempfile.TemporaryDirectory() as single:
        folder, other = Path(many), Path(single)
        command, start = program.prepare(folder, urls), program.prepare(other, urls[:1])
        run_measured(command, folder)
        run_measured(start, other)
        stored = program.stored(folder)
        for number in range(ROUNDS if program.name == "aggregator" else OTHER_ROUNDS):
            if update:
                for name, body in feeds.items():
                    put(name, update(body, number))
            polls.append(Poll(all=run_measured(command, folder), one=run_measured(start, other)))
            expected = stored + (number + 1) * len(feeds) * bool(update)
            if program.stored(folder) != expected:
                raise SystemExit(f"{program.name} has {program.stored(folder)}, not {expected}.")
    return polls


def _with_a_new_entry(body: bytes, number: int) -> bytes:
    """The feed with another entry before the others, and without the last one."""
    head, first, *rest = body.split(b"<item>")
    link = b"https://new.example/%d/%d" % (number, crc32(body))
    new = (
        b"<title>News %d</title><link>%b</link><guid>%b</guid>"
        b"<pubDate>Thu, 01 Oct 2026 18:0%d:00 +0000</pubDate>"
        b"<description>Something new has happened.</description></item>"
    ) % (number, link, link, number)
    return b"<item>".join([head, new, first, *rest])
