"""Commands of the program that the desk runs in a process of their own, for a limited time: they
fetch, and parse in worker processes what strangers wrote."""

import json
import os
import subprocess
import sys
import threading
from typing import Any

from aggregator.web.desk.page import Desk

__all__ = ["COMMAND_SECONDS", "run_command"]

COMMAND_SECONDS = 90
"""How long a command may take."""
WAIT_SECONDS = 10.0
"""How long a command waits for another one to end."""
running = threading.BoundedSemaphore(2)
"""Fewer than the threads that answer forms, so that waiting for outlets keeps no operator from
saving."""


def run_command(desk: Desk, *arguments: str) -> tuple[Any, str]:
    """Run a command that prints JSON; returns what it printed, or None and what went wrong."""
    if not running.acquire(timeout=WAIT_SECONDS):
        return None, "Two other feeds or pages are being fetched; try again in a minute."
    try:
        return _run(desk, *arguments)
    finally:
        running.release()


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
