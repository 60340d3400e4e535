"""Worker processes that die, hang or hoard memory."""

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from datetime import datetime

import pytest

from aggregator.ingest.workers import (
    CleanStep,
    ParsedDocument,
    WorkerLimits,
    clean_entries,
    open_workers,
)
from aggregator.model import (
    Entry,
    Failed,
    KeyedEntry,
    Rejected,
    Source,
)
from tests.harness.builders import NOW, fetched, keyed, parsed_entry, source
from tests.harness.newsroom import Newsroom, article

ONE = [keyed(parsed_entry("One"))]


RSS = fetched("<rss version='2.0'><channel><title>T</title></channel></rss>")


def _die(*_: object) -> list[Entry | Rejected]:
    os.kill(os.getpid(), signal.SIGKILL)
    return []


def _hang(*_: object) -> list[Entry | Rejected]:
    time.sleep(60)
    return []


@pytest.mark.parametrize(
    ("step", "sentence"),
    [(_die, "The process that read the feed died"), (_hang, "Reading the feed took longer")],
    ids=["dies", "hangs"],
)
def test_a_worker_that_dies_or_hangs(step: CleanStep, sentence: str) -> None:
    """It costs that document; the next one is read by its replacement."""
    limits = WorkerLimits(document_seconds=1.0, entry_seconds=1.0, max_bad_entries=0)

    async def scene() -> tuple[object, object]:
        with open_workers(1, limits, step) as workers:
            return await workers.clean(ONE, source(), NOW, ""), await workers.read(RSS)

    lost, read = asyncio.run(scene())

    assert isinstance(lost, Failed)
    assert lost.error.startswith(sentence)
    assert isinstance(read, ParsedDocument)


def _clean_or_die(
    items: Sequence[KeyedEntry], source: Source, now: datetime, site_url: str
) -> list[Entry | Rejected]:
    for item in items:
        if item.entry.title and "deadly" in item.entry.title.value:
            os.kill(os.getpid(), signal.SIGKILL)
    return clean_entries(items, source, now, site_url)


def test_an_entry_that_kills_its_worker(newsroom: Newsroom) -> None:
    """It is rejected, and the others of its feed are kept."""
    newsroom.lists("harbor")
    newsroom.publishes("harbor", article("Fine"), article("A deadly one"), article("Good"))

    with open_workers(1, clean_step=_clean_or_die) as newsroom.ingest_options["workers"]:
        (report,) = newsroom.ingests().sources

    assert (report.counts.new, report.counts.rejected, report.error) == (2, 1, "")
    (rejected,) = newsroom.store.sources.rejected("harbor", 5)
    assert rejected.reason == "cleaning takes too much time or memory"


def _hoard(*_: object) -> list[Entry | Rejected]:
    bytearray(2_000_000_000)
    return []


def test_a_worker_that_hoards() -> None:
    """It is stopped before it takes the machine's memory along."""

    async def scene() -> tuple[object, object]:
        with open_workers(1, WorkerLimits(max_bad_entries=0), _hoard) as workers:
            return await workers.clean(ONE, source(), NOW, ""), await workers.read(RSS)

    lost, read = asyncio.run(scene())

    assert isinstance(lost, Failed)
    assert lost.error == "Reading the feed took more memory than a feed may take."
    assert isinstance(read, ParsedDocument)


def _pid(items: Sequence[KeyedEntry], *_: object) -> list[Entry | Rejected]:
    return [Rejected(key=items[0].keys[0], title=str(os.getpid()), reason="shows its process")]


def test_workers_that_die_in_their_sleep() -> None:
    """Killed while they had nothing to do, they are replaced (the kernel does so when memory
    is short)."""

    async def scene() -> object:
        with open_workers(1, clean_step=_pid) as workers:
            found = await workers.clean(ONE, source(), NOW, "")
            assert not isinstance(found, Failed)
            os.kill(int(found[0].title), signal.SIGKILL)
            await asyncio.sleep(0.5)
            return await workers.read(RSS)

    assert isinstance(asyncio.run(scene()), ParsedDocument)
