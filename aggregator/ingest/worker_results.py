"""What worker processes return."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from aggregator.model import Entry, FeedMeta, KeyedEntry, ParsedEntry, Rejected

__all__ = ["CleanStep", "EntryHeaders", "ParsedDocument", "ReadDocument"]

CleanStep: TypeAlias = Callable[..., list[Entry | Rejected]]
"""Called with keyed entries, source, now and the URL of our own site."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedDocument:
    """A parsed feed, and its entries with their keys."""

    feed_meta: FeedMeta
    keyed: tuple[KeyedEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryHeaders:
    """A parsed chunk of a feed, and the headers of its entries."""

    feed_meta: FeedMeta
    entries: tuple[ParsedEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDocument:
    """A feed of one chunk: its entries that are not stored as they are, cleaned.

    `keyed` are their headers and keys, `cleaned` what cleaning made of each. `known` are the short
    hashes of the other entries, `known_count` is how many those are.
    """

    feed_meta: FeedMeta
    keyed: tuple[KeyedEntry, ...]
    cleaned: tuple[Entry | Rejected, ...]
    known: frozenset[int]
    known_count: int
