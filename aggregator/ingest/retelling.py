"""Stories told anew: by what has come in, or by what an operator says.

    entries --tell(what is like them)--> Told --filed--> what to save

Recognition itself is `dedupe`'s; here the store is asked what could match, and what comes of
it is filed under topics.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise

from aggregator.ingest.categorize import Rulebook, barred, categorize
from aggregator.ingest.dedupe import (
    WINDOW,
    Rules,
    Telling,
    Told,
    allowed,
    chosen,
    compare,
    dedupe,
    is_again,
    looked_for,
    near,
    uncommon,
)
from aggregator.ingest.documents import glimpse_of
from aggregator.model import (
    Batch,
    Bond,
    Entry,
    Filed,
    Kin,
    Kind,
    Outcome,
    Source,
    Story,
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
    rulebook: Rulebook = field(default_factory=Rulebook)
    window: timedelta = WINDOW


def tell(desk: Desk, entries: Sequence[Entry], *, is_first_import: bool = False) -> Told:
    """Look for what is like these entries, and tell the stories anew that they belong to."""
    looked = {entry.row: looked_for(entry) for entry in entries}
    addresses = {a for e in entries for a in (e.address, *e.originals) if a}
    sharing = desk.store.sharing(set().union(*looked.values()))
    found = near(entries, looked, desk.store.standing(addresses), sharing)
    outlets = desk.store.outlets({row for rows in found.values() for row in rows})
    candidates = chosen(entries, found, outlets)
    rows = {row for some in candidates.values() for row in some}
    kin = desk.store.kin(rows | {entry.row for entry in entries if entry.row > 0})
    told = retold(desk, kin, uncommon(entries, sharing), candidates, is_first_import)
    return replace(told, down=_taken_down(desk, entries, found))


def _taken_down(
    desk: Desk, entries: Sequence[Entry], found: Mapping[int, Collection[int]]
) -> dict[int, str]:
    """New entries that are like what an operator has taken down, by their rows, and the story that
    was. It is not to come back by another name, be it from its own outlet."""
    near = {row for rows in found.values() for row in rows}
    stories = desk.store.told_in(desk.store.taken_down(near))
    if not stories:
        return {}
    others = {row: next(e for e in told.entries if e.row == row) for row, told in stories.items()}
    return {
        entry.row: stories[row].id
        for entry in entries
        if entry.row < 0
        for row in found.get(entry.row, ())
        if row in others and _is_again(desk, entry, others[row])
    }


def _is_again(desk: Desk, entry: Entry, other: Entry) -> bool:
    """True if both are one article; between outlets, as far as their `dedupe` lets it be said."""
    if entry.source == other.source:
        return is_again(Telling(entry), Telling(other))
    bond = compare(Telling(entry), Telling(other), desk.window)
    outlets = [desk.sources[e.source] for e in (entry, other) if e.source in desk.sources]
    return bond is not None and all(allowed(bond, outlet.dedupe) for outlet in outlets)


def retold(
    desk: Desk,
    kin: Kin,
    entries: Sequence[Entry] = (),
    candidates: Mapping[int, Sequence[int]] = _NONE,
    is_first_import: bool = False,
) -> Told:
    """The stories of `kin` with these entries; without any, as its bonds have it."""
    stored = (entry for story in kin.stories for entry in story.entries)
    taken = desk.store.taken({entry.id for entry in (*entries, *stored) if entry.id})
    rules = Rules(
        sources=desk.sources,
        authority=desk.authority,
        now=desk.now,
        window=desk.window,
        is_first_import=is_first_import,
    )
    return dedupe(entries, kin, candidates, taken, rules)


def filed(
    desk: Desk, told: Told, *, at_own_date: bool = False, is_held: bool = False
) -> tuple[Filed, ...]:
    """The stories that are new or that other entries tell now."""
    return tuple(
        file_one(
            desk,
            story,
            arrived=min(story.published, desk.now) if at_own_date else desk.now,
            joins=story.id in told.before,
            is_held=is_held and story.id not in told.before,
            absorbed=tuple(gone for gone, heir in told.absorbed.items() if heir == story.id),
            like=next((told.down[e.row] for e in story.entries if e.row in told.down), ""),
        )
        for story in told.stories
        if _is_recomposed(story, told)
    )


def _is_recomposed(story: Story, told: Told) -> bool:
    before = told.before.get(story.id)
    return (
        before is None
        or story.id in told.revived
        or story.id in told.absorbed.values()
        or [entry.row for entry in before.entries] != [entry.row for entry in story.entries]
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
) -> Filed:
    stored = [entry.row for entry in story.entries if entry.row > 0]
    said = desk.store.said(stored) if stored else []
    glimpses = [glimpse_of(entry, desk.sources.get(entry.source)) for entry in story.entries]
    return Filed(
        story=story,
        arrived=arrived,
        placements=categorize(glimpses, desk.rulebook, desk.sources, said),
        barred=barred(said),
        joins=joins,
        row=row,
        is_held=is_held,
        absorbed=absorbed,
        like=like,
    )


def together(desk: Desk, one: Story, other: Story) -> Batch:
    """What changes if an operator says that two stories are one; the one that readers saw first
    stays. The word is about all their articles, and holds against all evidence, until `apart`
    takes it back."""
    rows = sorted(entry.row for story in (one, other) for entry in story.entries)
    kin = desk.store.kin(rows)
    split = {(bond.a, bond.b) for bond in kin.bonds if bond.kind is Kind.SPLIT}
    taken_back = {pair for pair in split if set(pair) <= set(rows)}
    word = {*pairwise(rows), *taken_back}
    return _as_said(desk, kin, word, Kind.MERGED, "put together by the operator")


def apart(desk: Desk, story: Story, row: int) -> Batch:
    """What changes if an operator says that one entry is not the article of the others. What
    had been put together by way of it stays together without it."""
    kin = desk.store.kin({row})
    word = {_pair(row, entry.row) for entry in story.entries if entry.row != row}
    kept = tuple(_kept_together(kin, row))
    kin = replace(kin, bonds=(*kin.bonds, *kept))
    batch = _as_said(desk, kin, word, Kind.SPLIT, "told apart by the operator")
    return replace(batch, bonds=(*batch.bonds, *kept))


def _kept_together(kin: Kin, row: int) -> Iterator[Bond]:
    """The operator's bonds that led to this entry, leading past it."""
    merged = [bond for bond in kin.bonds if bond.kind is Kind.MERGED and row in (bond.a, bond.b)]
    split = {(bond.a, bond.b) for bond in kin.bonds if bond.kind is Kind.SPLIT}
    others = sorted(bond.a + bond.b - row for bond in merged)
    for pair in pairwise(others):
        if pair not in split:
            yield Bond(a=pair[0], b=pair[1], kind=Kind.MERGED, why=merged[0].why)


def _pair(a: int, b: int) -> tuple[int, int]:
    return min(a, b), max(a, b)


def _as_said(desk: Desk, kin: Kin, word: Set[tuple[int, int]], kind: Kind, why: str) -> Batch:
    said = tuple(Bond(a=a, b=b, kind=kind, why=why) for a, b in sorted(word))
    rest = tuple(bond for bond in kin.bonds if (bond.a, bond.b) not in word)
    told = retold(desk, replace(kin, bonds=(*rest, *said)))
    return Batch(
        source="", state=None, outcome=Outcome.UNCHANGED, new=filed(desk, told), bonds=said
    )
