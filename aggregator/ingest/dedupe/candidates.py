"""Which stored entries a new one should be compared with.

[Entry] --looked_for--> addresses, prints --(the store)--> near --chosen--> {row: rows}
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from aggregator.ingest.prints import COMMON, print_of_copies
from aggregator.model import Entry

__all__ = ["chosen", "looked_for", "near", "uncommon"]

MOST = 40
"""Entries that one is compared with at most, those first that share most with it."""
MOST_OF_ONE = 5
"""Of those, entries of one outlet, so that none crowds out the others."""
_NONE: Counter[int] = Counter()


def looked_for(entry: Entry) -> tuple[int, ...]:
    """Its prints, and what an entry has that says to be a copy of it."""
    claimed = (print_of_copies(entry.address),) if entry.address else ()
    return (*entry.prints, *claimed)


def near(
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
    telling = {number for number, shared in sharing.items() if len(shared) <= COMMON}
    for entry in entries:
        rows: Counter[int] = Counter()
        for address in standing.keys() & {entry.address, *entry.originals}:
            rows.update(dict.fromkeys(standing[address], COMMON))
        for number in telling.intersection(looked[entry.row]):
            rows.update(sharing[number])
        if rows:
            found[entry.row] = rows
    return found


def chosen(
    entries: Sequence[Entry], near: Mapping[int, Counter[int]], outlets: Mapping[int, str]
) -> dict[int, list[int]]:
    """Of what is near to each entry, the rows that it should be compared with: those of other
    outlets, and of none too many. `outlets` has the source of each row."""
    found = {}
    for entry in entries:
        of: Counter[str] = Counter({entry.source: MOST_OF_ONE})
        rows: list[int] = []
        for row, _ in near.get(entry.row, _NONE).most_common():
            outlet = outlets.get(row, "")
            if of[outlet] < MOST_OF_ONE and len(rows) < MOST:
                of[outlet] += 1
                rows.append(row)
        if rows:
            found[entry.row] = rows
    return found


def uncommon(entries: Sequence[Entry], sharing: Mapping[int, Sequence[int]]) -> list[Entry]:
    """The entries without prints that many have already, so that no list of them grows long."""
    counts = Counter(chain.from_iterable(entry.prints for entry in entries))
    counts.update({number: len(rows) for number, rows in sharing.items()})
    many = {number for number, count in counts.items() if count > COMMON}
    if not many:
        return list(entries)
    return [
        replace(entry, prints=tuple(number for number in entry.prints if number not in many))
        for entry in entries
    ]
