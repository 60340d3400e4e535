"""Which topics learn, and when there is something to learn; without the libraries for it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from aggregator.model import Topic, digest_of
from aggregator.store import Store

__all__ = ["is_due", "learners", "of_what"]

AGAIN = timedelta(days=1)
"""After which what has come in since is learned from too."""


def learners(topics: Sequence[Topic]) -> list[Topic]:
    """Those that learn."""
    return [topic for topic in topics if topic.learn != "off"]


def is_due(store: Store, topics: Sequence[Topic], now: datetime) -> bool:
    """True if there is something to learn: settings or operators' words have changed, or a day
    has passed."""
    before = store.learned()
    if before.made is None or before.of != of_what(store, topics):
        return True
    return now - before.made >= AGAIN


def of_what(store: Store, topics: Sequence[Topic]) -> str:
    """Changes when there is something else to learn; how a topic's rule reads counts too."""
    ids = [topic.id for topic in learners(topics)]
    rules = [(topic.id, topic.match) for topic in topics]
    return digest_of(ids, rules, store.words_said(ids))
