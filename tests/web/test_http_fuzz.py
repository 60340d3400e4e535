"""Whatever is sent to any route: no error of ours, no stall of another client, no growth.

FUZZED=20000 sends so many requests; by default it is a fifth, within half a minute.
"""

import asyncio
import os
import random
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from aggregator.demo.press import Press
from aggregator.model import ALL
from aggregator.site.routes import ROUTES
from aggregator.store import open_store
from tests.harness.command_line import (
    HEAD,
    argv,
    child_processes,
    free_port,
    run,
    source_table,
    wait_for_url,
)
from tests.harness.command_line import feed_response as feed
from tests.harness.newsroom import article

pytestmark = pytest.mark.slow

FUZZED = int(os.environ.get("FUZZED", "4000"))
CONNECTIONS = 8
MAX_STALL_SECONDS = 10.0
"""Of another client, on a machine that runs other tests at the same time."""
MAX_GROWTH_BYTES = 200_000_000
"""The cache of 64 MB, twice while it is replaced, and what requests in progress take."""
TEMPLATES = [*(route.template for route in ROUTES), "/hub", "/websub/abc", "/healthz"]
METHODS = ("GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE",
           "PROPFIND", "get", "G" * 300, "CONNECT", "M-SEARCH")  # fmt: skip
PARAMETERS = ("limit", "lang", "without", "q", "theme", "hub.mode", "hub.topic",
              "hub.challenge", "hub.lease_seconds", "hub.callback", "hub.secret", "x", "", "[]",
              "limit[]")  # fmt: skip
VALUES = (
    "", "0", "1", "-1", "999999999999999999999", "50", "1e9", "٣", "en", "../..", "%00", "harbor",
    "a" * 3000, "strike", "title:strike", '"strike harbor"~5', "NOT x", "(((((((((", "a OR " * 200,
    "x*", "content:a*", "'; drop table stories; --", "<script>", "\u202e\ud7ff\U0001f600",
    "subscribe",
    "unsubscribe", "https://t.example/topics/labor.rss", "http://127.0.0.1:9/", "javascript:1",
    "dark", "\x00\r\n", "tag:\"a b\"", "=" * 40, "&" * 40, "lang:es", "source:harbor",
)  # fmt: skip
BODIES = (b"x" * 20_000, b"hub.mode=subscribe", bytes(range(256)), b"a=b&" * 99)
HEADERS = ("Accept-Encoding", "If-None-Match", "If-Modified-Since", "Range", "Host", "Cookie",
           "Authorization", "Content-Type", "Sec-Fetch-Dest", "X-Forwarded-For", "Expect", "Origin",
           "Accept", "Upgrade", "Connection", "X_Under", "Transfer-Encoding", "TE",
           "X-Hub-Signature", "Referer")  # fmt: skip
HEADER_VALUES = (
    "", "*", "gzip;q=", "br;q=1e9, zstd;q=nan", '"x"', 'W/"' + "x" * 2000, "Mon, 99 Foo 0000",
    "bytes=0-99999999999", "t.example:99999", "\xff\xfe", "document", "100-continue", "h2c",
    "upgrade", "close", "chunked", "application/x-www-form-urlencoded", "multipart/form-data",
    "multipart/form-data; boundary=" + "b" * 300, "1.2.3.4, ::1", "sha256=00", "a" * 9000, "null",
)  # fmt: skip


@pytest.fixture
def served(tmp_path: Path, press: Press) -> Iterator[tuple[subprocess.Popen[str], int, str]]:
    """`aggregator serve` with a hub and some stories; the process, its port, and a story's id."""
    harbor = press.put("/f", feed("harbor", *(article(f"Strike {n}") for n in range(30))))
    file = tmp_path / "feeds.toml"
    file.write_text(f'{HEAD}[publish]\nhub = "self"\n{source_table("harbor", harbor)}')
    assert run(file, "ingest", "--no-push").returncode == 0
    with open_store(tmp_path / "aggregator.db") as store:
        (story, *_) = store.lists.latest(ALL, 1)
    port = free_port()
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(argv(file, "serve", "--port", str(port)), stderr=log, text=True)
    try:
        wait_for_url(f"http://127.0.0.1:{port}/")
        yield process, port, story.id
    finally:
        process.terminate()
        process.wait()


def _path(rng: random.Random, story: str) -> str:
    template = rng.choice(TEMPLATES)
    names = {"list": "/topics/labor", "topics": "labor", "format": "rss", "page": "1", "id": story}
    path = template
    for name, value in names.items():
        value = value if rng.random() < 0.8 else quote(rng.choice(VALUES), safe="")
        path = path.replace(f"{{{name}}}", value)
    if rng.random() < 0.1:
        path += rng.choice(["/", "//", "/../x", ";a=b", "%2e%2e", "%", "%zz", "\xff", "#x", "?"])
    pairs = (f"{rng.choice(PARAMETERS)}={quote(rng.choice(VALUES), safe='%')}"
             for _ in range(rng.choice([0, 0, 1, 1, 2, 30])))  # fmt: skip
    query = "&".join(pairs)
    return f"{path}?{query}" if query else path


def _request(rng: random.Random, story: str) -> bytes:
    method = rng.choice(METHODS)
    lines = [f"{method} {_path(rng, story)} HTTP/{rng.choice(['1.1', '1.1', '1.0', '9.9'])}"]
    lines += ["Host: t.example"] * rng.choice([1, 1, 1, 0, 2])
    lines += [f"{rng.choice(HEADERS)}: {rng.choice(HEADER_VALUES)}"
              for _ in range(rng.choice([0, 1, 2, 5]))]  # fmt: skip
    body = b""
    if rng.random() < 0.3:
        body = rng.choice(BODIES)
        length = len(body) if rng.random() < 0.9 else rng.choice([-1, 10**18, len(body) - 5])
        lines.append(f"Content-Length: {length}")
    head = "\r\n".join([*lines, "Connection: close", "", ""])
    return head.encode("latin-1", "replace") + body


async def _send(port: int, data: bytes) -> int:
    """Send a request; returns the status, 0 if there was no response."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        response = await asyncio.wait_for(reader.read(), 40)
        return int(response[9:12]) if response.startswith(b"HTTP/1.1 ") else 0
    except OSError:
        return 0
    finally:
        writer.close()


async def _fuzz(port: int, story: str) -> tuple[Counter[int], float]:
    """Statuses of all requests, and how long another client had to wait at most."""
    statuses: Counter[int] = Counter()
    numbers = iter(range(FUZZED))

    async def client() -> None:
        for number in numbers:
            statuses[await _send(port, _request(random.Random(number), story))] += 1

    async def honest(clients: "asyncio.Future[list[None]]") -> float:
        longest = 0.0
        while not clients.done():
            started = time.monotonic()
            status = await _send(port, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            longest = max(longest, time.monotonic() - started)
            assert status == 200
            await asyncio.sleep(0.05)
        return longest

    clients = asyncio.gather(*(client() for _ in range(CONNECTIONS)))
    longest = await honest(clients)
    await clients
    return statuses, longest


def test_no_request_is_too_much(
    served: tuple[subprocess.Popen[str], int, str], tmp_path: Path
) -> None:
    """Every request is answered as HTTP says, or the connection is closed."""
    process, port, story = served
    before = _memory(process.pid)

    statuses, longest = asyncio.run(_fuzz(port, story))

    print(statuses, f"{longest:.3f} s")
    assert sum(statuses.values()) == FUZZED
    assert not [status for status in statuses if status >= 500 and status != 503]
    assert statuses[0] < FUZZED / 50
    assert longest < MAX_STALL_SECONDS
    assert _memory(process.pid) - before < MAX_GROWTH_BYTES
    assert "Traceback" not in (tmp_path / "log").read_text()


def _memory(parent: int) -> int:
    """Bytes in memory of a process and its children."""
    pids = (parent, *child_processes(parent))
    pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids]
    return sum(pages) * os.sysconf("SC_PAGE_SIZE")
