"""Calls of callbacks and hubs, side by side: none waits for the slowest of a batch."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable, Iterable
from typing import TypeAlias

__all__ = ["MAX_CONCURRENT_CALLS", "Call", "make_calls"]

MAX_CONCURRENT_CALLS = 50
"""Callbacks that are called at the same time."""
POLL_SECONDS = 0.5
"""Polling interval for new calls while others are in progress."""

Call: TypeAlias = tuple[Hashable, Awaitable[None]]
"""What is called, so that it is not called twice at a time, and the call."""


async def make_calls(pick: Callable[[Collection[Hashable], int], Iterable[Call]]) -> bool:
    """Make calls until nothing is due, and return True if anything was.

    `pick` returns calls that are due, not among those in progress, and at most so many. Each takes
    the place of one that has ended. Raises the first error of a call, and cancels the others.
    """
    running: dict[asyncio.Task[None], Hashable] = {}
    has_called = False
    try:
        while True:
            free_slots = MAX_CONCURRENT_CALLS - len(running)
            for key, call in pick(set(running.values()), free_slots) if free_slots else ():
                running[asyncio.ensure_future(_finished(call))] = key
            if not running:
                return has_called
            has_called = True
            done, _ = await asyncio.wait(
                running, timeout=POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                del running[task]
                task.result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _finished(call: Awaitable[None]) -> None:
    await call
