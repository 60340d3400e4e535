"""Limits per host (a few connections at a time, a pause between requests) and per run."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

__all__ = ["HostThrottle", "Slot"]


@dataclass(slots=True)
class _Host:
    connections: asyncio.Semaphore
    free_at: float = 0.0


@dataclass(slots=True, kw_only=True)
class HostThrottle:
    """Limits requests per host: `per_host` at a time, at least `spacing` seconds apart."""

    per_host: int
    spacing: float
    _hosts: dict[str, _Host] = field(default_factory=dict)

    @asynccontextmanager
    async def slot(self, name: str) -> AsyncIterator[None]:
        """Wait until a host may be requested; the block counts as a request to it."""
        host = self._hosts.setdefault(name, _Host(asyncio.Semaphore(self.per_host)))
        async with host.connections:
            clock = asyncio.get_running_loop().time
            wait = host.free_at - clock()
            host.free_at = max(host.free_at, clock()) + self.spacing
            if wait > 0:
                await asyncio.sleep(wait)
            yield


class Slot:
    """One of the requests of a run that may hold a feed in memory.

    It is acquired when the host may be requested, so that requests which wait for a busy host do
    not block others.
    """

    def __init__(self, slots: asyncio.Semaphore) -> None:
        self._slots = slots
        self._is_acquired = False

    async def acquire(self) -> None:
        """Wait for a free slot."""
        await self._slots.acquire()
        self._is_acquired = True

    def release(self) -> None:
        """Give the slot back, if it was acquired."""
        if self._is_acquired:
            self._is_acquired = False
            self._slots.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
