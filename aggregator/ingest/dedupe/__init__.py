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

from aggregator.ingest.dedupe.candidates import chosen, looked_for, near, uncommon
from aggregator.ingest.dedupe.clusters import grouped
from aggregator.ingest.dedupe.evidence import WINDOW, allowed, compare, is_again
from aggregator.ingest.dedupe.stories import Rules, Told, dedupe
from aggregator.ingest.dedupe.telling import Telling

__all__ = [
    "WINDOW", "Rules", "Telling", "Told", "allowed", "chosen", "compare", "dedupe", "grouped",
    "is_again", "looked_for", "near", "uncommon",
]  # fmt: skip
