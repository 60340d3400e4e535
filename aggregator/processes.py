"""A pool of worker processes that are forked from a server process, as pebble runs it.

The server has loaded the modules that the workers need, so starting one is quick and their memory
is shared.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable
from multiprocessing import resource_tracker
from typing import Any

from pebble import ProcessPool

__all__ = ["end_process_pool", "lower_priority", "open_process_pool"]


def open_process_pool(
    count: int, module: str, initializer: Callable[..., None], *arguments: Any
) -> ProcessPool:
    """A pool of `count` processes that have loaded a module and called `initializer`; the caller
    stops and joins it."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([module])
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])
    resource_tracker.ensure_running()  # it outlives those that it watches if the terminal is closed
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return ProcessPool(
        max_workers=count, context=context, initializer=initializer, initargs=arguments
    )


def end_process_pool(pool: ProcessPool) -> None:
    """Stop the processes of a pool.

    pebble removes the semaphores of its channel before it stops its workers, so a worker that is
    still starting would end with a traceback. Here the workers are stopped first.
    """
    pool.stop()  # type: ignore[no-untyped-call]  # pebble leaves it untyped
    if pool._pool_manager_loop is not None:  # it starts workers anew
        pool._pool_manager_loop.join()
        pool._pool_manager.worker_manager.force_stop_workers()  # type: ignore[no-untyped-call]  # as above
    pool.join()


def lower_priority(niceness: int) -> None:
    """Let other processes go first, unless this one does already; see nice(2)."""
    current = os.getpriority(os.PRIO_PROCESS, 0)
    os.setpriority(os.PRIO_PROCESS, 0, max(niceness, current))
