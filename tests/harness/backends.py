"""The backends of the store."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from aggregator.store import open_store
from aggregator.store.base import Store

__all__ = ["BACKENDS", "Backend"]

Backend: TypeAlias = Callable[[Path], Store]
"""Opens the database in a folder, or creates it."""

BACKENDS: dict[str, Backend] = {"sqlite": lambda folder: open_store(folder / "news.db")}
