"""Helpers for the commands: the configuration and its store, selection by id, the log."""

import ctypes
import logging
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import TextIO, cast

import structlog

from aggregator.config import Config
from aggregator.config_watch import current_config
from aggregator.errors import CommandError, QueryError, UnknownName
from aggregator.model import Source, Topic
from aggregator.query import parse
from aggregator.store import Store, open_store

__all__ = [
    "INGEST_LOCK_SECONDS", "end_with_parent", "log_to_stderr", "open_config",
    "select_sources", "select_topics",
]  # fmt: skip

PR_SET_PDEATHSIG = 1
PROGRESS_SECONDS = 5.0
INGEST_LOCK_SECONDS = 60.0
"""How long a command waits for a running ingest to end."""


@contextmanager
def open_config(path: Path) -> Iterator[tuple[Config, Store]]:
    """Read the configuration and open its store; a new database is announced. If the file has
    problems, they are printed, and the last good configuration is used."""
    config, error = current_config(path)
    if error is not None:
        _LogFile().write(
            f"Warning: {error}\nUntil this is corrected, its last good version stays in force.\n"
        )
    is_new = not config.database.exists()
    with open_store(config.database, _MigrationProgress()) as store:
        if is_new:
            _LogFile().write(f"Created a new database, {config.database}.\n")
        yield config, store


def select_sources(config: Config, ids: Sequence[str]) -> list[Source]:
    """The sources with these ids; all enabled ones if there are no ids. Raises UnknownName."""
    known = {source.id: source for source in config.all_sources}
    for id_ in ids:
        if id_ not in known:
            raise UnknownName("source", id_, known)
    return [known[id_] for id_ in dict.fromkeys(ids)] if ids else list(config.sources)


def select_topics(config: Config, ids: Sequence[str], draft: str | None = None) -> list[Topic]:
    """The topics with these ids, all if there are no ids; `draft` replaces their rule.

    Raises UnknownName, and CommandError for a draft that does not parse.
    """
    known = {topic.id: topic for topic in config.topics}
    if draft is not None:
        known = {id_: replace(topic, match=draft) for id_, topic in known.items()}
    for id_ in ids:
        if id_ not in known:
            raise UnknownName("topic", id_, known)
    topics = [known[id_] for id_ in dict.fromkeys(ids)] if ids else list(config.topics)
    for topic in topics if draft else ():
        try:
            parse(topic.match, topic.stem)
        except QueryError as error:
            raise CommandError(f"The rule cannot be parsed: {error}.") from error
    return topics


def end_with_parent() -> None:
    """Ask Linux to end this process when its parent dies, even if that is killed; see prctl(2)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class _MigrationProgress:
    """Reports the progress of the migration of a large database every few seconds."""

    def __init__(self) -> None:
        self._next = monotonic() + PROGRESS_SECONDS

    def __call__(self, done: int, total: int) -> None:
        if monotonic() >= self._next:
            self._next = monotonic() + PROGRESS_SECONDS
            _LogFile().write(
                f"Updating the database for this version: {done:,} of {total:,} entries. "
                "If stopped, it resumes at the next start.\n"
            )


class _LogFile:
    """Standard error. What its disk has no room for is lost, and the program goes on."""

    def write(self, text: str) -> None:
        with suppress(OSError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stderr.flush()


def log_to_stderr() -> None:
    """Log to standard error: for people on a terminal, in local time; elsewhere for machines, one
    `event key=value` line per event."""
    processors: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
    ]
    if sys.stderr.isatty():
        processors += [
            structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
            structlog.dev.ConsoleRenderer(colors=not os.environ.get("NO_COLOR"), pad_event_to=12),
        ]
    else:
        processors += [
            structlog.processors.TimeStamper(fmt="%Y-%m-%dT%H:%M:%SZ", utc=True),
            structlog.processors.ExceptionRenderer(),
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ]
    structlog.configure(
        processors=processors,
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _LogFile())),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s: %(message)s")
