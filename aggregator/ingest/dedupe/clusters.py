"""Entries and the bonds between them become groups, each of them one story.

    entries, bonds --grouped--> [Group]

The strongest bond is taken first (Kruskal's order), and one that would bring two entries of one
outlet together, or two that an operator has told apart, is not taken. So a copy goes to the
article that it is most like, whichever arrived first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from aggregator.model import Bond, Entry, Kind

__all__ = ["Group", "grouped"]

_ORDER = {kind: place for place, kind in enumerate(Kind)}


@dataclass(slots=True)
class Group:
    """Entries that are one article, and the bonds that hold them together."""

    entries: list[Entry]
    bonds: list[Bond] = field(default_factory=list)


def grouped(entries: Sequence[Entry], bonds: Iterable[Bond]) -> list[Group]:
    """The groups of these entries, in the order of their first entries."""
    by_row = {entry.row: entry for entry in entries}
    group_of = {entry.row: Group([entry]) for entry in entries}
    known = [bond for bond in bonds if bond.a in by_row and bond.b in by_row]
    apart = {(bond.a, bond.b) for bond in known if bond.kind is Kind.SPLIT}
    for bond in sorted(known, key=lambda bond: _rank(bond, by_row)):
        one, other = group_of[bond.a], group_of[bond.b]
        if bond.kind is Kind.SPLIT or one is other or not _may_join(one, other, bond, apart):
            continue
        one.entries += other.entries
        one.bonds += [*other.bonds, bond]
        for entry in other.entries:
            group_of[entry.row] = one
    return list({id(group): group for group in group_of.values()}.values())


def _rank(bond: Bond, by_row: dict[int, Entry]) -> tuple[object, ...]:
    """The strongest first, then what was published at the same time: of a daily column, the
    same day's. What decides between equals is in the entries themselves, for their rows tell no
    more than who came first."""
    one, other = by_row[bond.a], by_row[bond.b]
    pause = abs(one.published - other.published)
    return _ORDER[bond.kind], -bond.score, pause, sorted((_name(one), _name(other)))


def _name(entry: Entry) -> tuple[object, ...]:
    return entry.published, entry.source, entry.link, entry.id, entry.title


def _may_join(one: Group, other: Group, bond: Bond, apart: set[tuple[int, int]]) -> bool:
    if any(
        (min(a.row, b.row), max(a.row, b.row)) in apart for a in one.entries for b in other.entries
    ):
        return False
    sources = {entry.source for entry in one.entries}
    return bond.kind is Kind.MERGED or sources.isdisjoint(entry.source for entry in other.entries)
