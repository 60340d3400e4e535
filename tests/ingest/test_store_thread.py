"""The thread that asks the store beside the event loop."""

import asyncio
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from threading import Timer

import pytest

from aggregator.errors import StoreUnavailable
from aggregator.ingest.store_thread import open_store_thread
from aggregator.model import ALL
from aggregator.store.base import Store
from tests.harness.builders import NOW, entry
from tests.harness.newsroom import Newsroom
from tests.harness.saving import save_story


@pytest.fixture(autouse=True)
def harbor(newsroom: Newsroom) -> None:
    """The source of all entries here."""
    newsroom.lists("harbor")
    newsroom.store.sources.sync(newsroom.config.all_sources, NOW)


def _save(store: Store, title: str) -> str:
    save_story(store, entry(title, "harbor"))
    return threading.current_thread().name


def _save_and_fail(store: Store, title: str) -> None:
    _save(store, title)
    raise ZeroDivisionError


def test_it_saves_beside_the_event_loop(newsroom: Newsroom) -> None:
    """In order, in one thread; what is awaited is saved."""

    async def save() -> tuple[list[str], int]:
        with open_store_thread(newsroom.store) as thread:
            works = (thread.run(_save, newsroom.store, f"Story {n}") for n in range(20))
            names = await asyncio.gather(*works)
            return names, newsroom.store.lists.counts()[ALL]

    names, count = asyncio.run(save())

    assert len(set(names)) == 1
    assert names[0] != threading.main_thread().name
    assert count == 20
    titles = [story.lead.title for story in newsroom.store.lists.latest(ALL, 20)]
    assert sorted(titles) == sorted(f"Story {n}" for n in range(20))


def test_what_waits_together_is_one_transaction(newsroom: Newsroom) -> None:
    """Of those that wait while one is saved, none is seen by others before all of them."""
    store, seen = newsroom.store, set[int]()
    begun, go_on = threading.Event(), threading.Event()

    def first() -> None:
        begun.set()
        go_on.wait(10)

    def count() -> int:
        with closing(sqlite3.connect(newsroom.config.database)) as other:
            found: int = other.execute("select count(*) from entries").fetchone()[0]
            return found

    def save(number: int) -> None:
        _save(store, f"Story {number}")
        seen.add(count())

    async def run() -> None:
        with open_store_thread(store) as thread:
            works = [asyncio.create_task(thread.run(first))]
            await asyncio.to_thread(begun.wait, 10)
            works += [asyncio.create_task(thread.run(save, n)) for n in range(5)]
            await asyncio.sleep(0.05)
            go_on.set()
            await asyncio.gather(*works)

    asyncio.run(run())

    assert seen == {0}
    assert count() == 5


def test_work_that_fails_is_undone_alone(newsroom: Newsroom) -> None:
    """Its error reaches who asked for it; the others are saved."""
    store = newsroom.store

    async def run() -> Sequence[object]:
        with open_store_thread(store) as thread:
            return await asyncio.gather(
                thread.run(_save, store, "Good"),
                thread.run(_save_and_fail, store, "Bad"),
                thread.run(_save, store, "Good too"),
                return_exceptions=True,
            )

    _, error, _ = asyncio.run(run())

    assert isinstance(error, ZeroDivisionError)
    titles = {story.lead.title for story in store.lists.latest(ALL, 9)}
    assert titles == {"Good", "Good too"}


def test_a_store_that_cannot_be_used_loses_nothing_silently(newsroom: Newsroom) -> None:
    """Everybody whose work is not saved is told."""
    store = newsroom.store

    def unavailable() -> None:
        raise StoreUnavailable("The disk is full.")

    async def run() -> Sequence[object]:
        with open_store_thread(store) as thread:
            return await asyncio.gather(
                thread.run(_save, store, "One"),
                thread.run(unavailable),
                return_exceptions=True,
            )

    found = asyncio.run(run())

    saved = store.lists.counts().get(ALL, 0)
    errors = [each for each in found if isinstance(each, StoreUnavailable)]
    assert saved + len(errors) == 2
    assert errors


def test_the_end_waits_for_what_has_begun(newsroom: Newsroom) -> None:
    """Who is cancelled waits no longer; a save that has begun is finished, others are dropped."""
    store, begun, cancelled = newsroom.store, threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        cancelled.wait(10)
        _save(store, "Begun")

    async def run() -> None:
        with open_store_thread(store) as thread:
            task = asyncio.create_task(thread.run(slow))
            given_up = asyncio.create_task(thread.run(_save, store, "Given up"))
            await asyncio.to_thread(begun.wait, 10)
            for each in (task, given_up):
                each.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await each
            left = asyncio.create_task(thread.run(_save, store, "Left"))
            await asyncio.sleep(0)
            Timer(0.1, cancelled.set).start()
        with pytest.raises(asyncio.CancelledError):
            await left

    asyncio.run(run())

    assert store.lists.counts()[ALL] == 1
