"""The interface of a store, continued: the versions of feeds.toml."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from aggregator.model import ConfigProblem, ConfigVersion

__all__ = ["ConfigStore"]


class ConfigStore(Protocol):
    """The configuration in force, and what is wrong with the file."""

    def current(self) -> ConfigVersion | None:
        """The version in force; None if none was ever accepted."""

    def number(self) -> int:
        """The number of the version in force, 0 if there is none."""

    def version(self, number: int) -> ConfigVersion | None:
        """The accepted version with this number, if it is still kept."""

    def versions(self, limit: int) -> list[ConfigVersion]:
        """The newest versions, newest first."""

    def accept(self, text: str, now: datetime, accepted_by: str = "") -> ConfigVersion:
        """Put a text in force, unless it is; the file has no problems then."""

    def reject(self, issues: Sequence[str], now: datetime) -> None:
        """Keep what is wrong with the file, since when it is."""

    def problem(self) -> ConfigProblem | None:
        """What is wrong with the file; None if it is in force."""

    def request_reload(self) -> None:
        """Ask every process to read the file again, though it has not changed."""

    def reload_count(self) -> int:
        """How often that was asked for."""
