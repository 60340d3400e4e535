"""What the commands have in common: the configuration, the store, the log."""

import logging
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
import structlog

from aggregator import config as configuration
from aggregator.config import Config
from aggregator.errors import QueryError, UnknownName, UnknownStory
from aggregator.model import Source, Story, Topic
from aggregator.query import parse
from aggregator.store import Store, open_store

__all__ = [
    "INGEST_LOCK_SECONDS",
    "find_story",
    "log_to_stderr",
    "open_config",
    "open_config_store",
    "read_config",
    "select_sources",
    "select_topics",
    "story_id_from",
]

INGEST_LOCK_SECONDS = 60.0
"""Seconds to wait for an ingest that is under way."""


def read_config(path: Path) -> Config:
    """feeds.toml and this process's environment. Another version of the program counts as a
    change, since what is published may read differently. Raises ConfigError."""
    read = configuration.read(path, os.environ)
    installed = datetime.fromtimestamp(Path(__file__).stat().st_mtime, UTC)
    return replace(read, changed=max(read.changed, installed))


@contextmanager
def open_config_store(config: Config) -> Iterator[Store]:
    """The store of a configuration."""
    store = open_store(config.database)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def open_config(path: Path) -> Iterator[tuple[Config, Store]]:
    """Both together."""
    config = read_config(path)
    with open_config_store(config) as store:
        yield config, store


def select_sources(config: Config, ids: Sequence[str]) -> list[Source]:
    """The sources of these ids, all enabled ones if none is named. Raises UnknownName."""
    known = {source.id: source for source in config.all_sources}
    for id_ in ids:
        if id_ not in known:
            raise UnknownName("source", id_, known)
    return [known[id_] for id_ in dict.fromkeys(ids)] if ids else list(config.sources)


def select_topics(config: Config, ids: Sequence[str], draft: str | None = None) -> list[Topic]:
    """The topics of these ids, all if none is named; with a draft in place of their rule.

    Raises UnknownName, and UsageError for a draft that cannot be read.
    """
    known = {topic.id: topic for topic in config.topics}
    if draft is not None:
        known = {id_: replace(listed, match=draft) for id_, listed in known.items()}
    for id_ in ids:
        if id_ not in known:
            raise UnknownName("topic", id_, known)
    chosen = [known[id_] for id_ in dict.fromkeys(ids)] if ids else list(config.topics)
    for topic in chosen if draft else ():
        try:
            parse(topic.match, topic.stem)
        except QueryError as error:
            raise click.UsageError(f"the rule cannot be read: {error}") from error
    return chosen


def find_story(store: Store, id_: str) -> Story:
    """The story of an id or of a pasted address, or the one that it stands for now. Raises
    UnknownStory, also for one that was taken down."""
    id_ = story_id_from(id_)
    found = store.story(id_) or store.story(store.heir(id_))
    if found is None and store.is_hidden(id_):
        raise UnknownStory("story", id_, "it was taken down; `aggregator hidden` says why.")
    if found is None:
        hint = (
            "its id is the end of its address, /stories/ID, and `aggregator topics ID` lists some."
        )
        raise UnknownStory("story", id_, hint)
    return found


def story_id_from(story: str) -> str:
    """The id of a story, of itself or out of a pasted address."""
    return re.sub(r"[?#].*", "", story.strip()).rstrip("/").rpartition("/")[2].lower()


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
