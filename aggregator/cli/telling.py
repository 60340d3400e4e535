"""What our hub works with: the configuration as its values."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address
from time import monotonic
from urllib.parse import urlsplit

import structlog

from aggregator.cli.line import limits
from aggregator.config import Config
from aggregator.edition import Edition
from aggregator.edition.subscribing import Subscribable
from aggregator.errors import StoreBusy
from aggregator.hub.rounds import Teller, ping, tell, verify
from aggregator.ingest.fetch import open_fetcher
from aggregator.ingest.guard import Network
from aggregator.store import Store

__all__ = ["Act", "acts", "tell_all", "telling"]

TIMEOUT = 10.0
"""Seconds that a callback may take."""
LONGEST = 60.0
"""Seconds of telling at the end of a single command; what is left is for the next time."""
PER_HOST, SPACING = 4, 0.1
"""Connections to one host, and seconds between two calls: one host may have many callbacks."""

Act = Callable[[Teller, datetime], Awaitable[bool]]

log = structlog.get_logger()


@asynccontextmanager
async def telling(config: Config, store: Store) -> AsyncIterator[Teller | None]:
    """Whoever tells of changes, with connections of its own; None if nobody is to be told."""
    if not (config.publish.hub or config.publish.hubs):
        yield None
        return
    hub = f"{config.site.url}/hub" if config.publish.hub else ""
    polite = replace(
        limits(config),
        per_host=PER_HOST,
        spacing=SPACING,
        timeout=TIMEOUT,
        allow_private=_neighbours(config),
    )
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


def acts(teller: Teller) -> Sequence[Act]:
    """What is to be done again and again, each beside the others."""
    return (verify, tell, ping) if teller.hub else (tell, ping)


async def tell_all(config: Config, store: Store) -> None:
    """Do once all that is due, unless another process does it."""
    async with telling(config, store) as teller:
        if teller is None:
            return
        deadline = monotonic() + LONGEST
        for act in acts(teller):
            try:
                with store.telling(act.__name__):
                    while monotonic() < deadline:
                        if not await act(teller, datetime.now(UTC)):
                            break
            except StoreBusy:
                log.info("hub", did="nothing", text="another process tells")


def _neighbours(config: Config) -> tuple[Network, ...]:
    """The private networks where callbacks may stand: those of [fetch] allow_private if the site
    itself stands in one, else none. They were meant for sources, not for strangers."""
    allowed = limits(config).allow_private
    host = urlsplit(config.site.url).hostname or ""
    try:
        address = ip_address(host)
    except ValueError:
        return allowed if host == "localhost" else ()
    return allowed if any(address in network for network in allowed) else ()


def _log(event: str, error: str = "", **values: object) -> None:
    level = log.warning if error else log.info
    level(event, **values, **({"error": error} if error else {}))
