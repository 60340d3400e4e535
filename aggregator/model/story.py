"""Stories: one or more entries that are the same article, and the evidence for that."""

import enum
from dataclasses import dataclass
from datetime import datetime

from aggregator.model.entry import Entry

__all__ = ["MANUAL", "Match", "MatchKind", "Story", "StoryNeighbourhood"]


class MatchKind(enum.StrEnum):
    """Kind of evidence that two entries are, or are not, one article; strongest first."""

    SPLIT = "split"
    """An operator has separated them."""
    MERGED = "merged"
    """An operator has merged them."""
    REPEAT = "repeat"
    """One outlet has published an article twice."""
    ADDRESS = "address"
    """Both have the same canonical URL."""
    ATTRIBUTION = "attribution"
    """One names the other as its origin."""
    TEXT = "text"
    TITLE = "title"


MANUAL = frozenset({MatchKind.SPLIT, MatchKind.MERGED})
"""Decisions of operators; no evidence replaces them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Evidence that two entries are one article, or an operator's decision on it.

    `entry_a` is the smaller entry id. Of matches of one kind, the one with the higher `score` is
    stronger. `reason` is a phrase for the operator.
    """

    entry_a: int
    entry_b: int
    kind: MatchKind
    score: float = 0.0
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One article as published: a lead entry and its duplicates in other outlets.

    `id` and `public_id` are chosen once and never change; the lead is sticky. `published` orders
    stories; `listed_at` decides which are in the window of a feed, so that a new story with an
    old date is still seen (oursqlcommunity-org/planet#107). `first_seen_at` is the time of the run
    that created it.
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
    """Why its entries are one article, for people."""
    topics: tuple[str, ...] = ()
    is_complete: bool = True
    """False if a text was left out because the list has too many characters."""
    own_headline: str = ""
    """The site's own headline, published beside that of the outlet."""
    editor_note: str = ""

    @property
    def title(self) -> str:
        """The headline under which it is published: the site's own, or that of the lead."""
        return self.own_headline or self.lead.title

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All entries, the lead first."""
        return (self.lead, *self.duplicates)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryNeighbourhood:
    """Stored stories that may be affected together: all that matches connect, whole, in the order
    in which they were created.

    `merged_stories` are stories that were merged into one of them, each with its former lead.
    `published_ids` are the ids of those that readers see, `taken_down_ids` of those that were taken
    down, `unlisted_ids` of those in no list, because an operator dropped them or they grew too old.
    """

    stories: tuple[Story, ...] = ()
    matches: tuple[Match, ...] = ()
    merged_stories: tuple[Story, ...] = ()
    published_ids: frozenset[str] = frozenset()
    taken_down_ids: frozenset[str] = frozenset()
    unlisted_ids: frozenset[str] = frozenset()

    @property
    def taken_down_entry_ids(self) -> frozenset[int]:
        """Ids of the entries of stories that were taken down."""
        return frozenset(
            entry.entry_id
            for story in self.stories
            if story.id in self.taken_down_ids
            for entry in story.entries
        )
