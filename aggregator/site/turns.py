"""Turns at expensive work, so that one client's searches do not stop the site.

    search -> admitted, or Overloaded -> step, step, … each in its turn -> done, or Overloaded

Work is done in short steps, one at a time, and the next step is that of the client, and of the
search, that has spent the least processor time lately, so an honest search overtakes heavy ones.
"""

import heapq
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from itertools import count
from threading import Condition
from time import monotonic, thread_time
from typing import TypeAlias

from aggregator.errors import Overloaded

__all__ = ["CURRENT_CLIENT", "Step", "Turns"]

MAX_SECONDS = 3.0
"""Processor time of one search; reading 5,000 long articles takes 1 to 2 seconds."""
MAX_ADMITTED = 64
"""Searches at a time, each of which takes a thread."""
FORGET_SECONDS = 30.0
"""How long it is remembered what a client has spent."""
MAX_CLIENTS = 1_000

CURRENT_CLIENT: ContextVar[str] = ContextVar("current_client", default="")
"""The client of the request that this thread works on."""
Step: TypeAlias = Callable[[], AbstractContextManager[None]]


class Turns:
    """Lets threads do their steps one at a time. It is thread-safe."""

    def __init__(self, max_seconds: float = MAX_SECONDS, max_admitted: int = MAX_ADMITTED) -> None:
        self._max_seconds = max_seconds
        self._max_admitted = max_admitted
        self._free = Condition()
        self._queue: list[tuple[float, int]] = []
        self._numbers = count()
        self._is_busy = False
        self._admitted = 0
        self._spent_by: dict[str, tuple[float, float]] = {}

    @contextmanager
    def admit(self) -> Iterator[Step]:
        """Admit one search; what it yields surrounds each of its steps. Raises Overloaded if too
        many are admitted, and in a step if the search has spent its time."""
        client, spent = CURRENT_CLIENT.get(), 0.0

        @contextmanager
        def step() -> Iterator[None]:
            nonlocal spent
            self._wait(self._recently_spent(client) + spent)
            started = thread_time()
            try:
                yield
            finally:
                seconds = thread_time() - started
                spent += seconds
                self._done(client, seconds)
            if spent > self._max_seconds:
                raise Overloaded(
                    "This search takes too long; use fewer or rarer words, and leave out content: "
                    "if you can."
                )

        with self._free:
            if self._admitted >= self._max_admitted:
                raise Overloaded("Too many searches are running; try again in a few seconds.")
            self._admitted += 1
        try:
            yield step
        finally:
            with self._free:
                self._admitted -= 1

    def _wait(self, spent: float) -> None:
        with self._free:
            ticket = (spent, next(self._numbers))
            heapq.heappush(self._queue, ticket)
            self._free.wait_for(lambda: not self._is_busy and self._queue[0] == ticket)
            heapq.heappop(self._queue)
            self._is_busy = True

    def _done(self, client: str, seconds: float) -> None:
        with self._free:
            self._is_busy = False
            spent = self._recently_spent(client) + seconds
            self._spent_by.pop(client, None)  # the last one spent is the last to be forgotten
            self._spent_by[client] = (spent, monotonic())
            if len(self._spent_by) > MAX_CLIENTS:
                del self._spent_by[next(iter(self._spent_by))]
            self._free.notify_all()

    def _recently_spent(self, client: str) -> float:
        """Seconds that a client has spent, fading."""
        spent, moment = self._spent_by.get(client, (0.0, 0.0))
        return spent * max(0.0, 1 - (monotonic() - moment) / FORGET_SECONDS)
