"""What readers notice of a first import: how long a warm feed takes while 200 feeds are fetched.

aggregator serve   <--GET, one after the other-- a reader
aggregator ingest  --into the same database--    200 outlets
"""

import http.client
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.feed_server import serve_feeds
from benchmarks.ingest import ENTRIES, FEEDS, made_feeds
from benchmarks.measuring import median_with_spread
from benchmarks.programs import Aggregator
from tests.harness.command_line import free_port, wait_for_url

__all__ = ["report"]

ROUNDS = 3
IDLE_SECONDS = 5.0
FIRST_FEEDS = 20
"""Feeds that are stored before the reader comes."""
PAUSE_SECONDS = 0.002
PATH = "/all.atom"


def report() -> str:
    """Measure and return the section in Markdown."""
    rounds = [_measure() for _ in range(ROUNDS)]
    rows = []
    for share in (0.5, 0.99):
        idle = [_quantile(quiet, share) for quiet, _ in rounds]
        busy = [_quantile(loaded, share) for _, loaded in rounds]
        ratio = statistics.median(busy) / statistics.median(idle)
        rows.append(
            f"| {share:.0%} | {median_with_spread(idle, 1)} | {median_with_spread(busy, 1)} "
            f"| {ratio:.1f} |"
        )
    table = "\n".join(rows)
    return f"""\
## Latency during an import

One client requests a cached feed again and again, first with the program idle, then while {FEEDS} \
feeds of {ENTRIES} entries are fetched for the first time into the same database; medians of \
{ROUNDS} rounds, with the lowest and the highest.

| percentile | idle, ms | during the import, ms | ratio |
|---|---|---|---|
{table}
"""


def _measure() -> tuple[list[float], list[float]]:
    """Milliseconds of each response, idle and during an import."""
    feeds = made_feeds("rich")
    with (
        tempfile.TemporaryDirectory() as name,
        serve_feeds(feeds) as (urls, _),
        _serving(Path(name), urls) as port,
    ):
        ingest = Aggregator().prepare(Path(name), urls)
        first = [f"--source=outlet-{n}" for n in range(FIRST_FEEDS)]
        subprocess.run([*ingest[:-1], *first], check=True, capture_output=True)
        deadline = time.monotonic() + IDLE_SECONDS
        idle = _read(port, lambda: time.monotonic() > deadline)
        importing = subprocess.Popen(ingest, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            busy = _read(port, lambda: importing.poll() is not None)
        finally:
            importing.terminate()
            importing.wait()
        if importing.returncode:
            raise SystemExit("The import failed.")
        return idle, busy


@contextmanager
def _serving(folder: Path, urls: Sequence[str]) -> Iterator[int]:
    command = Aggregator().prepare(folder, urls)
    port = free_port()
    config = command[command.index("--config") + 1]
    serve = [sys.executable, "-m", "aggregator", "--config", config, "serve", "--port", str(port)]
    process = subprocess.Popen(serve, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_url(f"http://127.0.0.1:{port}/healthz")
        yield port
    finally:
        process.terminate()
        process.wait()


def _read(port: int, is_done: Callable[[], bool]) -> list[float]:
    reader = http.client.HTTPConnection("127.0.0.1", port)
    found = []
    while not is_done():
        began = time.perf_counter()
        reader.request("GET", PATH)
        response = reader.getresponse()
        response.read()
        found.append(1000 * (time.perf_counter() - began))
        if response.status != 200:
            raise SystemExit(f"The feed responds with {response.status}.")
        time.sleep(PAUSE_SECONDS)
    return found


def _quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[int(share * len(values))]
