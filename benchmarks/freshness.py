"""How soon news is out: from an outlet's push to the bytes of a topic feed.

    hub --POST--> `aggregator run` --> GET /topics/world.atom, again and again

All of it over real sockets: the program discovers the hub, subscribes, and is verified.
"""

import http.client
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from aggregator.demo.press import CannedResponse, open_press
from benchmarks.feeds import make_feed
from tests.harness.command_line import argv, free_port, wait_until
from tests.harness.hub_server import Hub, open_hub

__all__ = ["report"]

PUSHES = 60
MAX_SECONDS = 10.0
POLL_SECONDS = 0.002
PATH = "/topics/world.atom"
_CONFIG = """
[site]
title = "Bench"
url = "http://127.0.0.1:{port}"
[fetch]
allow_private = ["127.0.0.0/8"]
[[topic]]
id = "world"
title = "World"
match = "NOT xyzzy"
[[source]]
id = "outlet"
name = "Outlet"
feed = "{feed}"
site = "https://outlet-1.example/"
"""


def report() -> str:
    """Measure and return the section in Markdown."""
    seconds = sorted(_measure())
    late = seconds[int(0.95 * len(seconds))]
    return f"""\
## Freshness

{PUSHES} hub deliveries, each with one new article in a feed of 50, over real sockets.
Measured from the start of the delivery until a client that polls every \
{POLL_SECONDS * 1000:.0f} ms sees the article in the topic feed.

| median, ms | 95th percentile, ms | longest, ms |
|---|---|---|
| {statistics.median(seconds) * 1000:.0f} | {late * 1000:.0f} | {seconds[-1] * 1000:.0f} |
"""


def _measure() -> list[float]:
    port, feed = free_port(), make_feed(1, 50, "rich")
    with tempfile.TemporaryDirectory() as name, open_press() as press, open_hub() as hub:
        topic = press.put("/feed", CannedResponse())
        press.put("/feed", CannedResponse(body=_announcing(feed, hub, topic)))
        config = Path(name) / "feeds.toml"
        config.write_text(_CONFIG.format(port=port, feed=topic))
        process = subprocess.Popen(
            argv(config, "run", "--port", str(port)), stderr=subprocess.DEVNULL
        )
        try:
            wait_until(lambda: topic in hub.subscribers)
            reader = http.client.HTTPConnection("127.0.0.1", port)
            return [
                _push(reader, hub, topic, _announcing(_with_news(feed, number), hub, topic), number)
                for number in range(PUSHES)
            ]
        finally:
            process.terminate()
            process.wait(10)


def _push(
    reader: http.client.HTTPConnection, hub: Hub, topic: str, body: bytes, number: int
) -> float:
    """Deliver a document, and wait for its news; returns seconds."""
    began = time.perf_counter()
    hub.delivers(topic, body)
    title = f"Breaking news {number} of many".encode()
    while time.perf_counter() - began < MAX_SECONDS:
        reader.request("GET", PATH)
        if title in reader.getresponse().read():
            return time.perf_counter() - began
        time.sleep(POLL_SECONDS)
    raise SystemExit(f"Push {number} is not in {PATH} after {MAX_SECONDS:g} seconds.")


def _announcing(feed: bytes, hub: Hub, topic: str) -> bytes:
    atom = 'link xmlns="http://www.w3.org/2005/Atom"'
    links = f'<{atom} rel="hub" href="{hub.url}"/><{atom} rel="self" href="{topic}"/>'
    return feed.replace(b"<channel>", b"<channel>" + links.encode(), 1)


def _with_news(feed: bytes, number: int) -> bytes:
    link = f"https://outlet-1.example/2026/10/breaking-news-{number}"
    news = (
        f"<item><title>Breaking news {number} of many</title><link>{link}</link>"
        f"<guid>{link}</guid><description>It has happened.</description></item>"
    )
    return feed.replace(b"<item>", news.encode() + b"<item>", 1)
