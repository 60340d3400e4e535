"""feeds.toml and the environment as values: the beginning of every command.

It imports neither the fetcher nor the web server, so that a command that only shows something
starts quickly.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from aggregator.config import Config, read_config_file
from aggregator.model import Source
from aggregator.store.base import Store

__all__ = [
    "known_sources",
    "load_config",
    "rename",
    "since_installed",
    "sync_config",
]


def load_config(path: Path, environment: Mapping[str, str] = os.environ) -> Config:
    """The configuration from feeds.toml and the environment. Raises ConfigError.

    Another version of the program counts as a change, since what is published may read differently.
    """
    return since_installed(read_config_file(path, environment))


def since_installed(config: Config) -> Config:
    """The configuration, changed when this version of the program was installed or later."""
    installed_at = datetime.fromtimestamp(Path(__file__).stat().st_mtime, UTC)
    return replace(config, changed_at=max(config.changed_at, installed_at))


def sync_config(config: Config, store: Store, now: datetime) -> None:
    """Store the sources and topics of feeds.toml, what has been renamed, and where feeds were first
    published. Raises StoreError."""
    rename(config, store, now)
    store.sources.sync(config.all_sources, now)
    store.lists.remember_site(config.site.url, now)


def rename(config: Config, store: Store, now: datetime) -> None:
    """Move what belongs to former ids of sources and topics (`was`). Raises StoreError."""
    store.sources.rename(config.all_sources, now)
    store.topics.rename(config.topics, now)


def known_sources(config: Config, store: Store) -> dict[str, Source]:
    """All sources by id, including those removed from feeds.toml, to credit their entries."""
    return {**store.sources.by_id(), **{source.id: source for source in config.all_sources}}
