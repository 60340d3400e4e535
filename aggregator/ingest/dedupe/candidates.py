"""Which stored entries a new one should be compared with.

[Entry] --looked_for--> addresses, prints --(the store)--> rows --chosen--> {row: rows}
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from aggregator.ingest.prints import COMMON, print_of_copies
from aggregator.model import Entry

__all__ = ["chosen", "looked_for", "uncommon"]

MOST = 40
"""Entries that one is compared with at most, those first that share most with it."""


def looked_for(entry: Entry) -> tuple[int, ...]:
    """Its prints, and what an entry has that says to be a copy of it."""
    claimed = (print_of_copies(entry.address),) if entry.address else ()
    return (*entry.prints, *claimed)


def chosen(
    entries: Sequence[Entry],
    looked: Mapping[int, Collection[int]],
    standing: Mapping[str, Sequence[int]],
    sharing: Mapping[int, Sequence[int]],
) -> dict[int, list[int]]:
    """For the row of each entry, the rows of those that share an address or prints with it.

    `looked` are the prints that were looked for, by the row of the entry; `standing` are rows by
    canonical address, `sharing` rows by print. A print that is common is that of a standing
    phrase.
    """
    found = {}
    telling = {number for number, shared in sharing.items() if len(shared) <= COMMON}
    for entry in entries:
        rows: Counter[int] = Counter()
        for address in standing.keys() & {entry.address, *entry.originals}:
            rows.update(dict.fromkeys(standing[address], MOST))
        for number in telling.intersection(looked[entry.row]):
            rows.update(sharing[number])
        if rows:
            found[entry.row] = [row for row, _ in rows.most_common(MOST)]
    return found


def uncommon(entries: Sequence[Entry], sharing: Mapping[int, Sequence[int]]) -> list[Entry]:
    """The entries without prints that many have already, so that no list of them grows long."""
    counts = Counter(number for entry in entries for number in entry.prints)
    counts.update({number: len(rows) for number, rows in sharing.items()})
    many = {number for number, count in counts.items() if count > COMMON}
    if not many:
        return list(entries)
    return [
        replace(entry, prints=tuple(number for number in entry.prints if number not in many))
        for entry in entries
    ]
