"""`run`: the ingest loop and the web server together."""

import ctypes
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import structlog

from aggregator.cli.serve import prepare_listening
from aggregator.errors import ServeError

__all__ = ["run"]

PR_SET_PDEATHSIG = 1
STOP_SECONDS = 4.0
"""Seconds that a part has to end before it is killed."""

log = structlog.get_logger()


@click.command()
@click.option("--host", help="Address to listen on, instead of [publish] host.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port, instead of [publish] port.")
@click.pass_obj
def run(path: Path, host: str | None, port: int | None) -> None:
    """Fetch again and again, and serve the site: all that a small newsroom needs.

    It is `aggregator ingest --loop` and `aggregator serve` side by side; if one ends, both
    do. Stop it with Ctrl-C or SIGTERM.
    """
    host, port = prepare_listening(path, host, port)
    stopping: list[int] = []
    for signal_ in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_, lambda number, _: stopping.append(number))
    parts = {
        "ingest": _start(path, "ingest", "--loop"),
        "serve": _start(path, "serve", "--host", host, "--port", str(port)),
    }
    try:
        while not stopping and all(part.poll() is None for part in parts.values()):
            time.sleep(0.1)
        ended = {name: part.poll() for name, part in parts.items() if part.poll() is not None}
    finally:
        _stop(list(parts.values()))
    if not stopping:
        name, code = next(iter(ended.items()))
        raise ServeError(f"`aggregator {name}` ended by itself (exit code {code}); see above why.")


def _start(path: Path, *command: str) -> subprocess.Popen[bytes]:
    whole = [sys.executable, "-m", "aggregator", "--config", str(path), *command]
    return subprocess.Popen(whole, preexec_fn=_end_with_parent)  # noqa: S603 - our own command, one thread


def _end_with_parent() -> None:
    """Linux ends a part when `run` is killed and cannot do it itself; prctl(2)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _stop(parts: list[subprocess.Popen[bytes]]) -> None:
    for part in parts:
        part.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for part in parts:
        try:
            part.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.warning("killed", pid=part.pid)
            part.kill()
            part.wait()
