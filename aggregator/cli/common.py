"""Helpers for the commands: the configuration and its store, selection by id, the log."""

import ctypes
import logging
import re
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
from aggregator.errors import CommandError, QueryError, UnknownName, UnknownStory
from aggregator.model import Source, SourceHealth, Story, Topic
from aggregator.query import parse
from aggregator.store import Store, open_store
from aggregator.text.canonical import canonical_url
from aggregator.text.secrets import has_secret, host_only

__all__ = [
    "INGEST_LOCK_SECONDS", "end_with_parent", "find_story", "log_to_stderr", "open_config",
    "same_feed_as", "select_sources", "select_topics", "shown_url", "story_id_from",
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
        _LogFile().write(f"Warning: {error}\nUntil then, its last good version is in force.\n")
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


def find_story(store: Store, id_: str) -> Story:
    """The story with an id or pasted URL, or the one that it was merged into. Raises UnknownStory,
    and CommandError for one that was taken down."""
    id_ = story_id_from(id_)
    story = store.stories.get(id_) or store.stories.get(store.stories.merged_into(id_))
    if story is None and store.stories.is_taken_down(id_):
        raise CommandError(f"The story {id_!r} was taken down; `aggregator hidden` says why.")
    if story is None:
        hint = "an id is the end of a story's URL, /stories/ID; `aggregator search` finds stories."
        raise UnknownStory("story", id_, hint)
    return story


def story_id_from(text: str) -> str:
    """The id of a story, given as such or as a pasted URL."""
    return re.sub(r"[?#].*", "", text.strip()).rstrip("/").rpartition("/")[2].lower()


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


def same_feed_as(health: SourceHealth, sources: Sequence[Source]) -> list[str]:
    """The ids of the sources to whose feed another one has moved."""
    target = canonical_url(health.redirect.url) if health.redirect.url else ""
    return [
        source.id
        for source in sources
        if target and source.id != health.source and canonical_url(source.feed) == target
    ]


def shown_url(url: str, source: Source | None = None) -> str:
    """The URL of a feed as commands print it: of a private one, its host only."""
    is_private = has_secret(url) or (source is not None and bool(source.private_feed))
    return host_only(url) if url and is_private else url


class _LogFile:
    """Standard error. What its disk has no room for is lost, and the program goes on."""

    def write(self, text: str) -> None:
        with suppress(OSError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stderr.flush()


def log_to_stderr() -> None:
    """Log to standard error, one `event key=value` line per event."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%Y-%m-%dT%H:%M:%SZ", utc=True),
            structlog.processors.ExceptionRenderer(),
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _LogFile())),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s: %(message)s")
