"""The command line as an operator uses it: real processes, a feeds.toml on disk, free ports."""

import contextlib
import fcntl
import os
import random
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
import urllib.request
from collections.abc import Callable, Sequence
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
    "run_on_terminal",
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
"""The start of a feeds.toml: a site and one topic, but no source."""


def source_table(id_: str, feed: str) -> str:
    """The table of a source in feeds.toml."""
    return (
        f'[[source]]\nid = "{id_}"\nname = "{id_}"\nfeed = "{feed}"\n'
        f'site = "https://{id_}.example/"\n'
    )


def feed_response(outlet: str, *items: Item) -> CannedResponse:
    """The response of an outlet's server whose feed contains these items."""
    content_type, _, render = FORMATS["rss20"]
    body = render(outlet.title(), f"https://{outlet}.example/", items).encode()
    return CannedResponse(body=body, headers={"Content-Type": content_type})


# ---- processes ---------------------------------------------------------------------------


def argv(config: Path | None, *command: str) -> list[str]:
    """The arguments to run a command in a new process."""
    option = ["--config", str(config)] if config else []
    return [sys.executable, "-m", "aggregator", *option, *command]


def run(config: Path | None, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, for at most a minute."""
    return subprocess.run(
        argv(config, *command),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "NO_COLOR": "1", **environment},
    )


def run_on_terminal(
    config: Path | None, *command: str, answers: Sequence[str] = (), stop_at: str = ""
) -> str:
    """Run a command on a terminal of 80 columns, type an answer to each question, and return what
    the terminal shows. It is stopped when it shows `stop_at`, or after a minute."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environment = {**os.environ, "NO_COLOR": "1"}
    with subprocess.Popen(
        argv(config, *command), stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    ) as process:
        os.close(theirs)
        left, shown, deadline = list(answers), "", time.monotonic() + 60
        try:
            while not (stop_at and stop_at in shown) and time.monotonic() < deadline:
                if not select.select([ours], [], [], 1.0)[0]:
                    continue
                try:
                    shown += os.read(ours, 10_000).decode()
                except OSError:  # the command has ended
                    break
                if left and shown.endswith((": ", "]: ")):
                    os.write(ours, f"{left.pop(0)}\n".encode())
        finally:
            process.terminate()
            process.wait(timeout=20)
            os.close(ours)
    return shown.replace("\r\n", "\n")


def child_processes(pid: int) -> list[int]:
    """The child processes of a process, whichever of its threads has started them."""
    children: list[int] = []
    with contextlib.suppress(OSError):  # it has ended meanwhile
        for thread in Path(f"/proc/{pid}/task").glob("*/children"):
            children += map(int, thread.read_text().split())
    return children


def is_alive(pid: int) -> bool:
    """Whether a process is running; a zombie is not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def handles(pid: int, number: signal.Signals) -> bool:
    """Whether a process handles a signal."""
    status = Path(f"/proc/{pid}/status").read_text()
    caught = int(re.findall(r"^SigCgt:\s*(\w+)$", status, re.MULTILINE)[0], 16)
    return bool(caught >> (number - 1) & 1)


def has_open(pid: int, file: Path) -> bool:
    """Whether a process has a file open."""
    descriptors = Path(f"/proc/{pid}/fd").iterdir()
    return any(descriptor.resolve() == file.resolve() for descriptor in descriptors)


# ---- waiting -----------------------------------------------------------------------------


def free_port() -> int:
    """A free port on loopback.

    Each pytest worker has its own range, below the ports that the kernel uses for connections.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = 10_000 + worker % 20 * 1000
    while True:
        port = random.randrange(first, first + 1000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_for_url(url: str, timeout: float = 15.0) -> bytes:
    """Wait until a server responds at a URL; returns the body."""
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


def wait_until(is_true: Callable[[], bool], timeout: float = 30.0, interval: float = 0.1) -> None:
    """Wait until something is true; an unreachable server counts as false."""
    deadline = time.monotonic() + timeout
    while True:
        with contextlib.suppress(OSError):
            if is_true():
                return
        assert time.monotonic() < deadline
        time.sleep(interval)
