"""feeds.toml and the environment as values: the beginning of every command.

Here the environment and the clock of the installation are read; nothing below reads them. Only what
every command needs is imported, so that a command starts quickly.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from aggregator import __version__
from aggregator.config import Config, read_config_file
from aggregator.config.schema import to_seconds
from aggregator.ingest.dedupe import ClusterSettings
from aggregator.ingest.fetch.settings import FetchSettings
from aggregator.ingest.fetch.ssrf import IpNetwork
from aggregator.model import Source
from aggregator.store.base import Store

__all__ = [
    "callback_settings", "cluster_settings", "fetch_settings", "known_sources", "load_config",
    "sync_config",
]  # fmt: skip

CALLBACK_TIMEOUT_SECONDS = 10.0
CALLBACKS_PER_HOST = 4
"""Connections to one host of subscribers, which may have many callbacks."""
CALLBACK_SPACING_SECONDS = 0.1


def load_config(path: Path, environment: Mapping[str, str] = os.environ) -> Config:
    """feeds.toml and the environment. Another version of the program counts as a change, since what
    is published may read differently. Raises ConfigError."""
    config = read_config_file(path, environment)
    installed_at = datetime.fromtimestamp(Path(__file__).stat().st_mtime, UTC)
    return replace(config, changed_at=max(config.changed_at, installed_at))


def sync_config(config: Config, store: Store, now: datetime) -> None:
    """Store the sources and topics of feeds.toml, and what has been renamed. Raises StoreError."""
    store.sources.sync(config.all_sources, now)
    store.topics.rename(config.topics, now)


def known_sources(config: Config, store: Store) -> dict[str, Source]:
    """All sources by id, including those removed from feeds.toml, to credit their entries."""
    return {**store.sources.by_id(), **{source.id: source for source in config.all_sources}}


def cluster_settings(config: Config, store: Store, now: datetime) -> ClusterSettings:
    """How stories are clustered, from the configuration."""
    return ClusterSettings(
        sources=known_sources(config, store),
        authority=urlsplit(config.site.url).hostname or "localhost",
        now=now,
        window=timedelta(seconds=config.window),
    )


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
        allow_private=tuple(ip_network(network) for network in fetch.allow_private),
    )


def callback_settings(config: Config) -> FetchSettings:
    """Limits of calls to subscribers and hubs."""
    return replace(
        fetch_settings(config),
        per_host=CALLBACKS_PER_HOST,
        spacing=CALLBACK_SPACING_SECONDS,
        timeout=CALLBACK_TIMEOUT_SECONDS,
        allow_private=_callback_networks(config),
    )


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
