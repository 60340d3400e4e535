"""Worker processes that die, hang or use too much memory."""

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

import pytest

from aggregator.ingest.match.keys import assign_keys
from aggregator.ingest.worker_results import CleanStep, ParsedDocument
from aggregator.ingest.worker_tasks import clean_entries
from aggregator.ingest.workers import WorkerLimits, open_workers
from aggregator.model import (
    Entry,
    Failed,
    KeyedEntry,
    ParsedEntry,
    Rejected,
    Source,
)
from tests.harness.builders import NOW, fetched, keyed, parsed_entry, source
from tests.harness.newsroom import Newsroom, article

ONE_ENTRY = [keyed(parsed_entry("One"))]


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
def test_a_dead_or_hung_worker_is_replaced(step: CleanStep, sentence: str) -> None:
    """The document of a dead or hung worker fails, and a new worker reads the next one."""
    limits = WorkerLimits(document_seconds=1.0, entry_seconds=1.0, max_bad_entries=0)

    async def use_worker() -> tuple[object, object]:
        with open_workers(1, limits, step) as workers:
            return await workers.clean(ONE_ENTRY, source(), NOW, ()), await workers.read(RSS)

    lost, read = asyncio.run(use_worker())

    assert isinstance(lost, Failed)
    assert lost.error.startswith(sentence)
    assert isinstance(read, ParsedDocument)


def _clean_or_die(
    items: Sequence[KeyedEntry], source: Source, now: datetime, own_sites: Sequence[str]
) -> list[Entry | Rejected]:
    for item in items:
        if item.entry.title and "deadly" in item.entry.title.value:
            os.kill(os.getpid(), signal.SIGKILL)
    return clean_entries(items, source, now, own_sites)


def test_an_entry_that_kills_its_worker_is_rejected(newsroom: Newsroom) -> None:
    """An entry that kills its worker is rejected, and the others of its feed are kept."""
    newsroom.lists("harbor")
    newsroom.publishes("harbor", article("Fine"), article("A deadly one"), article("Good"))

    with open_workers(1, clean_step=_clean_or_die) as newsroom.ingest_options["workers"]:
        (report,) = newsroom.ingests().sources

    assert (report.counts.new, report.counts.rejected, report.error) == (2, 1, "")
    (rejected,) = newsroom.store.sources.rejected("harbor", 5)
    assert rejected.reason == "cleaning takes too much time or memory"


def _exhaust_memory(*_: object) -> list[Entry | Rejected]:
    bytearray(2_000_000_000)
    return []


def test_a_worker_that_uses_too_much_memory_is_stopped() -> None:
    """A worker is stopped before it exhausts the machine's memory."""

    async def use_worker() -> tuple[object, object]:
        with open_workers(1, WorkerLimits(max_bad_entries=0), _exhaust_memory) as workers:
            return await workers.clean(ONE_ENTRY, source(), NOW, ()), await workers.read(RSS)

    lost, read = asyncio.run(use_worker())

    assert isinstance(lost, Failed)
    assert lost.error == "Reading the feed took more memory than a feed may take."
    assert isinstance(read, ParsedDocument)


def _reject_with_pid(items: Sequence[KeyedEntry], *_: object) -> list[Entry | Rejected]:
    return [Rejected(key=items[0].keys[0], title=str(os.getpid()), reason="shows its process")]


async def _kill(pid: int) -> None:
    """Kill a process and wait until it is gone."""
    os.kill(pid, signal.SIGKILL)
    with suppress(ProcessLookupError):
        async with asyncio.timeout(10):
            while True:
                os.kill(pid, 0)
                await asyncio.sleep(0.01)


def test_an_idle_worker_that_was_killed_is_replaced() -> None:
    """An idle worker is replaced if the kernel has killed it because memory is short."""

    async def use_worker() -> object:
        with open_workers(1, clean_step=_reject_with_pid) as workers:
            found = await workers.clean(ONE_ENTRY, source(), NOW, ())
            assert not isinstance(found, Failed)
            await _kill(int(found[0].title))
            return await workers.read(RSS)

    assert isinstance(asyncio.run(use_worker()), ParsedDocument)


def test_a_bug_costs_the_entry_that_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are cleaned; the rejection says what to report."""

    def clean(item: KeyedEntry, *_: object) -> Rejected:
        if item.feed_index == 1:
            raise RecursionError("too deep".ljust(9000, "!"))
        return Rejected(key=item.keys[0], title="fine", reason="a reason")

    monkeypatch.setattr("aggregator.ingest.worker_tasks.clean", clean)
    items = assign_keys([ParsedEntry(id=str(number)) for number in range(3)])

    cleaned = clean_entries(items, source("harbor"), NOW, ())

    assert [each.title for each in cleaned] == ["fine", "entry 2", "fine"]
    bug = cleaned[1]
    assert isinstance(bug, Rejected)
    assert bug.is_bug
    assert bug.reason.endswith(f"please report it (RecursionError: {'too deep'.ljust(200, '!')})")
