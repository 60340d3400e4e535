"""Frozen data types in Atom's words, one file per noun. Standard library only, no behaviour.

An article passes through three types: `ParsedEntry` as an outlet gave it, nearly everything
optional; `KeyedEntry` with its identity keys; `Entry` after cleaning, everything required.
All datetimes are aware and in UTC.
"""

from aggregator.model.batch import Batch, StoryChange
from aggregator.model.counts import EntryCounts
from aggregator.model.entry import (
    BUG_REASON,
    MAX_COMPARED_TITLE_CHARS,
    Enclosure,
    Entry,
    EntryView,
    FeedMeta,
    KeyedEntry,
    ParsedEntry,
    ParsedFeed,
    Rejected,
    SafeHtml,
    StoredEntry,
    Text,
)
from aggregator.model.expression import And, Near, Node, Not, Or, Term
from aggregator.model.feed import Feed, Revision, Takedown, Tombstone
from aggregator.model.fetch import (
    Backoff,
    Failed,
    FailureKind,
    Fetched,
    FetchState,
    HubLink,
    PermanentRedirect,
    PollingHints,
    Unchanged,
    Validators,
)
from aggregator.model.hashing import hash_values
from aggregator.model.keys import (
    ALL,
    ALL_STORY_PAGES,
    RECATEGORIZED,
    EntryKey,
    EntryKeyKind,
    ListKind,
    ListScope,
    PlacementReason,
    ReasonKind,
    Visibility,
    source_scope,
    story_scope,
    topic_scope,
)
from aggregator.model.learning import ModelInfo, Predictions, Suggestion, TrainingExample
from aggregator.model.report import (
    CLOCK_SLACK,
    MAX_SENTENCE_CHARS,
    RECENT_ENTRIES,
    Incident,
    Issue,
    Outcome,
    RunReport,
    SourceHealth,
    SourceReport,
)
from aggregator.model.site import Site
from aggregator.model.source import Dedupe, Show, Source
from aggregator.model.story import MANUAL, Match, MatchKind, Story, StoryNeighbourhood
from aggregator.model.topic import (
    LEARNED,
    Learn,
    Placement,
    PlacementChange,
    SampledStory,
    Share,
    StoryPlacements,
    Topic,
    TopicOverride,
)
from aggregator.model.websub import (
    Delivery,
    HubPing,
    ListChange,
    Subscriber,
    Subscription,
    SubscriptionRequest,
    is_custom_feed,
)

__all__ = [
    "ALL", "ALL_STORY_PAGES", "BUG_REASON", "CLOCK_SLACK", "LEARNED", "MANUAL",
    "MAX_COMPARED_TITLE_CHARS", "MAX_SENTENCE_CHARS",
    "RECATEGORIZED", "RECENT_ENTRIES", "And", "Backoff", "Batch", "Dedupe", "Delivery", "Enclosure",
    "Entry", "EntryCounts", "EntryKey", "EntryKeyKind", "EntryView", "Failed", "FailureKind",
    "Feed", "FeedMeta", "FetchState", "Fetched", "HubLink", "HubPing", "Incident", "Issue",
    "KeyedEntry", "Learn", "ListChange", "ListKind", "ListScope", "Match", "MatchKind", "ModelInfo",
    "Near", "Node", "Not", "Or", "Outcome", "ParsedEntry", "ParsedFeed", "PermanentRedirect",
    "Placement", "PlacementChange", "PlacementReason", "PollingHints", "Predictions", "ReasonKind",
    "Rejected", "Revision", "RunReport", "SafeHtml", "SampledStory", "Share", "Show", "Site",
    "Source", "SourceHealth", "SourceReport", "StoredEntry", "Story", "StoryChange",
    "StoryNeighbourhood", "StoryPlacements", "Subscriber", "Subscription", "SubscriptionRequest",
    "Suggestion", "Takedown", "Term", "Text", "Tombstone", "Topic", "TopicOverride",
    "TrainingExample", "Unchanged", "Validators", "Visibility", "hash_values", "is_custom_feed",
    "source_scope", "story_scope", "topic_scope",
]  # fmt: skip
