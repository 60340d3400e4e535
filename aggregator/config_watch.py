"""feeds.toml while the program runs: a good file takes effect, a bad one never does.

file changes --settled--> read, check --good--> accepted: in the store, and in force
                                      --bad---> rejected: the last good one stays in force
another process has accepted one ---------------> in force here, too
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import structlog

from aggregator.config import Config, decode, find_database, parse_config
from aggregator.config.changes import describe_changes
from aggregator.errors import ConfigError, StoreError
from aggregator.model import ConfigVersion
from aggregator.startup import load_config, since_installed
from aggregator.store import open_read_only
from aggregator.store.base import Store
from aggregator.text.secrets import without_secret_values

__all__ = ["CONFIG_POLL_SECONDS", "ConfigWatch", "current_config"]

CONFIG_POLL_SECONDS = 0.5
"""How often the file is looked at. It must look the same twice, since editors write it in steps."""

log = structlog.get_logger()


def current_config(
    path: Path, environment: Mapping[str, str] = os.environ, database: Path | None = None
) -> tuple[Config, ConfigError | None]:
    """The configuration in force: that of the file, or if it has problems, the last good one, with
    the problems. `database` is where that is looked for if the file does not name a database.

    Raises ConfigError if there is no good one, and StoreError.
    """
    try:
        return load_config(path, environment), None
    except ConfigError as error:
        text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        with open_read_only(database or find_database(text, path, environment)) as store:
            version = store.config.current() if store else None
        config = _config_of(version, path, environment) if version else None
        if config is None:
            raise
        return config, error


def _config_of(version: ConfigVersion, path: Path, environment: Mapping[str, str]) -> Config | None:
    """The configuration of a stored version; None if this version of the program refuses it."""
    try:
        config = parse_config(version.text, path, environment, version.accepted_at)
        return since_installed(config)
    except ConfigError:
        return None


class ConfigWatch:
    """What `feeds.toml` says now, for one process; `config` is in force."""

    def __init__(
        self, config: Config, store: Store, environment: Mapping[str, str] = os.environ
    ) -> None:
        self.config = config
        self._store = store
        self._environment = environment
        self._seen: object = None
        self._read: object = None
        self._number = store.config.number()
        self._reload_count = store.config.reload_count()

    def check(self, now: datetime) -> None:
        """Look at the file at once, when the program starts. Raises StoreError."""
        self._seen = self._read = _state_of(self.config.path)
        if _text_of(self.config.path) == self.config.text:  # it has just been read and checked
            self._number = self._store.config.accept(self.config.text, now).number
        else:
            self._from_file(now)

    def reload(self) -> None:
        """Read the file at the next poll, whether it has changed or not."""
        self._read = None

    def poll(self, now: datetime) -> Config | None:
        """The configuration that comes into force now; None if nothing changes. An error of the
        store is logged, and the next poll tries again."""
        try:
            return self._poll(now)
        except StoreError as error:
            log.error("store_unavailable", error=str(error))
            return None

    def _poll(self, now: datetime) -> Config | None:
        count = self._store.config.reload_count()
        if count != self._reload_count:
            self._reload_count = count
            self.reload()
        state = _state_of(self.config.path)
        is_settled, self._seen = state == self._seen, state
        if is_settled and state != self._read:
            config = self._from_file(now)
            self._read = state
            return config
        return self._from_store()

    def _from_file(self, now: datetime) -> Config | None:
        try:
            config = load_config(self.config.path, self._environment)
        except ConfigError as error:
            issues = [without_secret_values(str(issue)) for issue in error.issues]
            known = self._store.config.problem()
            if known is None or known.issues != tuple(issues):
                log.error(
                    "config_rejected", issues="; ".join(issues), action="the last good one stays"
                )
            self._store.config.reject(issues, now)
            return None
        self._number = self._store.config.accept(config.text, now).number
        is_same = config.text == self.config.text and config.theme == self.config.theme
        return None if is_same else self._put_in_force(config)

    def _from_store(self) -> Config | None:
        """The configuration that another process has accepted, perhaps on another machine."""
        if self._store.config.number() == self._number:
            return None
        version = self._store.config.current()
        self._number = version.number if version else 0
        if version is None or version.text == self.config.text:
            return None
        config = _config_of(version, self.config.path, self._environment)
        return self._put_in_force(config) if config else None

    def _put_in_force(self, config: Config) -> Config:
        changes = describe_changes(self.config, config)
        log.info("config_accepted", number=self._number, changes="; ".join(changes) or "comments")
        self.config = replace(config, database=self.config.database)  # which is open
        return self.config


def _text_of(path: Path) -> str:
    """The text of a file; empty if it cannot be read."""
    try:
        return decode(path.read_bytes(), path)
    except (OSError, ConfigError):
        return ""


def _state_of(path: Path) -> object:
    """What shows that a file has changed; None if it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None, str(path)
    return found.st_mtime_ns, found.st_size, found.st_ino, found.st_mode
