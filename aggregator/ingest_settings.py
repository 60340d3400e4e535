"""How the steps of a run work, from the configuration and the store.

Kept separate from `startup`, because importing the steps is slow.
"""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from aggregator.config import Config
from aggregator.ingest.dedupe import ClusterSettings
from aggregator.startup import known_sources
from aggregator.store.base import Store

__all__ = ["cluster_settings"]


def cluster_settings(config: Config, store: Store, now: datetime) -> ClusterSettings:
    """How stories are clustered, from the configuration."""
    return ClusterSettings(
        sources=known_sources(config, store),
        authority=urlsplit(config.site.url).hostname or "localhost",
        now=now,
        first_fetches=store.sources.first_fetches(),
        window=timedelta(seconds=config.window),
    )
