"""A thread that runs all store access of the pipeline, outside the event loop.

    pipeline --run(work)--> queue --> thread: one transaction for all work that is waiting

Saving takes a third of a cold import. In a thread it holds up neither requests nor worker
processes, and sources that wait together are saved in one transaction. Work that fails is rolled
back alone.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any, TypeVar

from aggregator.errors import StoreError
from aggregator.store.base import Store

__all__ = ["StoreThread", "open_store_thread"]

T = TypeVar("T")

TRANSACTION_SECONDS = 0.2
"""No more work begins in a transaction after so long: other programs wait for its lock."""
PAUSE_SECONDS = 0.005
"""Pause after a transaction when more work is waiting, so that other programs get the lock."""


@dataclass(slots=True)
class _Work:
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None

    def finish(self) -> None:
        """Runs in the event loop; the caller may have been cancelled."""
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class StoreThread:
    """Runs functions that use the store, in the order in which they were given."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queue: deque[_Work] = deque()
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """The result of a function, whose writes are saved. Raises what it raises, and StoreError
        if they cannot be saved."""
        loop = asyncio.get_running_loop()
        work = _Work(function, arguments, loop, loop.create_future())
        self._queue.append(work)
        self._executor.submit(self._save_queued)
        result: T = await work.future
        return result

    def _save_queued(self) -> None:
        """Run the queued work in one transaction, in the thread."""
        first = self._next()
        if first is None:
            return  # it was saved together with earlier work
        begun = [first]
        deadline = monotonic() + TRANSACTION_SECONDS
        try:
            with self._store.transaction():
                self._run_part(first)
                while monotonic() < deadline and (following := self._next()):
                    begun.append(following)
                    self._run_part(following)
        except BaseException as error:  # nothing of it was saved
            for work in begun:
                work.error = error
        for work in begun:
            work.loop.call_soon_threadsafe(work.finish)
        if self._queue:
            sleep(PAUSE_SECONDS)

    def _next(self) -> _Work | None:
        """The next work whose caller still waits."""
        while True:
            try:
                work = self._queue.popleft()
            except IndexError:  # `close` may have emptied the queue
                return None
            if not work.future.done():
                return work

    def _run_part(self, work: _Work) -> None:
        try:
            with self._store.transaction():
                work.result = work.function(*work.arguments)
        except StoreError:
            raise  # SQLite may have rolled back everything
        except Exception as error:
            work.error = error

    def close(self) -> None:
        """Cancel what has not begun, and wait for what has."""
        while work := self._next():
            work.loop.call_soon_threadsafe(work.future.cancel)
        self._executor.shutdown(wait=True)


@contextmanager
def open_store_thread(store: Store) -> Iterator[StoreThread]:
    """A StoreThread that ends with the block."""
    thread = StoreThread(store)
    try:
        yield thread
    finally:
        thread.close()
