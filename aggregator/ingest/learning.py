"""Which topics learn, whether the libraries for it are there, and when a new model is due."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from importlib.util import find_spec

from aggregator.model import RECATEGORIZED, Topic, hash_values
from aggregator.store.base import Store

__all__ = ["has_learning_libraries", "is_training_due", "learning_topics", "training_hash"]

RETRAIN_AFTER = timedelta(days=1)
"""Age of a model after which it is trained again, on the newer stories too."""


def has_learning_libraries() -> bool:
    """True if scikit-learn and WordLlama are installed."""
    return all(find_spec(name) for name in ("sklearn", "wordllama"))


def learning_topics(topics: Sequence[Topic]) -> list[Topic]:
    """The topics that learn."""
    return [topic for topic in topics if topic.learn != "off"]


def is_training_due(store: Store, topics: Sequence[Topic], now: datetime) -> bool:
    """True if settings or overrides have changed, stored stories were recategorised, or a day has
    passed."""
    model = store.learning.model_info()
    if model.trained_at is None or model.training_hash != training_hash(store, topics):
        return True
    return abs(now - model.trained_at) >= RETRAIN_AFTER  # abs: the clock may have been ahead


def training_hash(store: Store, topics: Sequence[Topic]) -> str:
    """A hash that changes when a model should be trained again, other than for new stories."""
    modes = [(topic.id, topic.learn) for topic in learning_topics(topics)]
    overrides = store.learning.overrides_hash([topic for topic, _ in modes])
    return hash_values(modes, overrides, store.lists.revision(RECATEGORIZED).number)
