"""Candidates: the stored entries that new ones are compared with.

[Entry] --build_lookup--> Lookup --(the store)--> LookupResult
        --count_shared--> {id: {id: how much}} --choose_candidates--> {id: [id]}
"""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from itertools import chain

from aggregator.ingest.dedupe.fingerprints import (
    COMMON_FINGERPRINT_ENTRIES,
    attribution_fingerprint,
)
from aggregator.model import Entry

__all__ = [
    "Lookup", "LookupResult", "build_lookup", "choose_candidates", "count_shared",
    "drop_common_fingerprints", "including",
]  # fmt: skip

MAX_CANDIDATES = 40
"""Candidates per entry; those that share most with it come first."""
MAX_CANDIDATES_PER_SOURCE = 5
"""Candidates per source, so that one outlet does not crowd out the others."""
MIN_REPEATED_FINGERPRINTS = 0.6
"""Fraction of an entry's fingerprints that another one of its outlet shares, if it may be the same
article again."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """What to look up in the store: canonical URLs, and fingerprints by entry id."""

    urls: Set[str]
    fingerprints_by_entry: Mapping[int, Sequence[int]]

    @property
    def fingerprints(self) -> Set[int]:
        """The fingerprints of all entries."""
        return set(chain.from_iterable(self.fingerprints_by_entry.values()))


@dataclass(frozen=True, slots=True)
class LookupResult:
    """Ids of stored entries, by canonical URL and by fingerprint."""

    ids_by_url: Mapping[str, Sequence[int]]
    ids_by_fingerprint: Mapping[int, Sequence[int]]


def build_lookup(entries: Sequence[Entry]) -> Lookup:
    """The URLs and fingerprints that these entries could share with stored ones."""
    return Lookup(
        urls={url for e in entries for url in (e.canonical_url, *e.source_urls) if url},
        fingerprints_by_entry={entry.entry_id: _fingerprints(entry) for entry in entries},
    )


def _fingerprints(entry: Entry) -> tuple[int, ...]:
    """An entry's own fingerprints, and that of entries which name it as their origin."""
    url = entry.canonical_url
    return (*entry.fingerprints, *((attribution_fingerprint(url),) if url else ()))


def including(entries: Sequence[Entry], lookup: Lookup, stored: LookupResult) -> LookupResult:
    """The stored entries, and these, which may repeat each other."""
    by_url = {url: list(ids) for url, ids in stored.ids_by_url.items()}
    by_fingerprint = {number: list(ids) for number, ids in stored.ids_by_fingerprint.items()}
    counts = Counter(chain.from_iterable(lookup.fingerprints_by_entry.values()))
    repeated = {number for number, count in counts.items() if count > 1 or number in by_fingerprint}
    for entry in entries:
        if entry.canonical_url:
            by_url.setdefault(entry.canonical_url, []).append(entry.entry_id)
        for number in repeated.intersection(lookup.fingerprints_by_entry[entry.entry_id]):
            by_fingerprint.setdefault(number, []).append(entry.entry_id)
    return LookupResult(ids_by_url=by_url, ids_by_fingerprint=by_fingerprint)


def count_shared(
    entries: Sequence[Entry], lookup: Lookup, stored: LookupResult
) -> dict[int, Counter[int]]:
    """How much each entry shares with stored ones: id -> id of a stored entry -> number of shared
    fingerprints; a shared URL counts as many.

    A fingerprint that many entries have belongs to a stock phrase, and is ignored.
    """
    found = {}
    distinctive = {
        fingerprint
        for fingerprint, ids in stored.ids_by_fingerprint.items()
        if len(ids) <= COMMON_FINGERPRINT_ENTRIES
    }
    for entry in entries:
        shared: Counter[int] = Counter()
        for url in sorted(stored.ids_by_url.keys() & {entry.canonical_url, *entry.source_urls}):
            shared.update(dict.fromkeys(stored.ids_by_url[url], COMMON_FINGERPRINT_ENTRIES))
        own = lookup.fingerprints_by_entry[entry.entry_id]
        for fingerprint in distinctive.intersection(own):
            shared.update(stored.ids_by_fingerprint[fingerprint])
        if shared:
            found[entry.entry_id] = shared
    return found


def choose_candidates(
    entries: Sequence[Entry],
    shared: Mapping[int, Counter[int]],
    source_of: Mapping[int, str],
) -> dict[int, list[int]]:
    """The candidates of each entry, by its id, a few of each source; of its own, those that share
    most fingerprints.

    `shared` is from `count_shared`, `source_of` maps entry ids to sources.
    """
    found = {}
    for entry in entries:
        per_source: Counter[str] = Counter()
        ids: list[int] = []
        needed = MIN_REPEATED_FINGERPRINTS * len(entry.fingerprints)
        for id_, count in shared.get(entry.entry_id, Counter()).most_common():
            source = source_of.get(id_, "")
            if id_ == entry.entry_id or (source == entry.source and count < needed):
                continue
            if per_source[source] < MAX_CANDIDATES_PER_SOURCE and len(ids) < MAX_CANDIDATES:
                per_source[source] += 1
                ids.append(id_)
        if ids:
            found[entry.entry_id] = ids
    return found


def drop_common_fingerprints(entries: Sequence[Entry], stored: LookupResult) -> list[Entry]:
    """The entries without fingerprints that many stored entries have already.

    This bounds the number of entries that are stored for one fingerprint.
    """
    counts = Counter(chain.from_iterable(entry.fingerprints for entry in entries))
    counts.update({number: len(ids) for number, ids in stored.ids_by_fingerprint.items()})
    common = {number for number, count in counts.items() if count > COMMON_FINGERPRINT_ENTRIES}
    if not common:
        return list(entries)
    return [
        replace(entry, fingerprints=tuple(n for n in entry.fingerprints if n not in common))
        for entry in entries
    ]
