"""Which topics learn, whether they can, and when there is something to learn."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from importlib.util import find_spec

from aggregator.model import REFILED, Topic, digest_of
from aggregator.store import Store

__all__ = ["can_learn", "is_due", "learners", "of_what"]

AGAIN = timedelta(days=1)
"""After which what has come in since is learned from too."""


def can_learn() -> bool:
    """True if the libraries that learning takes are installed."""
    return all(find_spec(name) for name in ("sklearn", "wordllama"))


def learners(topics: Sequence[Topic]) -> list[Topic]:
    """Those that learn."""
    return [topic for topic in topics if topic.learn != "off"]


def is_due(store: Store, topics: Sequence[Topic], now: datetime) -> bool:
    """True if there is something to learn: settings or operators' words have changed, stored
    stories were filed anew, or a day has passed."""
    before = store.learned()
    if before.made is None or before.of != of_what(store, topics):
        return True
    return abs(now - before.made) >= AGAIN  # a clock that was ahead must not stop it


def of_what(store: Store, topics: Sequence[Topic]) -> str:
    """Changes when there is something else to learn, but for what comes in every day."""
    modes = [(topic.id, topic.learn) for topic in learners(topics)]
    words = store.words_said([topic for topic, _ in modes])
    return digest_of(modes, words, store.revision(REFILED).number)
