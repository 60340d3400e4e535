"""What the commands have in common: the configuration, the store, the log."""

import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import structlog

from aggregator import config as configuration
from aggregator.config import Config
from aggregator.errors import UnknownName
from aggregator.model import Source
from aggregator.store import Store, open_store

__all__ = ["chosen", "configured", "log_to_stderr", "opened", "read_config"]


def read_config(path: Path) -> Config:
    """feeds.toml and this process's environment. Raises ConfigError."""
    return configuration.read(path, os.environ)


@contextmanager
def opened(config: Config) -> Iterator[Store]:
    """The store of a configuration."""
    store = open_store(config.database)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def configured(path: Path) -> Iterator[tuple[Config, Store]]:
    """Both together."""
    config = read_config(path)
    with opened(config) as store:
        yield config, store


def chosen(config: Config, ids: Sequence[str]) -> list[Source]:
    """The sources of these ids, all enabled ones if none is named. Raises UnknownName."""
    known = {source.id: source for source in config.all_sources}
    for id_ in ids:
        if id_ not in known:
            raise UnknownName("source", id_, known)
    return [known[id_] for id_ in dict.fromkeys(ids)] if ids else list(config.sources)


def log_to_stderr() -> None:
    """One event per line, `event key=value`, on standard error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%Y-%m-%dT%H:%M:%SZ", utc=True),
            structlog.processors.ExceptionRenderer(),
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s: %(message)s")
