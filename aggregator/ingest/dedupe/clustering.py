"""Entries and the matches between them become clusters, each of them one story.

    entries, matches --cluster_entries--> [Cluster]

Matches are applied strongest first (as in Kruskal's algorithm). One that would join two entries of
one source which do not repeat each other, or two that an operator has separated, is skipped. So a
duplicate joins the article that it is most similar to, whichever arrived first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from aggregator.model import Entry, Match, MatchKind

__all__ = ["Cluster", "cluster_entries"]

_KIND_RANK = {kind: rank for rank, kind in enumerate(MatchKind)}


@dataclass(slots=True)
class Cluster:
    """Entries that are one article, and the matches that connect them."""

    entries: list[Entry]
    matches: list[Match] = field(default_factory=list)


def cluster_entries(entries: Sequence[Entry], matches: Iterable[Match]) -> list[Cluster]:
    """The clusters of these entries, in the order of their first entries."""
    by_id = {entry.entry_id: entry for entry in entries}
    cluster_of = {entry.entry_id: Cluster([entry]) for entry in entries}
    relevant = [match for match in matches if match.entry_a in by_id and match.entry_b in by_id]
    separated = {(m.entry_a, m.entry_b) for m in relevant if m.kind is MatchKind.SPLIT}
    for match in sorted(relevant, key=lambda match: _rank(match, by_id)):
        one, other = cluster_of[match.entry_a], cluster_of[match.entry_b]
        is_split = match.kind is MatchKind.SPLIT
        if is_split or one is other or not _can_join(one, other, match, separated):
            continue
        one.entries += other.entries
        one.matches += [*other.matches, match]
        for entry in other.entries:
            cluster_of[entry.entry_id] = one
    return list({id(cluster): cluster for cluster in cluster_of.values()}.values())


def _rank(match: Match, by_id: dict[int, Entry]) -> tuple[object, ...]:
    """Sort key of a match: kind, score, then time between publication, so that instalments of a
    daily column are matched by day.

    Ties are broken by what the entries contain, since their ids depend on the order of arrival.
    """
    one, other = by_id[match.entry_a], by_id[match.entry_b]
    distance = abs(one.published - other.published)
    both = sorted((_sort_key(one), _sort_key(other)))
    return _KIND_RANK[match.kind], -match.score, distance, both


def _sort_key(entry: Entry) -> tuple[object, ...]:
    return entry.published, entry.source, entry.url, entry.id, entry.title


def _can_join(one: Cluster, other: Cluster, match: Match, separated: set[tuple[int, int]]) -> bool:
    pairs = ((a.entry_id, b.entry_id) for a in one.entries for b in other.entries)
    if any((min(pair), max(pair)) in separated for pair in pairs):
        return False
    if match.kind is MatchKind.MERGED:
        return True
    common = {entry.source for entry in one.entries} & {entry.source for entry in other.entries}
    if match.kind is MatchKind.REPEAT:
        common -= {e.source for e in one.entries if e.entry_id in (match.entry_a, match.entry_b)}
    return not common
