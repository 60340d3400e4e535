"""An operator's merges and splits, as matches that override all evidence."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from itertools import pairwise

from aggregator.model import Match, MatchKind, Story, StoryNeighbourhood

__all__ = ["merge_matches", "split_matches"]


def merge_matches(
    one: Story, other: Story, neighbourhood: StoryNeighbourhood
) -> tuple[StoryNeighbourhood, tuple[Match, ...]]:
    """The neighbourhood after two stories were merged, and the decisions to save.

    The merge applies to all entries of both, and holds until a split reverses it.
    """
    ids = sorted(entry.entry_id for story in (one, other) for entry in story.entries)
    splits = {
        (match.entry_a, match.entry_b)
        for match in neighbourhood.matches
        if match.kind is MatchKind.SPLIT
    }
    reversed_splits = {pair for pair in splits if set(pair) <= set(ids)}
    decided = _decide(
        {*pairwise(ids), *reversed_splits}, MatchKind.MERGED, "merged by the operator"
    )
    return _with_matches(neighbourhood, decided), decided


def split_matches(
    story: Story, entry_ids: Collection[int], neighbourhood: StoryNeighbourhood
) -> tuple[StoryNeighbourhood, tuple[Match, ...]]:
    """The neighbourhood after some entries were taken out of their story together, and the
    decisions to save.

    Entries that had been merged by way of these stay together without them, and the other way
    round.
    """
    ids = {entry.entry_id for entry in story.entries}
    taken, left = ids & set(entry_ids), ids - set(entry_ids)
    pairs = {(min(a, b), max(a, b)) for a in taken for b in left}
    decided = _decide(pairs, MatchKind.SPLIT, "separated by the operator")
    bridges = tuple(
        bridge
        for entry_id in sorted(ids if len(taken) > 1 else taken)
        for bridge in _bridges(neighbourhood, entry_id)
        if (bridge.entry_a, bridge.entry_b) not in pairs
    )
    bridged = replace(neighbourhood, matches=(*neighbourhood.matches, *bridges))
    return _with_matches(bridged, decided), (*decided, *bridges)


def _decide(pairs: Iterable[tuple[int, int]], kind: MatchKind, reason: str) -> tuple[Match, ...]:
    return tuple(Match(entry_a=a, entry_b=b, kind=kind, reason=reason) for a, b in sorted(pairs))


def _with_matches(
    neighbourhood: StoryNeighbourhood, decided: tuple[Match, ...]
) -> StoryNeighbourhood:
    """The neighbourhood with these decisions, in place of earlier matches of the same pairs."""
    pairs = {(match.entry_a, match.entry_b) for match in decided}
    rest = (m for m in neighbourhood.matches if (m.entry_a, m.entry_b) not in pairs)
    return replace(neighbourhood, matches=(*rest, *decided))


def _bridges(neighbourhood: StoryNeighbourhood, entry_id: int) -> Iterator[Match]:
    """Merges between the entries that the operator had merged with this one."""
    merges = [
        match
        for match in neighbourhood.matches
        if match.kind is MatchKind.MERGED and entry_id in (match.entry_a, match.entry_b)
    ]
    splits = {
        (match.entry_a, match.entry_b)
        for match in neighbourhood.matches
        if match.kind is MatchKind.SPLIT
    }
    others = sorted(match.entry_a + match.entry_b - entry_id for match in merges)
    for pair in pairwise(others):
        if pair not in splits:
            a, b = pair
            yield Match(entry_a=a, entry_b=b, kind=MatchKind.MERGED, reason=merges[0].reason)
