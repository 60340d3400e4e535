"""Entries become Stories: the same article from several outlets is one story.

    [Entry] + Kin (what could match) --stories.dedupe--> Told (stories, new bonds)

        candidates  which stored entries are worth a look
        telling     what an entry is compared by
        evidence    two tellings -> why they are one article, or nothing
        clusters    entries and bonds -> groups
        stories     groups -> stories: who keeps its id, who leads

Evidence is about two entries alone and nothing else, and groups follow from all evidence at
once, so the order in which copies arrive changes nothing. A story's id, public id and place are
chosen once; what arrives later moves nothing.
"""

from aggregator.ingest.dedupe.candidates import (
    choose_candidates,
    drop_common_fingerprints,
    entries_nearby,
    lookup_fingerprints,
)
from aggregator.ingest.dedupe.clustering import cluster_entries
from aggregator.ingest.dedupe.features import TextFeatures
from aggregator.ingest.dedupe.similarity import (
    COMPARISON_WINDOW,
    compare,
    is_match_allowed,
    is_same_article_again,
)
from aggregator.ingest.dedupe.stories import ClusterResult, ClusterSettings, dedupe

__all__ = [
    "COMPARISON_WINDOW",
    "ClusterResult",
    "ClusterSettings",
    "TextFeatures",
    "choose_candidates",
    "cluster_entries",
    "compare",
    "dedupe",
    "drop_common_fingerprints",
    "entries_nearby",
    "is_match_allowed",
    "is_same_article_again",
    "lookup_fingerprints",
]  # fmt: skip
