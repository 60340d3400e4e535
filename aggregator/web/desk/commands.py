"""Commands of the program that the desk runs in a process of their own, for a limited time: they
fetch, and parse in worker processes what strangers wrote."""

import json
import os
import subprocess
import sys
import threading
from typing import Any

from aggregator.web.desk.page import Desk

__all__ = ["BUSY", "COMMAND_SECONDS", "RUNNING", "run_command", "status_of"]

COMMAND_SECONDS = 90
"""How long a command may take."""
MAX_COMMANDS = 2
"""At once; fewer than the threads that answer forms, so that waiting for outlets keeps no operator
from saving."""
BUSY = "Two other feeds or pages are being fetched; try again in a minute."
RUNNING = threading.BoundedSemaphore(MAX_COMMANDS)
"""Held while a command runs."""


def run_command(desk: Desk, *arguments: str) -> tuple[Any, str]:
    """Run a command that prints JSON; returns what it printed, or None and what went wrong."""
    if not RUNNING.acquire(blocking=False):
        return None, BUSY
    try:
        return _run(desk, *arguments)
    finally:
        RUNNING.release()


def status_of(problem: str, otherwise: int = 400) -> int:
    """The HTTP status for what went wrong: 503 if it may work in a minute."""
    return 503 if problem == BUSY else otherwise


def _run(desk: Desk, *arguments: str) -> tuple[Any, str]:
    command = [sys.executable, "-m", "aggregator", "--config", str(desk.config.path), *arguments]
    try:
        done = subprocess.run(  # noqa: S603 - our own command
            command, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False,
            env={**os.environ, "AGGREGATOR_DATABASE": str(desk.config.database)},
        )  # fmt: skip
    except (OSError, UnicodeError, ValueError):
        return None, "The text is too long, or contains a character that is not allowed."
    except subprocess.TimeoutExpired:
        return None, f"This took longer than {COMMAND_SECONDS} seconds, so it was stopped."
    try:
        printed = json.loads(done.stdout) if done.returncode == 0 else None
    except ValueError:
        printed = None
    if printed:
        return printed, ""
    said = done.stderr.rpartition("Error: ")[2].strip()
    return None, said or "The program could not do this; the log of the program says why."
