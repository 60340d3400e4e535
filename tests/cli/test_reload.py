"""feeds.toml is edited while `run` runs: the last good version is in force everywhere."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from aggregator.demo.press import Press
from tests.harness.command_line import (
    HEAD,
    argv,
    feed_response,
    free_port,
    run,
    source_table,
    wait_for_url,
    wait_until,
)
from tests.harness.newsroom import article

EVERY_SECOND = 'min_interval = "1s"\nmax_interval = "1s"\n'


@pytest.fixture
def config(tmp_path: Path, press: Press) -> Path:
    """A feeds.toml with an outlet that is fetched every second."""
    feed = press.put("/harbor", feed_response("harbor", article("Strike one")))
    file = tmp_path / "feeds.toml"
    file.write_text(f"{HEAD}[defaults]\n{EVERY_SECOND}{source_table('harbor', feed)}")
    return file


@contextmanager
def _running(
    config: Path, log: Path, meanwhile: Callable[[int], None] = lambda _: None
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """`run` as a service manager starts it, without a terminal, and the address of its site; while
    it starts, `meanwhile` is called with its process id."""
    port = free_port()
    site = f"http://127.0.0.1:{port}"
    with (
        log.open("ab") as output,
        subprocess.Popen(
            argv(config, "run", "--port", str(port)),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        ) as process,
    ):
        try:
            meanwhile(process.pid)
            wait_for_url(f"{site}/healthz")
            yield process, site
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=20) == 0


def _title(site: str) -> str:
    found = re.search(r"<title>([^<]*)", wait_for_url(site).decode())
    return found[1] if found else ""


def _json(url: str) -> Any:
    return json.loads(wait_for_url(url))


def test_an_edit_takes_effect_without_a_restart(config: Path, press: Press, tmp_path: Path) -> None:
    """A new source is fetched, a new topic has a page, and the log says what has changed."""
    press.put("/plains", feed_response("plains", article("Rain on the plains")))
    log = tmp_path / "log"
    with _running(config, log) as (_, site):
        topic = '[[topic]]\nid = "rain"\ntitle = "Rain"\nmatch = "rain"\n'
        plains = source_table("plains", f"{press.url}/plains")
        config.write_text(config.read_text() + topic + plains)

        wait_until(
            lambda: "Rain on the plains" in wait_for_url(f"{site}/topics/rain.json").decode()
        )

    changes = "changes=\"source 'plains' added; topic 'rain' added\""
    assert f"event=config_accepted number=2 {changes}" in log.read_text()


def test_a_mistake_does_not_take_the_site_down(config: Path, tmp_path: Path) -> None:
    """Neither at once nor at the next start; it is said in the log, by /healthz and on the command
    line, and correcting it is enough."""
    good, log = config.read_text(), tmp_path / "log"
    with _running(config, log) as (_, site):
        config.write_text(good.replace('title = "T"', "title = “T”"))
        wait_until(lambda: _json(f"{site}/healthz")["status"] == "degraded")
    with _running(config, log) as (_, site):
        assert _title(site) == "T"
        (reason,) = _json(f"{site}/healthz")["reasons"]
        assert reason["kind"] == "config"
        assert "line 2: contains typographic quotation marks" in reason["sentence"]
        shown = run(config, "sources")
        assert "line 2: contains typographic" in shown.stderr
        assert "its last good version stays in force" in shown.stderr
        assert "harbor" in shown.stdout

        config.write_text(good.replace('title = "T"', 'title = "Better"'))
        wait_until(lambda: _title(site) == "Better")
        assert _json(f"{site}/healthz")["status"] == "ok"
    said = log.read_text()
    assert said.count("event=config_rejected") == 1
    assert "Until this is corrected, its last good version stays in force." in said


def test_sighup_reads_the_file_again(config: Path, tmp_path: Path) -> None:
    """As daemons do, though nothing shows that the file has changed."""
    with _running(config, tmp_path / "log") as (process, site):
        assert _title(site) == "T"
        state = config.stat()
        config.write_text(config.read_text().replace('title = "T"', 'title = "U"'))
        os.utime(config, ns=(state.st_atime_ns, state.st_mtime_ns))
        process.send_signal(signal.SIGHUP)

        wait_until(lambda: _title(site) == "U")
        assert process.poll() is None


def test_sighup_while_a_process_is_starting(config: Path, tmp_path: Path) -> None:
    """The web server may answer before the ingest loop can handle signals; neither is stopped."""
    with _running(config, tmp_path / "log", _hang_up_children) as (process, site):
        assert _title(site) == "T"
        time.sleep(2)
        assert process.poll() is None


def _hang_up_children(pid: int) -> None:
    """SIGHUP to the ingest loop and the web server as soon as they exist."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    wait_until(lambda: len(children.read_text().split()) == 2, interval=0.001)
    for child in children.read_text().split():
        os.kill(int(child), signal.SIGHUP)


@pytest.mark.slow
def test_a_hundred_edits(config: Path, press: Press, tmp_path: Path) -> None:
    """Good and bad ones in turn, while the outlet publishes: the last good one is in force each
    time, and no story is lost or repeated."""
    good, published = config.read_text(), [article("Strike one")]
    with _running(config, tmp_path / "log") as (_, site):
        for number in range(50):
            published.append(article(f"Strike number {number}"))
            press.put("/harbor", feed_response("harbor", *published[::-1]))
            title = f"Edition {number}"
            config.write_text(good.replace('title = "T"', f'title = "{title}"'))
            wait_until(lambda title=title: _title(site) == title)  # type: ignore[misc]  # bound now
            config.write_text(good.replace("[[topic]]", "[topic]") if number % 2 else good[:-9])
            wait_until(lambda: _json(f"{site}/healthz")["status"] == "degraded")
            assert _title(site) == title
        config.write_text(good)
        labor = f"{site}/topics/labor.json?limit=200"
        wait_until(lambda: len(_json(labor)["items"]) == len(published))
        items = _json(labor)["items"]

    assert sorted(item["title"] for item in items) == sorted(each.title for each in published)
    assert "Traceback" not in (tmp_path / "log").read_text()
