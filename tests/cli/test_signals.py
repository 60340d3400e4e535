"""What a signal does to a command, wherever it arrives."""

import subprocess
import sys

INTERRUPTED_IN_SQLITE = """
import os, signal, sqlite3, sys, time
from aggregator.cli import check, main

def interrupted(path):
    database = sqlite3.connect(":memory:")
    stop = lambda: os.kill(os.getpid(), signal.SIGTERM) or time.sleep(9)
    database.create_function("stop", 0, stop)
    database.execute("select stop()").fetchone()

check.check.callback = lambda **_: interrupted(None)
main(["check"])
"""


def test_a_signal_in_a_library_stops_a_command() -> None:
    """SQLite turns an exception in a function of ours into an error of its own."""
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_IN_SQLITE], capture_output=True, text=True, timeout=20
    )

    assert (done.returncode, done.stderr) == (143, "Stopped.\n")
