"""The peak memory of ingest, and how much one hostile source adds to it.

200 feeds are fetched once alone, and once together with each hostile server of docs/hostile.md.
Memory is the highest sum over all processes of the program (proportional set size).
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.feed_server import serve_feeds
from benchmarks.feeds import make_feed
from benchmarks.ingest import ENTRIES, FEEDS, made_feeds
from benchmarks.measuring import run_measured
from benchmarks.programs import Aggregator
from tests.harness.hostile_server import Script, open_hostile_press, reply
from tests.ingest.test_hostile import SCRIPTS

__all__ = ["report"]

RUNS = 2
SMALL_ENTRY = (
    b"<item><title>Story %(n)d</title><link>https://h.example/2026/story-%(n)d</link>"
    b"<guid>https://h.example/?p=%(n)d</guid></item>"
)
EMOJI = "🎉".encode() * 490_000
SMALL_JSON_ENTRY = (
    b'{"id": "%(n)d", "title": "Story %(n)d", "url": "https://h.example/2026/story-%(n)d",'
    b' "date_published": "2026-10-05T10:00:00Z"}'
)
CASES: dict[str, Callable[[], Script]] = {
    case: SCRIPTS[case]
    for case in (
        "endless body", "trickled body", "gzip bomb", "zstd bomb", "brotli bomb", "billion laughs",
        "quadratic blowup", "1,000-deep nesting", "150,000 elements deep", "huge attribute",
        "millions of entries", "millions of tags", "millions of objects", "millions of values",
        "a huge entry", "lists in lists", "many small entities",
    )
} | {
    "100,000 entries": lambda: reply(
        "Content-Type: application/rss+xml\r\n",
        b"<rss version='2.0'><channel>" + b"<item/>" * 99_999,
    ),
    "100,000 small entries": lambda: reply(
        "Content-Type: application/rss+xml\r\n",
        b"<rss version='2.0'><channel>"
        + b"".join(SMALL_ENTRY % {b"n": n} for n in range(99_999))
        + b"</channel></rss>",
    ),
    "100,000 small entries in JSON": lambda: reply(
        "Content-Type: application/feed+json\r\n",
        b'{"items": [' + b",".join(SMALL_JSON_ENTRY % {b"n": n} for n in range(99_999)) + b"]}",
    ),
    "three entries of 2 MB in emoji": lambda: reply(
        "Content-Type: application/rss+xml\r\n",
        b"<rss version='2.0'><channel>"
        + 3 * (b"<item><description>%s</description></item>" % EMOJI),
    ),
    "4 MB in UTF-16": lambda: reply(
        "Content-Type: application/rss+xml\r\n",
        make_feed(9999, 2500, "rich").decode()[:1_999_000].encode("utf-16"),
    ),
    "a good feed of 15 MB": lambda: reply(
        "Content-Type: application/rss+xml\r\n", make_feed(9999, 5000, "rich")[:14_999_000]
    ),
}  # fmt: skip


def report() -> str:
    """Measure and return the section in Markdown."""
    with serve_feeds(made_feeds("rich")) as (urls, _):
        alone = max(_peak(urls) for _ in range(RUNS))
        rows = []
        for case, script in CASES.items():
            with _hostile(script) as url:
                peak = max(_peak([url, *urls]) for _ in range(RUNS))
            rows.append(f"| {case} | {peak / 1e6:.0f} | {(peak - alone) / 1e6:+.0f} |")
    table = "\n".join(rows)
    return f"""\
## Memory

{FEEDS} rich feeds of {ENTRIES} entries, first fetch: the highest sum over all processes, in MB, \
the higher of {RUNS} runs.
Then the same together with one hostile server of [the list](hostile.md).

| with the {FEEDS} feeds | peak | more |
|---|---|---|
| nothing | {alone / 1e6:.0f} | |
{table}
"""


@contextmanager
def _hostile(script: Callable[[], Script]) -> Iterator[str]:
    with open_hostile_press() as press:
        yield press.put("/feed", script())


def _peak(urls: list[str]) -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return run_measured(Aggregator().prepare(folder, urls), folder).peak_bytes
