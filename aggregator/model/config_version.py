"""feeds.toml as it was accepted, and what is wrong with the file now."""

from dataclasses import dataclass
from datetime import datetime

__all__ = ["ConfigProblem", "ConfigVersion"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigVersion:
    """A text of feeds.toml that was in force from `accepted_at` on; `accepted_by` is the operator
    who saved it at the desk, empty for an edit of the file. Numbers count from 1."""

    number: int
    text: str
    accepted_at: datetime
    accepted_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigProblem:
    """Why feeds.toml is not in force, in sentences with line and key, and since when."""

    issues: tuple[str, ...]
    since: datetime
