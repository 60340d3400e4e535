"""When Python looks for garbage, beside what it frees at once."""

import gc

__all__ = ["spare_collections"]

COLLECTED_OBJECTS = (50_000, 20, 50)
"""New objects after which Python looks for cycles among the young, and how often it looks further.
Documents make many objects and hardly any cycle."""


def spare_collections() -> None:
    """Look for garbage less often, and never among what is loaded by now: it stays, and in memory
    that processes share it is not touched. A thousand polls take a fifth less time."""
    gc.freeze()
    gc.set_threshold(*COLLECTED_OBJECTS)
