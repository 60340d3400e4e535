"""`run`: the ingest loop and the web server together."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import click
import structlog

from aggregator.cli.common import end_with_parent
from aggregator.cli.options import NonEmptyText
from aggregator.cli.serve import greet, prepare_listening
from aggregator.cli.signals import collect_signals, reload_on_hangup, signals_blocked
from aggregator.errors import ServeError

__all__ = ["run"]

STOP_TIMEOUT_SECONDS = 4.0
"""How long a child process may take to stop before it is killed."""

log = structlog.get_logger()


@click.command()
@click.option(
    "--host", type=NonEmptyText(), help="Address to listen on, instead of [publish] host."
)
@click.option("--port", type=click.IntRange(1, 65535), help="Port, instead of [publish] port.")
@click.pass_obj
def run(path: Path, host: str | None, port: int | None) -> None:
    """Keep fetching and serve the site, in one command.

    This runs `aggregator ingest --loop` and `aggregator serve` side by side; if one ends, so does
    the other. A change of feeds.toml takes effect within two seconds; one with problems is not
    used, and the last good version stays in force. Stop it with Ctrl-C or SIGTERM.
    """
    host, port = prepare_listening(path, host, port)
    if sys.stderr.isatty():
        greet(path, host, port)
    signals = collect_signals()
    children: dict[str, subprocess.Popen[bytes]] = {}
    try:
        children["ingest"] = _start(path, "ingest", "--loop")
        children["serve"] = _start(path, "serve", "--quiet", "--host", host, "--port", str(port))
        reload_on_hangup(partial(_send_to_all, children.values(), signal.SIGHUP))
        while not signals and all(child.poll() is None for child in children.values()):
            time.sleep(0.1)
        exit_codes = {name: child.poll() for name, child in children.items()}
    finally:
        _stop(list(children.values()))
    if not signals:
        name, code = next((name, code) for name, code in exit_codes.items() if code is not None)
        raise ServeError(
            f"`aggregator {name}` stopped unexpectedly (exit code {code}); its log above says why."
        )


def _start(path: Path, *command: str) -> subprocess.Popen[bytes]:
    arguments = [sys.executable, "-m", "aggregator", "--config", str(path), *command]
    try:
        with signals_blocked(signal.SIGHUP):  # it reloads, once the child has started
            return subprocess.Popen(arguments, preexec_fn=end_with_parent)  # noqa: S603 - our own command, one thread
    except OSError as error:
        raise ServeError(
            f"Cannot start `aggregator {command[0]}` with {sys.executable} ({error.strerror}); "
            "check that this user may run it."
        ) from error


def _send_to_all(children: Iterable[subprocess.Popen[bytes]], number: signal.Signals) -> None:
    for child in children:
        child.send_signal(number)


def _stop(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        child.terminate()
    deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
    for child in children:
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.warning("killed", pid=child.pid)
            child.kill()
            child.wait()
