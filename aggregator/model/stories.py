"""One or more articles that are the same, and what binds them."""

import enum
from dataclasses import dataclass
from datetime import datetime

from aggregator.model.entries import Entry

__all__ = ["MANUAL", "Match", "MatchKind", "Story", "StoryNeighbourhood"]


class MatchKind(enum.StrEnum):
    """What binds two entries, or keeps them apart, strongest first."""

    SPLIT = "split"
    """An operator has told them apart."""
    MERGED = "merged"
    """An operator has put them together."""
    ADDRESS = "address"
    ATTRIBUTION = "attribution"
    TEXT = "text"
    TITLE = "title"


MANUAL = frozenset({MatchKind.SPLIT, MatchKind.MERGED})
"""What an operator says; no evidence takes its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Evidence that two entries of two outlets are one article, or an operator's word on it.

    `a` and `b` are their rows, the smaller first. Of bonds of one kind, the one with the higher
    `score` is stronger; `why` is a phrase for the operator.
    """

    entry_a: int
    entry_b: int
    kind: MatchKind
    score: float = 0.0
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One or more entries that are the same article, published once.

    `id` and `public_id` are chosen once and never change; `lead` is sticky.
    `published` orders stories, `arrived` decides which are in the window of a feed, so
    that an old-dated newcomer is still seen (oursqlcommunity-org/planet#107). `begun` is the
    time of the run that told it first.
    """

    id: str
    public_id: str
    lead: Entry
    duplicates: tuple[Entry, ...] = ()
    published: datetime
    updated: datetime
    listed_at: datetime
    first_seen_at: datetime
    reasons: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All tellings, the lead first."""
        return (self.lead, *self.duplicates)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryNeighbourhood:
    """Stored stories that may have to do with each other: all that bonds connect, whole, in the
    order in which they were begun.

    `former` are stories that turned out to be one of them, each with the entry that led it;
    `published` are the ids of those that readers see, `gone` of those that stand in no list,
    because an operator dropped them or they grew old.
    """

    stories: tuple[Story, ...] = ()
    matches: tuple[Match, ...] = ()
    merged_stories: tuple[Story, ...] = ()
    published_ids: frozenset[str] = frozenset()
    unlisted_ids: frozenset[str] = frozenset()
