"""Limits of fetching feeds and of calling subscribers and webhooks, from the configuration."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from aggregator import __version__
from aggregator.config import Config
from aggregator.config.value_types import to_seconds
from aggregator.ingest.fetch.client import Fetcher, open_fetcher
from aggregator.ingest.fetch.settings import FetchSettings
from aggregator.store.base import Store
from aggregator.text.ip_addresses import IpNetwork

__all__ = ["callback_settings", "fetch_settings", "open_polite_fetcher", "webhook_settings"]

CALLBACK_TIMEOUT_SECONDS = 10.0
CALLBACKS_PER_HOST = 4
"""Connections to one host of subscribers, which may have many callbacks."""
CALLBACK_SPACING_SECONDS = 0.1


def fetch_settings(config: Config) -> FetchSettings:
    """Limits of fetching and the User-Agent, from the configuration."""
    fetch, contact = config.fetch, config.site.contact or config.site.url
    return FetchSettings(
        user_agent=f"aggregator/{__version__} (+{config.site.url}; {contact})",
        concurrency=fetch.concurrency,
        per_host=fetch.per_host,
        spacing=to_seconds(fetch.spacing),
        timeout=to_seconds(fetch.timeout),
        connect_timeout=to_seconds(fetch.connect_timeout),
        read_timeout=to_seconds(fetch.read_timeout),
        max_bytes=fetch.max_bytes,
        max_redirects=fetch.max_redirects,
        ports=tuple(fetch.ports),
        allow_private=fetch.private_networks,
        private_hosts=fetch.private_hosts,
    )


@asynccontextmanager
async def open_polite_fetcher(
    config: Config, store: Store | None, environment: Mapping[str, str], now: datetime
) -> AsyncIterator[Fetcher]:
    """A fetcher for looking at sources, which leaves alone the servers that have asked for it."""
    async with open_fetcher(fetch_settings(config), environment) as fetcher:
        if store is not None:
            fetcher.backoffs.update(store.sources.backoffs(now))
        yield fetcher


def callback_settings(config: Config) -> FetchSettings:
    """Limits of calls to subscribers and hubs."""
    return replace(
        fetch_settings(config),
        per_host=CALLBACKS_PER_HOST,
        spacing=CALLBACK_SPACING_SECONDS,
        timeout=CALLBACK_TIMEOUT_SECONDS,
        allow_private=(),
        call_private=_callback_networks(config),
    )


def webhook_settings(config: Config, urls: Iterable[str]) -> FetchSettings:
    """Limits of calls to addresses that the operator chose: their ports are allowed, and private
    networks if they are in [fetch] allow_private."""
    fetch = fetch_settings(config)
    ports = {port for url in urls if (port := _port(url))}
    return replace(
        callback_settings(config),
        ports=(*fetch.ports, *ports),
        call_private=fetch.allow_private,
    )


def _port(url: str) -> int | None:
    try:
        return urlsplit(url).port
    except ValueError:
        return None


def _callback_networks(config: Config) -> tuple[IpNetwork, ...]:
    """Private networks in which callbacks may be: those of [fetch] allow_private if the site itself
    is in one of them, else none. They were meant for sources, not for strangers."""
    allowed = fetch_settings(config).allow_private
    host = urlsplit(config.site.url).hostname or ""
    try:
        address = ip_address(host)
    except ValueError:
        return allowed if host == "localhost" else ()
    return allowed if any(address in network for network in allowed) else ()
