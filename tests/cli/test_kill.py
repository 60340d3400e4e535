"""Killed at any moment, the program neither loses nor repeats anything.

KILLS=200 kills so often; otherwise it is a dozen times, within a minute.
"""

import os
import random
import signal
import subprocess
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator.demo.press import Press
from aggregator.demo.sample_feeds import Item
from aggregator.model import ALL
from aggregator.store import open_store
from tests.harness.command_line import (
    HEAD,
    argv,
    child_processes,
    feed_response,
    is_alive,
    run,
    source_table,
)

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("KILLS", "12"))
OUTLETS = ("harbor", "plains", "valley", "copies")
DAYS = 6
WINDOW = 25
NEW = 6
BEGIN = datetime.now(UTC).replace(microsecond=0) - timedelta(days=30)


# ---- a press that changes ----------------------------------------------------------------


def _article(outlet: str, number: int, day: int) -> Item:
    """`copies` tells what harbor tells; every fifth article is revised each day."""
    teller = "harbor" if outlet == "copies" else outlet
    link = f"https://{teller}.example/2026/10/{number}"
    revision = f", revision {day}" if number % 5 == 0 else ""
    return Item(
        id=f"{link}#{outlet}",
        link=link,
        title=f"{teller.title()} {number}{revision}",
        paragraphs=(f"What happened at {teller}, part {number}. " * 40,),
        tags=("Strike",) if number % 3 == 0 else (),
        published=BEGIN + timedelta(hours=number),
    )


def _is_on_day(press: Press, day: int) -> None:
    """A window over each outlet's articles that moves on."""
    for outlet in OUTLETS:
        numbers = range(day * NEW + WINDOW - 1, day * NEW - 1, -1)
        items = [_article(outlet, number, day) for number in numbers]
        press.put(f"/{outlet}", feed_response(outlet, *items))


def _newsroom(folder: Path, press: Press) -> Path:
    folder.mkdir()
    config = folder / "feeds.toml"
    config.write_text(HEAD + "".join(source_table(o, f"{press.url}/{o}") for o in OUTLETS))
    return config


# ---- what is kept ------------------------------------------------------------------------


def _ids(config: Path) -> set[str]:
    with closing(open_store(config.parent / "aggregator.db")) as store:
        return {story.public_id for story in store.lists.latest(ALL, 10_000)}


def _stories(config: Path) -> dict[frozenset[tuple[str, str, str, str]], str]:
    """What each story tells, and its id; a story of two outlets has that of the first, which
    is a matter of milliseconds."""
    with closing(open_store(config.parent / "aggregator.db")) as store:
        return {
            frozenset((e.source, e.id, e.title, e.url) for e in story.entries): (
                story.public_id if len(story.entries) == 1 else ""
            )
            for story in store.lists.latest(ALL, 10_000)
        }


# ---- killing -----------------------------------------------------------------------------


def _killed(config: Path, chance: random.Random, usual: float) -> list[int]:
    """Start an ingest and kill it at some moment; gives the processes that it had started."""
    process = subprocess.Popen(
        argv(config, "ingest", "--all"),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert process.stderr is not None
    if chance.random() < 0.5:  # while it starts, works or ends
        time.sleep(chance.uniform(0, usual))
    else:  # around a save
        for _ in range(chance.randint(1, len(OUTLETS))):
            if "event=fetched" not in process.stderr.readline():
                break
        time.sleep(chance.uniform(0, 0.02))
    children = _descendants(process.pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stderr.close()
    return children


def _descendants(pid: int) -> list[int]:
    children = child_processes(pid)
    return children + [below for child in children for below in _descendants(child)]


def test_killed_again_and_again(tmp_path: Path, press: Press) -> None:
    """Ids and entries are those of an undisturbed run, what was once published stays, the
    database is whole, and no process is left behind."""
    chance = random.Random(31415)
    calm, killed = _newsroom(tmp_path / "calm", press), _newsroom(tmp_path / "killed", press)
    shown: set[str] = set()
    children: list[int] = []
    for day in range(DAYS):
        _is_on_day(press, day)
        began = time.monotonic()
        assert run(calm, "ingest", "--all").returncode == 0
        usual = time.monotonic() - began
        for _ in range(-(-KILLS // DAYS)):
            children += _killed(killed, chance, usual)
            shown |= _ids(killed)
        assert run(killed, "ingest", "--all").returncode == 0

    assert _stories(killed) == _stories(calm)
    assert shown <= _ids(killed)
    assert len(_stories(calm)) == 3 * (WINDOW + NEW * (DAYS - 1))
    doctor = run(killed, "doctor")
    assert doctor.returncode == 0, doctor.stdout
    deadline = time.monotonic() + 10
    while any(map(is_alive, children)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(is_alive, children))
