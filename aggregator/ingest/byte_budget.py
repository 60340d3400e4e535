"""A limit on the total bytes of documents in memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

__all__ = ["ByteBudget"]


class ByteBudget:
    """Admits documents in the order in which they come, as long as they have no more than
    `max_bytes` together. A larger document is admitted alone. For one event loop."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._used = 0
        self._turn = asyncio.Lock()
        self._freed = asyncio.Condition()

    @asynccontextmanager
    async def admit(self, size: int) -> AsyncIterator[None]:
        """Wait until there is room for `size` bytes, and reserve them until the block ends."""
        async with self._turn, self._freed:
            await self._freed.wait_for(
                lambda: not self._used or self._used + size <= self._max_bytes
            )
            self._used += size
        try:
            yield
        finally:
            async with self._freed:
                self._used -= size
                self._freed.notify_all()
