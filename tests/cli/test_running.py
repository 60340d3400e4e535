"""Commands that go on until they are stopped: real processes, real signals."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.error import URLError

import pytest

from aggregator.demo.press import CannedResponse, Press
from aggregator.store import open_store
from tests.harness.command_line import (
    HEAD,
    argv,
    child_processes,
    free_port,
    handles,
    has_open,
    is_alive,
    run,
    wait_for_url,
    wait_until,
)


@pytest.fixture
def running(config: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`aggregator run` and the address of its site."""
    port = free_port()
    process = subprocess.Popen(
        argv(config, "run", "--port", str(port)),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_run_and_stop(running: tuple[subprocess.Popen[str], str], number: signal.Signals) -> None:
    """It fetches, serves what it fetched, and is gone within five seconds of being asked."""
    process, site = running
    wait_until(lambda: b"Strike one" in wait_for_url(f"{site}/topics/labor.rss"))

    began = time.monotonic()
    process.send_signal(number)
    code = process.wait(timeout=10)

    assert time.monotonic() - began < 5
    assert code == 0
    with pytest.raises(URLError):
        urllib.request.urlopen(f"{site}/", timeout=1)


def test_run_ends_when_a_part_ends(running: tuple[subprocess.Popen[str], str]) -> None:
    """A site without fresh news, or news without a site, is not left standing."""
    process, site = running
    wait_for_url(f"{site}/healthz")
    children = child_processes(process.pid)

    os.kill(children[0], signal.SIGKILL)
    _, log = process.communicate(timeout=15)

    assert process.returncode == 2
    assert "`aggregator ingest` ended by itself (exit code -9)" in log


def test_run_that_is_killed(running: tuple[subprocess.Popen[str], str]) -> None:
    """Its parts do not go on without it, and keep no port from the next one."""
    process, site = running
    wait_for_url(f"{site}/healthz")
    children = child_processes(process.pid)
    assert len(children) == 2  # one that fetches, one that serves

    process.kill()
    process.wait()

    wait_until(lambda: not any(map(is_alive, children)), timeout=10)
    with socket.socket() as next_one:
        next_one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        next_one.bind(("127.0.0.1", int(site.rpartition(":")[2])))


def test_stopping_an_ingest_that_waits(config: Path) -> None:
    """One that waits for another to end can be stopped as well."""
    run(config, "ingest")
    database = config.parent / "aggregator.db"
    with closing(open_store(database)) as store, store.maintenance.lock("ingest"):
        process = subprocess.Popen(
            argv(config, "ingest", "--all"),
            stderr=subprocess.PIPE,
            text=True,
        )
        wait_until(lambda: handles(process.pid, signal.SIGTERM))
        process.terminate()
        _, log = process.communicate(timeout=5)

    assert process.returncode == 130
    assert "event=stopped" in log


def test_stopping_an_ingest(config: Path, press: Press) -> None:
    """A slow source does not hold it up, and what was saved is whole."""
    press.put("/bad", CannedResponse(body=b"<rss/>", delay=8))
    process = subprocess.Popen(
        argv(config, "ingest"),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    while "source=harbor" not in process.stderr.readline():
        assert process.poll() is None

    began = time.monotonic()
    process.terminate()
    _, log = process.communicate(timeout=10)

    assert time.monotonic() - began < 5
    assert process.returncode == 130
    assert "event=stopped" in log
    assert "Traceback" not in log
    assert re.search(r"labor +1 +\d{4}-\d\d-\d\d \d\d:\d\d +Labor", run(config, "topics").stdout)


def _listed(output: str) -> list[str]:
    """The stories that the demo has seen on its site."""
    return re.findall(r"on the site   (.+?) \(", output)


def _is_complete(output: str) -> bool:
    """Whether ten stories are on the site, one of them of several outlets, and one of them was
    published while the demo ran."""
    listed = _listed(output)
    has_copy = "also at Second Look" in output or "also at Daily Commons" in output
    published = re.search(r"published     (.+?) \(", output)
    return len(listed) >= 10 and has_copy and published is not None and published[1] in listed


@pytest.mark.slow
def test_the_demo() -> None:
    """It runs offline, tells each story once, and new ones arrive while it runs."""
    command = [sys.executable, "-u", "-m", "aggregator", "demo", "--seconds", "120"]
    output = ""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            output += line
            if _is_complete(output):
                demo.terminate()
                break
        output += demo.stdout.read()

    assert demo.returncode == 0, output
    assert "Traceback" not in output
    assert "in a browser        http://127.0.0.1:" in output
    assert _is_complete(output)
    assert len(_listed(output)) == len(set(_listed(output)))


def test_a_demo_that_is_ended() -> None:
    """It takes the program that it began with it, and leaves nothing behind."""
    command = [sys.executable, "-u", "-m", "aggregator", "demo", "--seconds", "60"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        log = next(line.split()[-1] for line in demo.stdout if line.startswith("  log "))
        demo.terminate()
        assert demo.wait(timeout=20) == 0
    assert not Path(log).parent.exists()


def test_ctrl_c(tmp_path: Path) -> None:
    """A command that is stopped says so in a word, and ends with 130 as shells have it."""
    file = tmp_path / "feeds.toml"
    file.write_text(HEAD)
    database = tmp_path / "aggregator.db"
    with closing(open_store(database)) as store, store.maintenance.lock("ingest"):
        # an ingest is running, and the command waits for it
        process = subprocess.Popen(
            argv(file, "topic", "apply", "--write"),
            stderr=subprocess.PIPE,
            text=True,
            # what runs in the background of a shell is begun deaf to it
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        try:
            wait_until(lambda: has_open(process.pid, database))
            process.send_signal(signal.SIGINT)
            _, output = process.communicate(timeout=20)
        finally:
            process.kill()
            process.wait()

    assert (process.returncode, output) == (130, "Stopped.\n")
