"""The command line as an operator runs it: real processes, a feeds.toml on disk, free ports."""

import contextlib
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.error import URLError

from aggregator.demo.press import CannedResponse
from aggregator.demo.sample_feeds import FORMATS, Item

__all__ = [
    "HEAD",
    "argv",
    "child_processes",
    "feed_response",
    "free_port",
    "handles",
    "has_open",
    "is_alive",
    "run",
    "source_table",
    "wait_for_url",
    "wait_until",
]

HEAD = """\
[site]
title = "T"
url = "https://t.example"
[fetch]
allow_private = ["127.0.0.0/8"]
spacing = "0s"
[[topic]]
id = "labor"
title = "Labor"
match = "strike"
"""
"""The beginning of a feeds.toml: a site and one topic, and no source yet."""


def source_table(id_: str, feed: str) -> str:
    """A source as feeds.toml lists it."""
    return (
        f'[[source]]\nid = "{id_}"\nname = "{id_}"\nfeed = "{feed}"\n'
        f'site = "https://{id_}.example/"\n'
    )


def feed_response(outlet: str, *items: Item) -> CannedResponse:
    """What an outlet's feed answers while it holds these items."""
    content_type, _, render = FORMATS["rss20"]
    body = render(outlet.title(), f"https://{outlet}.example/", items).encode()
    return CannedResponse(body=body, headers={"Content-Type": content_type})


# ---- processes ---------------------------------------------------------------------------


def argv(config: Path | None, *command: str) -> list[str]:
    """The words that start a command in a process of its own."""
    option = ["--config", str(config)] if config else []
    return [sys.executable, "-m", "aggregator", *option, *command]


def run(config: Path | None, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, for a minute at most."""
    return subprocess.run(
        argv(config, *command),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "NO_COLOR": "1", **environment},
    )


def child_processes(pid: int) -> list[int]:
    """The processes that one has started."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(child) for child in text.split()]


def is_alive(pid: int) -> bool:
    """Whether a process still runs; one that has ended and was not waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def handles(pid: int, number: signal.Signals) -> bool:
    """Whether a process has a handler for a signal."""
    status = Path(f"/proc/{pid}/status").read_text()
    caught = int(re.findall(r"^SigCgt:\s*(\w+)$", status, re.MULTILINE)[0], 16)
    return bool(caught >> (number - 1) & 1)


def has_open(pid: int, file: Path) -> bool:
    """Whether a process has a file open."""
    descriptors = Path(f"/proc/{pid}/fd").iterdir()
    return any(descriptor.resolve() == file.resolve() for descriptor in descriptors)


# ---- waiting -----------------------------------------------------------------------------


def free_port() -> int:
    """A port on loopback that nobody uses now, and that no other worker of pytest is given; the
    kernel gives none of these to a connection either."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = 10_000 + worker % 20 * 1000
    while True:
        port = random.randrange(first, first + 1000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_for_url(url: str, timeout: float = 15.0) -> bytes:
    """What a URL answers, as soon as somebody answers there."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                body: bytes = answer.read()
                return body
        except (URLError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def wait_until(is_so: Callable[[], bool], timeout: float = 30.0) -> None:
    """Wait for something to become true; that a server is not up yet means that it is not."""
    deadline = time.monotonic() + timeout
    while True:
        with contextlib.suppress(OSError):
            if is_so():
                return
        assert time.monotonic() < deadline
        time.sleep(0.1)
