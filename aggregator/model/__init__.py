"""Every noun of the house, in Atom's words. Standard library only.

Two stages of an article have two types: `ParsedEntry` as an outlet gave it, nearly
everything optional, and `Entry` after cleaning, everything required.
All datetimes are aware and UTC.
"""

from aggregator.model.books import Books
from aggregator.model.changes import Batch, Filed
from aggregator.model.digests import digest_of
from aggregator.model.entries import (
    TITLE_COMPARED,
    Enclosure,
    Entry,
    Known,
    Overview,
    ParsedEntry,
    ParsedFeed,
    Rejected,
    SafeHtml,
    Text,
)
from aggregator.model.fetching import Failed, Fetched, Hold, Pace, Push, Unchanged, Validators
from aggregator.model.hub import Intent, News, Ping, Subscriber
from aggregator.model.listed import Dedupe, Learn, Share, Show, Site, Source, Topic
from aggregator.model.lists import (
    ALL,
    HIDDEN,
    REFILED,
    STORIES,
    Hidden,
    Removed,
    Revision,
    TopicFeed,
    held_scope,
    hidden_scope,
    page_scope,
    source_scope,
    story_scope,
    topic_scope,
)
from aggregator.model.push import Delivery, Subscription
from aggregator.model.states import (
    CLOCK_SLACK,
    RECENT,
    FetchState,
    Finding,
    Move,
    Outcome,
    RunReport,
    SourceHealth,
    SourceReport,
)
from aggregator.model.stories import BY_HAND, Bond, Kin, Kind, Story
from aggregator.model.topics import (
    LEARNED,
    Learned,
    Placement,
    Refiling,
    Said,
    Suggestion,
    Taught,
    Verdict,
)

__all__ = [
    "ALL", "BY_HAND", "CLOCK_SLACK", "HIDDEN", "LEARNED", "RECENT", "REFILED", "STORIES",
    "TITLE_COMPARED", "Batch", "Bond", "Books", "Dedupe", "Delivery", "Enclosure", "Entry",
    "Failed", "FetchState", "Fetched", "Filed", "Finding", "Hidden", "Hold", "Intent", "Kin",
    "Kind", "Known", "Learn", "Learned", "Move", "News", "Outcome", "Overview", "Pace",
    "ParsedEntry", "ParsedFeed", "Ping", "Placement", "Push", "Refiling", "Rejected", "Removed",
    "Revision", "RunReport", "SafeHtml", "Said", "Share", "Show", "Site", "Source",
    "SourceHealth", "SourceReport", "Story", "Subscriber", "Subscription", "Suggestion",
    "Taught", "Text", "Topic", "TopicFeed", "Unchanged", "Validators", "Verdict", "digest_of",
    "held_scope", "hidden_scope", "page_scope", "source_scope", "story_scope", "topic_scope",
]  # fmt: skip
