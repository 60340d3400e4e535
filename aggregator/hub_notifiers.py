"""The notifier of subscribers and hubs, composed from a Config; only a site with a hub loads it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aggregator.config import Config
from aggregator.fetching import callback_settings
from aggregator.ingest.fetch.client import open_fetcher
from aggregator.site import PublicSite
from aggregator.store.base import Store
from aggregator.websub.hub import HubNotifier
from aggregator.websub.topic_urls import FeedTopics

__all__ = ["open_hub_notifier"]


@asynccontextmanager
async def open_hub_notifier(config: Config, store: Store) -> AsyncIterator[HubNotifier]:
    """A notifier with connections of its own, for the hubs of feeds.toml."""
    hub_url = f"{config.site.url}/hub" if config.publish.hub else ""
    async with open_fetcher(callback_settings(config), os.environ) as fetcher:
        yield HubNotifier(
            store=store,
            fetcher=fetcher,
            topics=FeedTopics(PublicSite(config, store)),
            hub_url=hub_url,
            signature_method=config.publish.signature,
            other_hubs=[url for url in config.site.hubs if url != hub_url],
        )
