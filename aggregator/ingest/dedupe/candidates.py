"""Which stored entries a new one should be compared with.

[Entry] --looked_for--> addresses, prints --(the store)--> near --chosen--> {row: rows}
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from aggregator.ingest.dedupe.fingerprints import (
    COMMON_FINGERPRINT_ENTRIES,
    attribution_fingerprint,
)
from aggregator.model import Entry

__all__ = ["choose_candidates", "drop_common_fingerprints", "entries_nearby", "lookup_fingerprints"]

MAX_CANDIDATES = 40
"""Entries that one is compared with at most, those first that share most with it."""
MAX_CANDIDATES_PER_SOURCE = 5
"""Of those, entries of one outlet, so that none crowds out the others."""
_NO_CANDIDATES: Counter[int] = Counter()


def lookup_fingerprints(entry: Entry) -> tuple[int, ...]:
    """Its prints, and what an entry has that says to be a copy of it."""
    claimed = (attribution_fingerprint(entry.canonical_url),) if entry.canonical_url else ()
    return (*entry.fingerprints, *claimed)


def entries_nearby(
    entries: Sequence[Entry],
    looked: Mapping[int, Collection[int]],
    standing: Mapping[str, Sequence[int]],
    sharing: Mapping[int, Sequence[int]],
) -> dict[int, Counter[int]]:
    """For the row of each entry, the rows of those that share an address or prints with it, and
    how much they share.

    `looked` are the prints that were looked for, by the row of the entry; `standing` are rows by
    canonical address, `sharing` rows by print. A print that is common is that of a standing
    phrase.
    """
    found = {}
    telling = {
        number for number, shared in sharing.items() if len(shared) <= COMMON_FINGERPRINT_ENTRIES
    }
    for entry in entries:
        rows: Counter[int] = Counter()
        for address in standing.keys() & {entry.canonical_url, *entry.source_urls}:
            rows.update(dict.fromkeys(standing[address], COMMON_FINGERPRINT_ENTRIES))
        for number in telling.intersection(looked[entry.entry_id]):
            rows.update(sharing[number])
        if rows:
            found[entry.entry_id] = rows
    return found


def choose_candidates(
    entries: Sequence[Entry], near: Mapping[int, Counter[int]], outlets: Mapping[int, str]
) -> dict[int, list[int]]:
    """Of what is near to each entry, the rows that it should be compared with: those of other
    outlets, and of none too many. `outlets` has the source of each row."""
    found = {}
    for entry in entries:
        of: Counter[str] = Counter({entry.source: MAX_CANDIDATES_PER_SOURCE})
        rows: list[int] = []
        for row, _ in near.get(entry.entry_id, _NO_CANDIDATES).most_common():
            outlet = outlets.get(row, "")
            if of[outlet] < MAX_CANDIDATES_PER_SOURCE and len(rows) < MAX_CANDIDATES:
                of[outlet] += 1
                rows.append(row)
        if rows:
            found[entry.entry_id] = rows
    return found


def drop_common_fingerprints(
    entries: Sequence[Entry], sharing: Mapping[int, Sequence[int]]
) -> list[Entry]:
    """The entries without prints that many have already, so that no list of them grows long."""
    counts = Counter(chain.from_iterable(entry.fingerprints for entry in entries))
    counts.update({number: len(rows) for number, rows in sharing.items()})
    many = {number for number, count in counts.items() if count > COMMON_FINGERPRINT_ENTRIES}
    if not many:
        return list(entries)
    return [
        replace(
            entry, fingerprints=tuple(number for number in entry.fingerprints if number not in many)
        )
        for entry in entries
    ]
