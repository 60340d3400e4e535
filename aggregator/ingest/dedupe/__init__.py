"""Step 5: the same article in several outlets becomes one story.

    [Entry] --candidates--> what could match --similarity--> [Match]
            --clustering--> [Cluster] --stories--> ClusterResult (new and changed stories)

        fingerprints  numbers that near-duplicates share (winnowing, MinHash)
        candidates    stored entries to compare new ones with
        features      text features of an entry; `numbers` in its headline
        overlap       what two entries have in common
        similarity    entries of two outlets -> the evidence that they are one article, or none
        repeats       the same for two entries of one outlet
        clustering    entries and matches -> clusters
        stories       clusters -> stories: which keeps its id, which entry leads
        takedown_copies   new entries that come back under another name
        manual        an operator's merges and splits

Evidence is about two entries alone, and clusters follow from all evidence at once, so the order in
which duplicates arrive changes nothing. A story's id, public id and place are chosen once. Nothing
here reads the store.
"""

from aggregator.ingest.dedupe.candidates import (
    LookupResult,
    build_lookup,
    choose_candidates,
    count_shared,
    drop_common_fingerprints,
    including,
)
from aggregator.ingest.dedupe.cluster_settings import ClusterSettings
from aggregator.ingest.dedupe.clustering import Cluster, cluster_entries
from aggregator.ingest.dedupe.fingerprints import fingerprints_of
from aggregator.ingest.dedupe.manual import merge_matches, split_matches
from aggregator.ingest.dedupe.similarity import COMPARISON_WINDOW
from aggregator.ingest.dedupe.stories import ClusterResult, cluster
from aggregator.ingest.dedupe.takedown_copies import takedown_copies

__all__ = [
    "COMPARISON_WINDOW", "Cluster", "ClusterResult", "ClusterSettings", "LookupResult",
    "build_lookup", "choose_candidates", "cluster", "cluster_entries", "count_shared",
    "drop_common_fingerprints", "fingerprints_of", "including", "merge_matches", "split_matches",
    "takedown_copies",
]  # fmt: skip
