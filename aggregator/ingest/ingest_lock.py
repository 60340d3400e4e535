"""The ingest lock: one process at a time ingests into a database, or decides about its stories."""

import asyncio
from contextlib import ExitStack
from dataclasses import dataclass, field
from time import monotonic

from aggregator.errors import StoreBusy
from aggregator.store.base import Store

__all__ = ["IngestLock", "acquire_ingest_lock"]

LOCK_POLL_SECONDS = 0.2
NO_TIMEOUT_SECONDS = float("inf")


async def acquire_ingest_lock(store: Store, timeout: float) -> ExitStack:
    """Wait until no other process ingests; raises StoreBusy after `timeout` seconds. The lock is
    held until the ExitStack is closed."""
    deadline = monotonic() + timeout
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(store.maintenance.lock("ingest"))
            except StoreBusy:
                if monotonic() > deadline:
                    raise
                await asyncio.sleep(LOCK_POLL_SECONDS)
            else:
                return stack.pop_all()


@dataclass(slots=True)
class IngestLock:
    """Reference-counted ingest lock shared by the loop's tasks."""

    store: Store
    _holders: int = 0
    _held: ExitStack = field(default_factory=ExitStack)
    _mutex: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def __aenter__(self) -> None:
        async with self._mutex:
            if not self._holders:
                self._held = await acquire_ingest_lock(self.store, timeout=NO_TIMEOUT_SECONDS)
            self._holders += 1

    async def __aexit__(self, *_: object) -> None:
        self._holders -= 1
        if not self._holders:
            self._held.close()
