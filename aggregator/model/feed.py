"""Feeds: the lists of stories that we publish."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from aggregator.model.picture import Thumbnail
from aggregator.model.source import Source
from aggregator.model.story import Story

__all__ = ["Feed", "ListSlice", "OlderPages", "Revision", "Takedown", "Tombstone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Takedown:
    """A story that an operator has taken down, when, and why."""

    id: str
    title: str
    url: str
    reason: str
    taken_down_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """The public id of a story that was taken down, and when (RFC 6721)."""

    public_id: str
    removed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """The content of one public feed, whatever its format.

    `path` is its public path without extension, such as `/topics/drug-war`, `query` its query
    string, such as `?lang=es`; `original_path` is the path under which it was first published, if
    that was another one, and `first_site` the address of the site at that time, empty if unknown.
    `sources` credits every outlet that occurs in `stories`, `topics` names their topics.

    `title_language` is the language of title and description, if that is not `language`, that of
    the stories.

    `archive_page` is the number of an archive document, 0 for the newest stories; `older_page` and
    `newer_page` are its neighbours, 0 if there is none (RFC 5005, section 4). The one after the
    last redirects to the newest stories until it is full, so that a full document need not change.
    """

    path: str
    query: str = ""
    title: str
    description: str
    language: str
    title_language: str = ""
    updated: datetime
    stories: tuple[Story, ...]
    sources: Mapping[str, Source]
    topics: Mapping[str, str]
    original_path: str = ""
    first_site: str = ""
    archive_page: int = 0
    older_page: int = 0
    newer_page: int = 0
    tombstones: tuple[Tombstone, ...] = ()
    thumbnails: Mapping[str, Thumbnail] = field(default_factory=dict)
    """The address of an outlet's picture -> our thumbnail, for those of these stories."""
    next_query: str = ""
    """Query string of the stories that were listed before these."""


@dataclass(frozen=True, slots=True)
class ListSlice:
    """Stories of a list, by publication, newest first, and the id of the story before which the
    next ones were listed; empty if there are no more."""

    stories: list[Story]
    next_before: str


@dataclass(frozen=True, slots=True)
class OlderPages:
    """Numbers of the pages of a list with older stories, counted from the oldest: of the first that
    still holds something, of the last that is closed, for good, and of the newest; 0 for none."""

    oldest: int
    closed: int
    newest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """How often a list has changed, and when last."""

    number: int
    changed_at: datetime
