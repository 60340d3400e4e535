"""Commands that run until they are stopped: real processes, real signals."""

import os
import pty
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
from aggregator.site.export import MANIFEST
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
    """`aggregator run` and the URL of its site."""
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
def test_run_serves_until_it_is_stopped(
    running: tuple[subprocess.Popen[str], str], number: signal.Signals
) -> None:
    """`run` fetches, serves what it fetched, and ends within five seconds of a signal."""
    process, site = running
    wait_until(lambda: b"Strike one" in wait_for_url(f"{site}/topics/labor.rss"))

    began = time.monotonic()
    process.send_signal(number)
    code = process.wait(timeout=10)

    assert time.monotonic() - began < 5
    assert code == 0
    with pytest.raises(URLError):
        urllib.request.urlopen(f"{site}/", timeout=1)


def test_run_ends_with_its_processes(running: tuple[subprocess.Popen[str], str]) -> None:
    """If the process that fetches ends, `run` ends too."""
    process, site = running
    wait_for_url(f"{site}/healthz")
    children = child_processes(process.pid)

    os.kill(children[0], signal.SIGKILL)
    _, log = process.communicate(timeout=15)

    assert process.returncode == 2
    assert "`aggregator ingest` stopped unexpectedly (exit code -9)" in log


def test_a_killed_run_leaves_no_process(running: tuple[subprocess.Popen[str], str]) -> None:
    """The processes of a killed `run` end, and free its port for the next one."""
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


def test_a_waiting_ingest_can_be_stopped(config: Path) -> None:
    """An ingest that waits for another one can be stopped too."""
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

    assert process.returncode == 143
    assert log.endswith("Stopped.\n")


def test_an_ingest_stops_during_a_slow_request(config: Path, press: Press) -> None:
    """A slow source does not delay the stop, and saved entries are complete."""
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
    assert process.returncode == 143
    assert "event=stopped" in log
    assert "Traceback" not in log
    assert re.search(r"labor +1 +\d{4}-\d\d-\d\d +Labor", run(config, "topics").stdout)


def _source_tables(output: str) -> list[str]:
    """The stories that the demo has found on its site."""
    return re.findall(r"on the site   (.+?) \(", output)


def _is_complete(output: str) -> bool:
    """Whether ten stories are on the site, one of several outlets and one new during the demo."""
    listed = _source_tables(output)
    has_copy = "also at Second Look" in output or "also at Daily Commons" in output
    published = re.search(r"published     (.+?) \(", output)
    return len(listed) >= 10 and has_copy and published is not None and published[1] in listed


@pytest.mark.slow
def test_the_demo_publishes_stories() -> None:
    """The demo lists each story once, and new ones arrive while it runs."""
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
    assert len(_source_tables(output)) == len(set(_source_tables(output)))


def test_a_stopped_demo_leaves_no_files() -> None:
    """A stopped demo removes its folder."""
    command = [sys.executable, "-u", "-m", "aggregator", "demo", "--seconds", "60"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        log = next(line.split()[-1] for line in demo.stdout if line.startswith("  log "))
        demo.terminate()
        assert demo.wait(timeout=20) == 0
    assert not Path(log).parent.exists()


def test_a_demo_ends_with_its_terminal() -> None:
    """When the terminal of a demo is closed, its program ends too, and no files are left."""
    leader, follower = pty.openpty()

    def in_terminal() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        os.login_tty(follower)

    demo = subprocess.Popen(
        [sys.executable, "-u", "-m", "aggregator", "demo"],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        preexec_fn=in_terminal,
    )
    os.close(follower)
    try:
        output = b""
        while not (log := re.search(rb"^  log +(.+?)/log", output, re.MULTILINE)):
            output += os.read(leader, 4096)
        [program] = child_processes(demo.pid)
        os.close(leader)

        assert demo.wait(timeout=20) == 0
    finally:
        demo.kill()
    wait_until(lambda: not is_alive(program))
    assert not Path(log[1].decode()).exists()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_stopped_publish_leaves_nothing_half_written(
    config: Path, number: signal.Signals, code: int
) -> None:
    """Every file of a stopped `publish` is whole, and the next one completes the folder."""
    assert run(config, "ingest").returncode == 0
    folder = config.parent / "public"
    whole = config.parent / "whole"
    assert run(config, "publish", str(whole)).returncode == 0
    process = subprocess.Popen(
        argv(config, "publish", str(folder)),
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    )
    wait_until(lambda: any(folder.glob("**/*.gz")), interval=0.001)

    process.send_signal(number)
    _, output = process.communicate(timeout=20)

    assert (process.returncode, output) == (code, "Stopped.\n")
    written = {path.relative_to(folder) for path in folder.glob("**/*") if path.is_file()}
    assert 0 < len(written) < len(list(whole.glob("**/*")))
    for name in written - {Path(MANIFEST)}:
        assert (folder / name).read_bytes() == (whole / name).read_bytes(), name
    assert run(config, "publish", str(folder)).returncode == 0
    assert {path.relative_to(folder) for path in folder.glob("**/*")} == {
        path.relative_to(whole) for path in whole.glob("**/*")
    }


def test_ctrl_c_stops_a_command(tmp_path: Path) -> None:
    """An interrupted command says so in one word, and exits with 130, as is usual in shells."""
    file = tmp_path / "feeds.toml"
    file.write_text(HEAD)
    database = tmp_path / "aggregator.db"
    with closing(open_store(database)) as store, store.maintenance.lock("ingest"):
        # an ingest is running, and the command waits for it
        process = subprocess.Popen(
            argv(file, "topic", "apply", "--write"),
            stderr=subprocess.PIPE,
            text=True,
            # shells start background processes with SIGINT ignored
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


def test_a_program_that_cannot_be_started_is_explained(config: Path) -> None:
    """If a process cannot be started, `run` says so in a sentence, and leaves none behind."""
    words = ["--config", str(config), "run", "--port", str(free_port())]
    program = (
        "import sys; from aggregator.cli import main; sys.executable = '/nowhere/python'; "
        f"main({words!r})"
    )

    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False
    )

    assert result.returncode == 2
    assert result.stderr.endswith(
        "\nError: Cannot start `aggregator ingest` with /nowhere/python (No such file or "
        "directory); check that this user may run it.\n"
    )


def test_a_killed_web_worker_starts_again_whatever_feeds_toml_says(config: Path) -> None:
    """It has the configuration that was checked at the start; the database is the same."""
    port = free_port()
    site = f"http://127.0.0.1:{port}"
    assert run(config, "ingest").returncode == 0
    with subprocess.Popen(
        argv(config, "serve", "--port", str(port)), stderr=subprocess.PIPE, text=True
    ) as server:
        before = wait_for_url(f"{site}/topics/labor.rss")
        config.write_text("this is [no TOML")
        for worker in _workers_of(server.pid):
            os.kill(worker, signal.SIGKILL)

        wait_until(lambda: wait_for_url(f"{site}/topics/labor.rss") == before)
        server.terminate()
        _, log = server.communicate(timeout=10)

    assert server.returncode == 0
    assert "event=server_ended exit_code=-9" in log


def _workers_of(parent: int) -> list[int]:
    commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in child_processes(parent)}
    return [pid for pid, command in commands.items() if b"resource_tracker" not in command]


TRAP = "import pathlib; pathlib.Path(__file__).with_suffix('.imported').touch()\n"
NAMES = (
    "aggregator", "socket", "signal", "selectors", "json", "struct", "multiprocessing", "flask",
    "uvicorn", "feedparser", "sklearn", "wordllama", "sqlite_utils", "structlog", "pebble",
)  # fmt: skip


def test_no_code_in_the_current_folder_is_imported(config: Path) -> None:
    """Neither by `run` and its children nor by workers and the learner."""
    folder = config.parent
    for name in NAMES:
        (folder / f"{name}.py").write_text(TRAP)
    program = str(Path(sys.executable).with_name("aggregator"))
    port = free_port()
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONSAFEPATH"}
    with subprocess.Popen(
        [program, "run", "--port", str(port)], cwd=folder, stderr=subprocess.PIPE, env=environment
    ) as process:
        wait_until(lambda: b"Strike one" in wait_for_url(f"http://127.0.0.1:{port}/all.rss"))
        learned = subprocess.run(
            [program, "topic", "learn"],
            cwd=folder,
            capture_output=True,
            env=environment,
            check=False,
        )
        process.terminate()
        process.communicate()

    assert learned.returncode == 0
    assert not list(folder.glob("*.imported"))


def test_python_m_imports_little_from_the_current_folder(config: Path) -> None:
    """Python itself looks there for `aggregator`, and for a few modules of its own before."""
    for name in (name for name in NAMES if name != "aggregator"):
        (config.parent / f"{name}.py").write_text(TRAP)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONSAFEPATH"}

    result = subprocess.run(
        [sys.executable, "-m", "aggregator", "ingest"],
        cwd=config.parent, capture_output=True, env=environment, check=False,
    )  # fmt: skip

    assert result.returncode == 0
    assert not list(config.parent.glob("*.imported"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_of_the_log_stops_nothing(config: Path) -> None:
    """Fetching and serving go on without it."""
    port = free_port()
    with Path("/dev/full").open("w") as log, subprocess.Popen(
        argv(config, "run", "--port", str(port)), stderr=log, stdout=log
    ) as process:  # fmt: skip
        try:
            wait_until(lambda: b"Strike one" in wait_for_url(f"http://127.0.0.1:{port}/all.rss"))
            assert process.poll() is None
        finally:
            process.terminate()
