"""Time, processor time and memory of a command with all its processes.

With PROFILES=FOLDER in the environment and py-spy on the path, each run of this program leaves a
timeline of all its processes and threads in that folder, for https://ui.perfetto.dev: what each was
doing when, and who waited for whom. Such a run takes longer, so its times are no measurement.
"""

import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tests.harness.command_line import child_processes

__all__ = ["Usage", "median_with_spread", "run_measured"]

SAMPLE_SECONDS = 0.02
"""Between two looks at the processes: what one uses after the last look is not counted."""
SAMPLES_PER_MEMORY = 5
"""Memory takes longer to read, and is looked at less often."""
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a command has used: seconds of wall and of processor time of all its processes, and the
    highest sum of their memory in bytes (proportional set size: shared pages count once)."""

    seconds: float
    processor_seconds: float
    peak_bytes: int


def run_measured(command: Sequence[str], folder: Path) -> Usage:
    """Run a command in a folder, which is its HOME too; exits with its output if it fails."""
    output = folder / "output"
    with output.open("ab") as file:
        began = time.perf_counter()
        process = subprocess.Popen(
            _profiled(command),
            stdout=file,
            stderr=file,
            cwd=folder,
            env={**os.environ, "HOME": str(folder)},
        )
        watch = _Watch(process.pid)
        watch.start()
        code = process.wait()
        seconds = time.perf_counter() - began
    watch.stop()
    if code:
        raise SystemExit(f"{command[0]} failed:\n{output.read_text()[-2000:]}")
    return Usage(seconds=seconds, processor_seconds=watch.processor_seconds, peak_bytes=watch.peak)


def _profiled(command: Sequence[str]) -> Sequence[str]:
    """The command, run by py-spy if that was asked for and it is this program."""
    folder = os.environ.get("PROFILES")
    if not folder or command[0] != sys.executable:
        return command
    name = f"{time.strftime('%H%M%S')}-{next(_profile_numbers)}.json"
    file = Path(folder).absolute() / name
    file.parent.mkdir(parents=True, exist_ok=True)
    options = ["--subprocesses", "--threads", "--rate", "200", "--format", "chrometrace"]
    return ["py-spy", "record", *options, "--output", str(file), "--", *command]


_profile_numbers = count(1)


class _Watch(threading.Thread):
    """Looks at a process and its descendants until it is stopped."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._pid = pid
        self._ticks: dict[int, int] = {}
        self._done = threading.Event()

    @property
    def processor_seconds(self) -> float:
        return sum(self._ticks.values()) / _TICKS

    def run(self) -> None:
        for sample in range(10**9):
            pids = list(_process_tree(self._pid))
            for pid in pids:
                self._ticks[pid] = max(self._ticks.get(pid, 0), _ticks_of(pid))
            if sample % SAMPLES_PER_MEMORY == 0:
                self.peak = max(self.peak, sum(map(_memory_of, pids)))
            if self._done.wait(SAMPLE_SECONDS):
                return

    def stop(self) -> None:
        self._done.set()
        self.join()


def _process_tree(pid: int) -> Iterator[int]:
    yield pid
    for child in child_processes(pid):
        yield from _process_tree(child)


def _ticks_of(pid: int) -> int:
    """Processor time, in user and system mode (proc(5))."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])


def _memory_of(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next(
        (int(line.split()[1]) * 1024 for line in text.splitlines() if line[:4] == "Pss:"), 0
    )


def median_with_spread(values: Sequence[float], digits: int = 2) -> str:
    """The median of some rounds, with the lowest and the highest."""
    low, high = min(values), max(values)
    middle = statistics.median(values)
    return f"{middle:,.{digits}f} ({low:,.{digits}f}–{high:,.{digits}f})"
