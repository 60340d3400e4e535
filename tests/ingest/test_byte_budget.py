"""Documents wait for memory in the order in which they come, and only if they must."""

import asyncio
from contextlib import suppress

import pytest

from aggregator.ingest.byte_budget import ByteBudget


class _Documents:
    """Documents that stay in memory until they are told to go."""

    def __init__(self, max_bytes: int) -> None:
        self.budget = ByteBudget(max_bytes)
        self.inside: list[int] = []
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._ends: dict[int, asyncio.Event] = {}

    async def come(self, *sizes: int) -> None:
        for size in sizes:
            self._ends[size] = asyncio.Event()
            self._tasks[size] = asyncio.create_task(self._stay(size))
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)

    async def go(self, size: int) -> None:
        self._ends[size].set()
        await self._tasks[size]
        await asyncio.sleep(0.01)

    async def give_up(self, size: int) -> None:
        self._tasks[size].cancel()
        with suppress(asyncio.CancelledError):
            await self._tasks[size]
        await asyncio.sleep(0.01)

    async def _stay(self, size: int) -> None:
        async with self.budget.admit(size):
            self.inside.append(size)
            await self._ends[size].wait()
            self.inside.remove(size)


def test_documents_that_fit_go_together() -> None:
    """The next waits, though a smaller one behind it would fit: else it could wait for ever."""

    async def scene() -> None:
        documents = _Documents(10)
        await documents.come(4, 6, 5, 1)
        assert documents.inside == [4, 6]
        await documents.go(4)
        assert documents.inside == [6]
        await documents.go(6)
        assert documents.inside == [5, 1]

    asyncio.run(scene())


def test_one_that_is_larger_than_the_budget_goes_alone() -> None:
    """It is not refused."""

    async def scene() -> None:
        documents = _Documents(10)
        await documents.come(3, 99, 2)
        assert documents.inside == [3]
        await documents.go(3)
        assert documents.inside == [99]
        await documents.go(99)
        assert documents.inside == [2]

    asyncio.run(scene())


@pytest.mark.parametrize("size", [4, 9], ids=["inside", "waiting"])
def test_one_that_is_given_up_leaves_its_place(size: int) -> None:
    """Whether it was in memory or waited."""

    async def scene() -> None:
        documents = _Documents(10)
        await documents.come(4, 9, 5)
        assert documents.inside == [4]
        await documents.give_up(size)
        if size == 4:
            await documents.go(9)
        assert documents.inside[-1:] == [5]

    asyncio.run(scene())
