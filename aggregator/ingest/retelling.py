"""Stories told anew: by what has come in, or by what an operator says.

    entries --tell(what is like them)--> Told --filed--> what to save

Recognition itself is `dedupe`'s; here the store is asked what could match, and what comes of
it is filed under topics.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise

from aggregator.ingest.categorize.rules import TopicRules, categorize, excluded_topics
from aggregator.ingest.dedupe import (
    COMPARISON_WINDOW,
    ClusterResult,
    ClusterSettings,
    TextFeatures,
    choose_candidates,
    compare,
    dedupe,
    drop_common_fingerprints,
    entries_nearby,
    is_match_allowed,
    is_same_article_again,
    lookup_fingerprints,
)
from aggregator.ingest.documents import view_of_entry
from aggregator.model import (
    Batch,
    Entry,
    Match,
    MatchKind,
    Outcome,
    Source,
    Story,
    StoryChange,
    StoryNeighbourhood,
)
from aggregator.store import Store

__all__ = ["Desk", "apart", "file_one", "filed", "tell", "together"]

_NONE: Mapping[int, Sequence[int]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What is needed to file. `authority` is the host name under which ids are minted; articles
    that were published further apart than `window` are not compared by their words."""

    sources: Mapping[str, Source]
    store: Store
    now: datetime
    authority: str
    rulebook: TopicRules = field(default_factory=TopicRules)
    window: timedelta = COMPARISON_WINDOW


def tell(desk: Desk, entries: Sequence[Entry], *, is_first_import: bool = False) -> ClusterResult:
    """Look for what is like these entries, and tell the stories anew that they belong to."""
    looked = {entry.entry_id: lookup_fingerprints(entry) for entry in entries}
    addresses = {a for e in entries for a in (e.canonical_url, *e.source_urls) if a}
    sharing = desk.store.sharing(set().union(*looked.values()))
    found = entries_nearby(entries, looked, desk.store.standing(addresses), sharing)
    outlets = desk.store.outlets({row for rows in found.values() for row in rows})
    candidates = choose_candidates(entries, found, outlets)
    rows = {row for some in candidates.values() for row in some}
    kin = desk.store.kin(rows | {entry.entry_id for entry in entries if entry.entry_id > 0})
    told = retold(
        desk, kin, drop_common_fingerprints(entries, sharing), candidates, is_first_import
    )
    return replace(told, takedown_copies=_taken_down(desk, entries, found))


def _taken_down(
    desk: Desk, entries: Sequence[Entry], found: Mapping[int, Collection[int]]
) -> dict[int, str]:
    """New entries that are like what an operator has taken down, by their rows, and the story that
    was. It is not to come back by another name, be it from its own outlet."""
    near = {row for rows in found.values() for row in rows}
    stories = desk.store.told_in(desk.store.taken_down(near))
    if not stories:
        return {}
    others = {
        row: next(e for e in told.entries if e.entry_id == row) for row, told in stories.items()
    }
    return {
        entry.entry_id: stories[row].id
        for entry in entries
        if entry.entry_id < 0
        for row in found.get(entry.entry_id, ())
        if row in others and _is_again(desk, entry, others[row])
    }


def _is_again(desk: Desk, entry: Entry, other: Entry) -> bool:
    """True if both are one article; between outlets, as far as their `dedupe` lets it be said."""
    if entry.source == other.source:
        return is_same_article_again(TextFeatures(entry), TextFeatures(other))
    bond = compare(TextFeatures(entry), TextFeatures(other), desk.window)
    outlets = [desk.sources[e.source] for e in (entry, other) if e.source in desk.sources]
    return bond is not None and all(is_match_allowed(bond, outlet.dedupe) for outlet in outlets)


def retold(
    desk: Desk,
    kin: StoryNeighbourhood,
    entries: Sequence[Entry] = (),
    candidates: Mapping[int, Sequence[int]] = _NONE,
    is_first_import: bool = False,
) -> ClusterResult:
    """The stories of `kin` with these entries; without any, as its bonds have it."""
    stored = (entry for story in kin.stories for entry in story.entries)
    taken = desk.store.taken({entry.id for entry in (*entries, *stored) if entry.id})
    rules = ClusterSettings(
        sources=desk.sources,
        authority=desk.authority,
        now=desk.now,
        window=desk.window,
        is_first_import=is_first_import,
    )
    return dedupe(entries, kin, candidates, taken, rules)


def filed(
    desk: Desk, told: ClusterResult, *, at_own_date: bool = False, is_held: bool = False
) -> tuple[StoryChange, ...]:
    """The stories that are new or that other entries tell now."""
    return tuple(
        file_one(
            desk,
            story,
            arrived=min(story.published, desk.now) if at_own_date else desk.now,
            joins=story.id in told.stored_stories,
            is_held=is_held and story.id not in told.stored_stories,
            absorbed=tuple(gone for gone, heir in told.merged_into.items() if heir == story.id),
            like=next(
                (
                    told.takedown_copies[e.entry_id]
                    for e in story.entries
                    if e.entry_id in told.takedown_copies
                ),
                "",
            ),
        )
        for story in told.stories
        if _is_recomposed(story, told)
    )


def _is_recomposed(story: Story, told: ClusterResult) -> bool:
    before = told.stored_stories.get(story.id)
    return (
        before is None
        or story.id in told.unmerged_ids
        or story.id in told.merged_into.values()
        or [entry.entry_id for entry in before.entries]
        != [entry.entry_id for entry in story.entries]
    )


def file_one(
    desk: Desk,
    story: Story,
    *,
    arrived: datetime,
    joins: bool = False,
    row: int = 0,
    is_held: bool = False,
    absorbed: tuple[str, ...] = (),
    like: str = "",
) -> StoryChange:
    stored = [entry.entry_id for entry in story.entries if entry.entry_id > 0]
    said = desk.store.said(stored) if stored else []
    glimpses = [view_of_entry(entry, desk.sources.get(entry.source)) for entry in story.entries]
    return StoryChange(
        story=story,
        listed_at=arrived,
        placements=categorize(glimpses, desk.rulebook, desk.sources, said),
        excluded_topics=excluded_topics(said),
        is_stored=joins,
        revised_entry_id=row,
        is_held=is_held,
        merged_ids=absorbed,
        copy_of_takedown=like,
    )


def together(desk: Desk, one: Story, other: Story) -> Batch:
    """What changes if an operator says that two stories are one; the one that readers saw first
    stays. The word is about all their articles, and holds against all evidence, until `apart`
    takes it back."""
    rows = sorted(entry.entry_id for story in (one, other) for entry in story.entries)
    kin = desk.store.kin(rows)
    split = {(bond.entry_a, bond.entry_b) for bond in kin.matches if bond.kind is MatchKind.SPLIT}
    taken_back = {pair for pair in split if set(pair) <= set(rows)}
    word = {*pairwise(rows), *taken_back}
    return _as_said(desk, kin, word, MatchKind.MERGED, "put together by the operator")


def apart(desk: Desk, story: Story, row: int) -> Batch:
    """What changes if an operator says that one entry is not the article of the others. What
    had been put together by way of it stays together without it."""
    kin = desk.store.kin({row})
    word = {_pair(row, entry.entry_id) for entry in story.entries if entry.entry_id != row}
    kept = tuple(_kept_together(kin, row))
    kin = replace(kin, matches=(*kin.matches, *kept))
    batch = _as_said(desk, kin, word, MatchKind.SPLIT, "told apart by the operator")
    return replace(batch, matches=(*batch.matches, *kept))


def _kept_together(kin: StoryNeighbourhood, row: int) -> Iterator[Match]:
    """The operator's bonds that led to this entry, leading past it."""
    merged = [
        bond
        for bond in kin.matches
        if bond.kind is MatchKind.MERGED and row in (bond.entry_a, bond.entry_b)
    ]
    split = {(bond.entry_a, bond.entry_b) for bond in kin.matches if bond.kind is MatchKind.SPLIT}
    others = sorted(bond.entry_a + bond.entry_b - row for bond in merged)
    for pair in pairwise(others):
        if pair not in split:
            yield Match(
                entry_a=pair[0], entry_b=pair[1], kind=MatchKind.MERGED, reason=merged[0].reason
            )


def _pair(a: int, b: int) -> tuple[int, int]:
    return min(a, b), max(a, b)


def _as_said(
    desk: Desk, kin: StoryNeighbourhood, word: Set[tuple[int, int]], kind: MatchKind, why: str
) -> Batch:
    said = tuple(Match(entry_a=a, entry_b=b, kind=kind, reason=why) for a, b in sorted(word))
    rest = tuple(bond for bond in kin.matches if (bond.entry_a, bond.entry_b) not in word)
    told = retold(desk, replace(kin, matches=(*rest, *said)))
    return Batch(
        source="", state=None, outcome=Outcome.UNCHANGED, new=filed(desk, told), matches=said
    )
