"""The lists that stories stand in, how often they change, and what a feed of ours tells."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from aggregator.model.listed import Source
from aggregator.model.stories import Story

__all__ = [
    "ALL",
    "HIDDEN",
    "REFILED",
    "STORIES",
    "Feed",
    "Revision",
    "Takedown",
    "Tombstone",
    "held_scope",
    "hidden_scope",
    "page_scope",
    "source_scope",
    "story_scope",
    "topic_scope",
]  # fmt: skip

REFILED = "refiled"
"""What has a revision of its own: how often stored stories were filed anew."""

ALL = "all"
"""The scope of everything we publish. A scope names a list of stories."""


def topic_scope(topic: str) -> str:
    """The scope of one topic's stories."""
    return f"topic:{topic}"


def source_scope(source: str) -> str:
    """The scope of the stories that one outlet tells."""
    return f"source:{source}"


def held_scope(scope: str) -> str:
    """Where stories wait that would stand in a scope, if the operator lets them."""
    return f"held {scope}"


HIDDEN = "held hidden "
"""Before a scope: where stories stand that were taken down. Whatever passes over what is held
passes over them too."""


def hidden_scope(scope: str) -> str:
    """Where a story stands that would stand in a scope, had it not been taken down."""
    return f"{HIDDEN}{scope}"


def page_scope(scope: str, page: int) -> str:
    """The scope of an archive document of a list."""
    return f"{scope} #{page}"


STORIES = "stories #"
"""The scope of what can change every story's page: a takedown, an outlet's name or right."""


def story_scope(id_: str) -> str:
    """The scope of one story's page."""
    return f"story #{id_}"


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
    """A story that an operator has taken down, by its public id, and when."""

    public_id: str
    removed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What one public feed tells, whatever its format.

    `path` is its public path without ending, such as `/topics/drug-war`, `query` what is asked
    of it, such as `?lang=es`; `first_path` is the path under which it was first published, if
    that was another one.
    `sources` credits every outlet that occurs in `stories`, `topics` names their topics.

    `page` is the number of an archive document, 0 for the newest stories; `older` and `newer`
    are those before and after it, 0 if there is none (RFC 5005, 4). The one after the last leads
    to the newest stories until it is full, so that a document that is full need not change.
    """

    path: str
    query: str = ""
    title: str
    description: str
    language: str
    updated: datetime
    stories: tuple[Story, ...]
    sources: Mapping[str, Source]
    topics: Mapping[str, str]
    original_path: str = ""
    archive_page: int = 0
    older_page: int = 0
    newer_page: int = 0
    tombstones: tuple[Tombstone, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """How often a feed has changed, and when last."""

    number: int
    changed_at: datetime
