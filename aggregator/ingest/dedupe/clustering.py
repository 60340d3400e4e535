"""Entries and the bonds between them become groups, each of them one story.

    entries, bonds --grouped--> [Group]

The strongest bond is taken first (Kruskal's order), and one that would bring two entries of one
outlet together, or two that an operator has told apart, is not taken. So a copy goes to the
article that it is most like, whichever arrived first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from aggregator.model import Entry, Match, MatchKind

__all__ = ["Cluster", "cluster_entries"]

_KIND_RANK = {kind: place for place, kind in enumerate(MatchKind)}


@dataclass(slots=True)
class Cluster:
    """Entries that are one article, and the bonds that hold them together."""

    entries: list[Entry]
    matches: list[Match] = field(default_factory=list)


def cluster_entries(entries: Sequence[Entry], bonds: Iterable[Match]) -> list[Cluster]:
    """The groups of these entries, in the order of their first entries."""
    by_row = {entry.entry_id: entry for entry in entries}
    group_of = {entry.entry_id: Cluster([entry]) for entry in entries}
    known = [bond for bond in bonds if bond.entry_a in by_row and bond.entry_b in by_row]
    apart = {(bond.entry_a, bond.entry_b) for bond in known if bond.kind is MatchKind.SPLIT}
    for bond in sorted(known, key=lambda bond: _match_rank(bond, by_row)):
        one, other = group_of[bond.entry_a], group_of[bond.entry_b]
        if bond.kind is MatchKind.SPLIT or one is other or not _can_join(one, other, bond, apart):
            continue
        one.entries += other.entries
        one.matches += [*other.matches, bond]
        for entry in other.entries:
            group_of[entry.entry_id] = one
    return list({id(group): group for group in group_of.values()}.values())


def _match_rank(bond: Match, by_row: dict[int, Entry]) -> tuple[object, ...]:
    """The strongest first, then what was published at the same time: of a daily column, the
    same day's. What decides between equals is in the entries themselves, for their rows tell no
    more than who came first."""
    one, other = by_row[bond.entry_a], by_row[bond.entry_b]
    pause = abs(one.published - other.published)
    return (
        _KIND_RANK[bond.kind],
        -bond.score,
        pause,
        sorted((_entry_sort_key(one), _entry_sort_key(other))),
    )


def _entry_sort_key(entry: Entry) -> tuple[object, ...]:
    return entry.published, entry.source, entry.url, entry.id, entry.title


def _can_join(one: Cluster, other: Cluster, bond: Match, apart: set[tuple[int, int]]) -> bool:
    if any(
        (min(a.entry_id, b.entry_id), max(a.entry_id, b.entry_id)) in apart
        for a in one.entries
        for b in other.entries
    ):
        return False
    sources = {entry.source for entry in one.entries}
    return bond.kind is MatchKind.MERGED or sources.isdisjoint(
        entry.source for entry in other.entries
    )
