"""Turns at other people's servers: a few at a time, one after the other, and never in a hurry."""

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
    """Who may ask which host when. `spacing` is seconds between two requests to one host."""

    per_host: int
    spacing: float
    _known: dict[str, _Host] = field(default_factory=dict)

    @asynccontextmanager
    async def slot(self, name: str) -> AsyncIterator[None]:
        """Wait for a turn at a host, and have it until the block ends."""
        host = self._known.setdefault(name, _Host(asyncio.Semaphore(self.per_host)))
        async with host.connections:
            clock = asyncio.get_running_loop().time
            wait = host.free_at - clock()
            host.free_at = max(host.free_at, clock()) + self.spacing
            if wait > 0:
                await asyncio.sleep(wait)
            yield


class Slot:
    """One of the places in a run; whoever has one may hold a feed in memory.

    It is taken when a turn at the host has come, so that those who wait for a busy host
    keep nobody else from working.
    """

    def __init__(self, places: asyncio.Semaphore) -> None:
        self._places = places
        self._is_taken = False

    async def acquire(self) -> None:
        await self._places.acquire()
        self._is_taken = True

    def release(self) -> None:
        if self._is_taken:
            self._is_taken = False
            self._places.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
