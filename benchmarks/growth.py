"""How costs grow with the number of stories, sources and topics.

a store of each size (fill) --> ingest of new entries, pages and feeds that are in no cache,
                                search, start of the server
"""

import http.client
import math
import os
import random
import shutil
import sqlite3
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from aggregator.config import Config, read_config_file
from aggregator.garbage import tune_gc
from aggregator.model import ALL
from aggregator.site import PublicSite
from aggregator.store import Store, open_store
from aggregator.store.sqlite.contents import read_text
from benchmarks.feed_server import serve_feeds
from benchmarks.feeds import NEWEST, make_feed
from benchmarks.fill import INTERVAL, config_text, fill
from benchmarks.measuring import run_measured
from benchmarks.plot import Series, log_log_plot
from tests.harness.command_line import argv, free_port

__all__ = ["report", "report_large"]

STORY_COUNTS = (10_000, 30_000, 100_000)
LARGE_COUNTS = (10_000, 100_000, 1_000_000)
SOURCES, TOPICS = 200, 10
OTHER_COUNTS = (10, 100, 1_000)
"""Numbers of sources, and of topics, with the smallest number of stories."""
FEEDS, ENTRIES = 40, 50
"""New feeds that are ingested into each store, and entries of each."""
ROUNDS = 9
QUERIES = ("council", "harbor AND strike", "title:police", "border wages", "people NOT police")
PLOT = Path(__file__).parent.parent / "docs" / "growth.svg"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What is measured: a store of so many stories, with so many sources and topics."""

    stories: int
    sources: int = SOURCES
    topics: int = TOPICS


@dataclass(slots=True)
class Costs:
    """What was measured, by measure: milliseconds, and bytes for the sizes."""

    size: Size
    values: dict[str, float] = field(default_factory=dict)


MEASURES = {
    "ingest": "ingest, ms an entry",
    "feed": "uncached topic feed, ms",
    "page": "page 500 of all stories, or the oldest, ms",
    "story": "page of a story, ms",
    "search": "search, first page, ms",
    "start": "start to first answer, ms",
    "ratio": "database bytes : bytes of text",
}
TIMES = ("ingest", "feed", "page", "story", "search", "start")


def report() -> str:
    """Measure up to 100,000 stories; returns the section in Markdown and draws the plot."""
    with tempfile.TemporaryDirectory() as name:
        stories = list(_measure_stories(Path(name), STORY_COUNTS))
    others: dict[str, list[Costs]] = {}
    for kind in ("sources", "topics"):
        others[kind] = []
        for number in OTHER_COUNTS:
            with tempfile.TemporaryDirectory() as name:
                size = Size(stories=STORY_COUNTS[0], **{kind: number})
                others[kind] += _measure_stories(Path(name), [size.stories], size)
    PLOT.write_text(_plot(stories), encoding="utf-8")
    return f"""## Growth

Costs with {STORY_COUNTS[0]:,} to {STORY_COUNTS[-1]:,} stories of {SOURCES} sources in {TOPICS} \
topics, and with more sources and topics; medians.
Ingest is a run of the command for {FEEDS} sources with {ENTRIES} new entries each, less \
the time of one with nothing new.
The exponent says how a cost grows: 0 is constant, 1 is proportional.

![costs by number of stories](growth.svg)

{_table("stories", stories)}
{_table("sources", others["sources"])}
{_table("topics", others["topics"])}"""


def report_large() -> str:
    """Measure up to a million stories."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        stories = list(_measure_stories(Path(name), LARGE_COUNTS))
    minutes = (time.perf_counter() - began) / 60
    return f"""## Growth to a million stories

The same with up to {LARGE_COUNTS[-1]:,} stories; the store is filled by the code that ingest \
runs, and `aggregator doctor` finds nothing wrong with it. All of it takes {minutes:.0f} minutes.

{_table("stories", stories)}"""


def _measure_stories(
    folder: Path, numbers: Sequence[int], size: Size | None = None
) -> Iterator[Costs]:
    """Fill one store step by step, and measure at each."""
    feeds = {f"feed-{n}": b"" for n in range(FEEDS)}
    filled = 0
    with serve_feeds(feeds) as (urls, put):
        for number in numbers:
            each = size or Size(stories=number)
            file = folder / "feeds.toml"
            file.write_text(config_text(urls, each.sources, each.topics))
            config = read_config_file(file, {})
            with closing(open_store(config.database)) as store:
                newest = NEWEST - (max(numbers) - number) * INTERVAL
                fill(store, config, filled, number, newest)
            filled = number
            yield _measure(file, config, each, put)


def _measure(file: Path, config: Config, size: Size, put: Callable[[str, bytes], None]) -> Costs:
    costs = Costs(size)
    subprocess.run(argv(file, "doctor"), check=True, stdout=subprocess.DEVNULL)
    with closing(open_store(config.database)) as store:
        site = PublicSite(config, store)
        tune_gc()  # as the server does
        costs.values |= _render(site, store, config)
        costs.values["ratio"] = _size(config.database) / _text_bytes(config.database)
    costs.values["start"] = statistics.median(_start(file) for _ in range(3)) * 1000
    costs.values["ingest"] = _ingest(file, config, size, put)
    return costs


def _ingest(file: Path, config: Config, size: Size, put: Callable[[str, bytes], None]) -> float:
    """Milliseconds per new entry, the median of three runs on a copy of the database. A first run,
    which is not counted, does what is due once an hour."""
    known = min(FEEDS, size.sources)
    costs = []
    with tempfile.TemporaryDirectory(dir=file.parent) as name:
        folder = Path(name)
        for original in (file, config.database):
            shutil.copy(original, folder)
        os.sync()  # so that the copy is not written while we measure
        command = argv(
            folder / file.name, "ingest", *(f"--source=outlet-{n}" for n in range(known))
        )
        for round_ in range(4):
            for number in range(known):
                document = make_feed(size.stories + FEEDS * round_ + number, ENTRIES, "rich")
                put(f"feed-{number}", document)
            whole = run_measured(command, folder).seconds
            start = run_measured(command, folder).seconds
            costs.append((whole - start) / (known * ENTRIES) * 1000)
    return statistics.median(costs[1:])


def _render(site: PublicSite, store: Store, config: Config) -> dict[str, float]:
    rng = random.Random(1)
    topics = rng.choices([topic.id for topic in config.topics], k=ROUNDS)
    stories = [story.id for story in store.lists.latest(ALL, 100)]
    oldest = store.lists.older_pages(ALL, config.site.per_page, None)
    page = max(oldest.newest - 500, 1)
    paths = {
        "feed": [f"/topics/{topic}.atom" for topic in topics],
        "page": [f"/all/older/{page + n}" for n in range(ROUNDS)],
        "story": [f"/stories/{id_}" for id_ in rng.choices(stories, k=ROUNDS)],
    }
    found = {kind: [_build(site, path) for path in some] for kind, some in paths.items()}
    found["search"] = [_build(site, "/search", q) for q in QUERIES]
    return {kind: statistics.median(some) * 1000 for kind, some in found.items()}


def _build(site: PublicSite, path: str, query: str = "") -> float:
    """Seconds to build the document at a path, the better of two: only what SQLite and the disk
    keep in memory is cached."""
    given = {"q": [query]} if query else {}

    def once() -> float:
        began = time.perf_counter()
        resource = site.find(path, site.parse_params(path, given))
        document = resource.build() if resource else None
        if document is None or document.status != 200:
            raise SystemExit(f"{path} was not found.")
        return time.perf_counter() - began

    return min(once(), once())


def _start(file: Path) -> float:
    """Seconds from the command until the server answers."""
    port = free_port()
    began = time.perf_counter()
    process = subprocess.Popen(argv(file, "serve", "--port", str(port)), stderr=subprocess.DEVNULL)
    try:
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", port)
            try:
                connection.request("GET", "/topics/topic-1.atom")
                assert connection.getresponse().status == 200
            except ConnectionError:
                assert process.poll() is None
                time.sleep(0.01)
            else:
                return time.perf_counter() - began
            finally:
                connection.close()
    finally:
        process.terminate()
        process.wait(10)


def _size(database: Path) -> int:
    return sum(file.stat().st_size for file in database.parent.glob(f"{database.name}*"))


def _text_bytes(database: Path) -> int:
    """Bytes of the texts that are kept."""
    with closing(sqlite3.connect(database)) as db:
        db.create_function("bytes_of", 1, lambda text: len(read_text(text).encode()))
        sql = """select sum(length(cast(title as blob)) + length(cast(summary as blob)))
                        + (select sum(bytes_of(compressed)) from contents) from entries"""
        found: int = db.execute(sql).fetchone()[0]
    return found


def _table(kind: str, rows: Sequence[Costs]) -> str:
    heads = " | ".join(f"{getattr(row.size, kind):,} {kind}" for row in rows)
    lines = []
    for measure, name in MEASURES.items():
        values = " | ".join(f"{row.values[measure]:.2f}" for row in rows)
        exponent = f"{_exponent(kind, rows, measure):.2f}"
        lines.append(f"| {name} | {values} | {exponent} |")
    return f"| | {heads} | exponent |\n|---|{'---|' * len(rows)}---|\n" + "\n".join(lines) + "\n"


def _exponent(kind: str, rows: Sequence[Costs], measure: str) -> float:
    """The slope of the cost by the number, both as logarithms (least squares)."""
    xs = [math.log(getattr(row.size, kind)) for row in rows]
    ys = [math.log(row.values[measure]) for row in rows]
    return statistics.linear_regression(xs, ys).slope


def _plot(rows: Sequence[Costs]) -> str:
    lines = [
        Series(MEASURES[each].split(",")[0], [(r.size.stories, r.values[each]) for r in rows])
        for each in TIMES
    ]
    return log_log_plot("stories", "milliseconds", lines)
