"""Killed at any moment, the program neither loses nor repeats anything.

KILLS=200 kills it 200 times; by default it is a dozen times, within a minute.
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
ENTRIES_PER_FEED = 25
NEW_PER_DAY = 6
FIRST_DATE = datetime.now(UTC).replace(microsecond=0) - timedelta(days=30)


# ---- outlets that change -----------------------------------------------------------------


def _article(outlet: str, number: int, day: int) -> Item:
    """An article of an outlet; `copies` republishes harbor's, every fifth is revised each day."""
    author = "harbor" if outlet == "copies" else outlet
    link = f"https://{author}.example/2026/10/{number}"
    revision = f", revision {day}" if number % 5 == 0 else ""
    return Item(
        id=f"{link}#{outlet}",
        link=link,
        title=f"{author.title()} {number}{revision}",
        paragraphs=(f"What happened at {author}, part {number}. " * 40,),
        tags=("Strike",) if number % 3 == 0 else (),
        published=FIRST_DATE + timedelta(hours=number),
    )


def _publish_day(press: Press, day: int) -> None:
    """Publish each outlet's newest articles of a day."""
    for outlet in OUTLETS:
        numbers = range(day * NEW_PER_DAY + ENTRIES_PER_FEED - 1, day * NEW_PER_DAY - 1, -1)
        items = [_article(outlet, number, day) for number in numbers]
        press.put(f"/{outlet}", feed_response(outlet, *items))


def _write_config(folder: Path, press: Press) -> Path:
    folder.mkdir()
    config = folder / "feeds.toml"
    config.write_text(HEAD + "".join(source_table(o, f"{press.url}/{o}") for o in OUTLETS))
    return config


# ---- what is stored ----------------------------------------------------------------------


def _ids(config: Path) -> set[str]:
    with closing(open_store(config.parent / "aggregator.db")) as store:
        return {story.public_id for story in store.lists.latest(ALL, 10_000)}


def _stories(config: Path) -> dict[frozenset[tuple[str, str, str, str]], str]:
    """Entries of each story -> its public id, or "" with two outlets, where timing decides."""
    with closing(open_store(config.parent / "aggregator.db")) as store:
        return {
            frozenset((e.source, e.id, e.title, e.url) for e in story.entries): (
                story.public_id if len(story.entries) == 1 else ""
            )
            for story in store.lists.latest(ALL, 10_000)
        }


# ---- killing -----------------------------------------------------------------------------


def _kill_ingest(config: Path, rng: random.Random, usual: float) -> list[int]:
    """Start an ingest and kill it at some moment; returns the processes that it had started."""
    process = subprocess.Popen(
        argv(config, "ingest", "--all"),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert process.stderr is not None
    if rng.random() < 0.5:  # while it starts, works or ends
        time.sleep(rng.uniform(0, usual))
    else:  # around a save
        for _ in range(rng.randint(1, len(OUTLETS))):
            if "event=fetched" not in process.stderr.readline():
                break
        time.sleep(rng.uniform(0, 0.02))
    children = _descendants(process.pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stderr.close()
    return children


def _descendants(pid: int) -> list[int]:
    children = child_processes(pid)
    return children + [below for child in children for below in _descendants(child)]


def test_killed_runs_lose_nothing(tmp_path: Path, press: Press) -> None:
    """Killed runs store the same as undisturbed ones, and leave no process behind.

    What was published once stays, and the database is sound.
    """
    rng = random.Random(31415)
    calm, killed = (
        _write_config(tmp_path / "calm", press),
        _write_config(tmp_path / "killed", press),
    )
    shown: set[str] = set()
    children: list[int] = []
    for day in range(DAYS):
        _publish_day(press, day)
        began = time.monotonic()
        assert run(calm, "ingest", "--all").returncode == 0
        usual = time.monotonic() - began
        for _ in range(-(-KILLS // DAYS)):
            children += _kill_ingest(killed, rng, usual)
            shown |= _ids(killed)
        assert run(killed, "ingest", "--all").returncode == 0

    assert _stories(killed) == _stories(calm)
    assert shown <= _ids(killed)
    assert len(_stories(calm)) == 3 * (ENTRIES_PER_FEED + NEW_PER_DAY * (DAYS - 1))
    doctor = run(killed, "doctor")
    assert doctor.returncode == 0, doctor.stdout
    deadline = time.monotonic() + 10
    while any(map(is_alive, children)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(is_alive, children))
