"""A pool of worker processes that are forked from a server process, as pebble runs it.

The server has loaded the modules that the workers need, so starting one is quick and their memory
is shared.
"""

import gc
import multiprocessing
import signal
from collections.abc import Callable
from multiprocessing import resource_tracker
from typing import Any

from pebble import ProcessPool

__all__ = ["open_process_pool", "spare_collections"]

COLLECTED_OBJECTS = (50_000, 20, 50)
"""New objects after which Python looks for cycles among the young, and how often it looks further.
Documents make many objects and hardly any cycle."""


def spare_collections() -> None:
    """Look for garbage less often, and never among what is loaded by now: it stays, and in memory
    that processes share it is not touched. A thousand polls take a fifth less time."""
    gc.freeze()
    gc.set_threshold(*COLLECTED_OBJECTS)


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
