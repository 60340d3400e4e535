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

from aggregator.app import fetch_settings
from aggregator.config import Config
from aggregator.errors import StoreBusy
from aggregator.ingest.fetch.client import open_fetcher
from aggregator.ingest.fetch.ssrf import IpNetwork
from aggregator.site import PublicSite
from aggregator.store import Store
from aggregator.websub.hub import HubNotifier, notify, ping_hubs, verify_requests
from aggregator.websub.topics import FeedTopics

__all__ = ["HubTask", "hub_tasks", "notify_once", "open_notifier"]

CALLBACK_TIMEOUT_SECONDS = 10.0
"""Seconds that a callback may take."""
MAX_NOTIFY_SECONDS = 60.0
"""Seconds of telling at the end of a single command; what is left is for the next time."""
CALLBACKS_PER_HOST, CALLBACK_SPACING_SECONDS = 4, 0.1
"""Connections to one host, and seconds between two calls: one host may have many callbacks."""

HubTask = Callable[[HubNotifier, datetime], Awaitable[bool]]

log = structlog.get_logger()


@asynccontextmanager
async def open_notifier(config: Config, store: Store) -> AsyncIterator[HubNotifier | None]:
    """Whoever tells of changes, with connections of its own; None if nobody is to be told."""
    if not (config.publish.hub or config.publish.hubs):
        yield None
        return
    hub = f"{config.site.url}/hub" if config.publish.hub else ""
    polite = replace(
        fetch_settings(config),
        per_host=CALLBACKS_PER_HOST,
        spacing=CALLBACK_SPACING_SECONDS,
        timeout=CALLBACK_TIMEOUT_SECONDS,
        allow_private=_callback_networks(config),
    )
    async with open_fetcher(polite, os.environ) as fetcher:
        yield HubNotifier(
            store=store,
            fetcher=fetcher,
            topics=FeedTopics(PublicSite(config, store)),
            hub_url=hub,
            signature_method=config.publish.signature,
            other_hubs=[address for address in config.site.hubs if address != hub],
            log=_log,
        )


def hub_tasks(teller: HubNotifier) -> Sequence[HubTask]:
    """What is to be done again and again, each beside the others."""
    return (verify_requests, notify, ping_hubs) if teller.hub_url else (notify, ping_hubs)


async def notify_once(config: Config, store: Store) -> None:
    """Do once all that is due, unless another process does it."""
    async with open_notifier(config, store) as teller:
        if teller is None:
            return
        deadline = monotonic() + MAX_NOTIFY_SECONDS
        for act in hub_tasks(teller):
            try:
                with store.telling(act.__name__):
                    while monotonic() < deadline:
                        if not await act(teller, datetime.now(UTC)):
                            break
            except StoreBusy:
                log.info("hub", did="nothing", text="another process tells")


def _callback_networks(config: Config) -> tuple[IpNetwork, ...]:
    """The private networks where callbacks may stand: those of [fetch] allow_private if the site
    itself stands in one, else none. They were meant for sources, not for strangers."""
    allowed = fetch_settings(config).allow_private
    host = urlsplit(config.site.url).hostname or ""
    try:
        address = ip_address(host)
    except ValueError:
        return allowed if host == "localhost" else ()
    return allowed if any(address in network for network in allowed) else ()


def _log(event: str, error: str = "", **values: object) -> None:
    level = log.warning if error else log.info
    level(event, **values, **({"error": error} if error else {}))
