"""Storage: the Store interface and its backends, with the only SQL of the program.

`Store` describes the interface, part by part, in terms of `model`; it knows no step, format or
page. `open_store` opens the backend in SQLite; another backend is another package next to it that
passes tests/contract.
"""

from aggregator.store.base import Store
from aggregator.store.sqlite import open_read_only, open_store, restore_database

__all__ = ["Store", "open_read_only", "open_store", "restore_database"]
