"""What our hub works with: the configuration as its values."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import structlog

from aggregator.cli.line import limits
from aggregator.config import Config
from aggregator.edition import Edition
from aggregator.edition.subscribing import Subscribable
from aggregator.hub.rounds import Teller
from aggregator.ingest.fetch import open_fetcher
from aggregator.store import Store

__all__ = ["telling"]

TIMEOUT = 10.0
"""Seconds that a callback may take."""
PER_HOST, SPACING = 4, 0.1
"""Connections to one host, and seconds between two calls: one host may have many callbacks."""

log = structlog.get_logger()


@asynccontextmanager
async def telling(config: Config, store: Store) -> AsyncIterator[Teller | None]:
    """Whoever tells of changes, with connections of its own; None if nobody is to be told."""
    if not (config.publish.hub or config.publish.hubs):
        yield None
        return
    hub = f"{config.site.url}/hub" if config.publish.hub else ""
    polite = replace(limits(config), per_host=PER_HOST, spacing=SPACING, timeout=TIMEOUT)
    async with open_fetcher(polite, os.environ) as fetcher:
        yield Teller(
            store=store,
            fetcher=fetcher,
            published=Subscribable(Edition(config, store)),
            hub=hub,
            method=config.publish.signature,
            others=[address for address in config.site.hubs if address != hub],
            log=_log,
        )


def _log(event: str, error: str = "", **values: object) -> None:
    level = log.warning if error else log.info
    level(event, **values, **({"error": error} if error else {}))
