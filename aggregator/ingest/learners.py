"""Which topics learn, whether they can, and when there is something to learn."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from importlib.util import find_spec

from aggregator.model import REFILED, Topic, hash_values
from aggregator.store import Store

__all__ = ["has_learning_libraries", "is_training_due", "learning_topics", "training_state_hash"]

RETRAIN_AFTER = timedelta(days=1)
"""After which what has come in since is learned from too."""


def has_learning_libraries() -> bool:
    """True if the libraries that learning takes are installed."""
    return all(find_spec(name) for name in ("sklearn", "wordllama"))


def learning_topics(topics: Sequence[Topic]) -> list[Topic]:
    """Those that learn."""
    return [topic for topic in topics if topic.learn != "off"]


def is_training_due(store: Store, topics: Sequence[Topic], now: datetime) -> bool:
    """True if there is something to learn: settings or operators' words have changed, stored
    stories were filed anew, or a day has passed."""
    before = store.learned()
    if before.trained_at is None or before.training_hash != training_state_hash(store, topics):
        return True
    return abs(now - before.trained_at) >= RETRAIN_AFTER  # a clock that was ahead must not stop it


def training_state_hash(store: Store, topics: Sequence[Topic]) -> str:
    """Changes when there is something else to learn, but for what comes in every day."""
    modes = [(topic.id, topic.learn) for topic in learning_topics(topics)]
    words = store.words_said([topic for topic, _ in modes])
    return hash_values(modes, words, store.revision(REFILED).number)
