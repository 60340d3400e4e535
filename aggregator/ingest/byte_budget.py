"""A limit on the total bytes of documents in memory."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

__all__ = ["ByteBudget"]


class ByteBudget:
    """Admits documents in the order in which they come, as long as they have no more than
    `max_bytes` together. A larger document is admitted alone. For one event loop."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._used = 0
        self._queue: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def admit(self, size: int) -> AsyncIterator[None]:
        """Wait until there is room for `size` bytes, and reserve them until the block ends."""
        turn = asyncio.get_running_loop().create_future()
        self._queue.append((size, turn))
        self._admit_next()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it was admitted in the same moment
                self._used -= size
            self._admit_next()
            raise
        try:
            yield
        finally:
            self._used -= size
            self._admit_next()

    def _admit_next(self) -> None:
        while self._queue:
            size, turn = self._queue[0]
            if not turn.cancelled():
                if self._used and self._used + size > self._max_bytes:
                    return
                self._used += size
                turn.set_result(None)
            self._queue.popleft()
