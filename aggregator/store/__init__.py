"""What we keep: the only SQL in the house.

`Store` is the door: named questions and acts over the nouns of `model`. It never knows a
step, a format or a page. `open_store` gives the one in SQLite; another database would be
another class that passes `tests/store/test_contract.py`.
"""

from aggregator.store.door import Store
from aggregator.store.placing import StoryPlacements
from aggregator.store.sqlite import open_store, reading

__all__ = ["Store", "StoryPlacements", "open_store", "reading"]
