"""What one fetch changes: new, held, revised, alike, rejected; and its books.

    Recognised + cleaned --file_changes(what the store says)--> Batch

No other source saves meanwhile, so what the store says here stays true until the save.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from aggregator.ingest.categorize import categorize
from aggregator.ingest.dedupe import WINDOW, chosen, dedupe, looked_for, uncommon
from aggregator.ingest.identity import Recognised, keys_to_remember
from aggregator.model import (
    Batch,
    Bond,
    Books,
    Entry,
    FetchState,
    Filed,
    Kin,
    Known,
    Outcome,
    Rejected,
    Source,
    Story,
    Topic,
)
from aggregator.store import Store

__all__ = ["Desk", "Retelling", "file_changes", "filed", "is_flood", "numbered", "retold", "tell"]

FLOOD_FACTOR = 3
"""How many times as many articles as its rhythm promises an outlet may bring at once."""
_Again: TypeAlias = Sequence[tuple[Known, Entry]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What is needed to file. `authority` is the host name under which ids are minted; articles
    that were published further apart than `window` are not compared by their words."""

    sources: Mapping[str, Source]
    topics: Sequence[Topic]
    store: Store
    now: datetime
    authority: str
    window: timedelta = WINDOW


def is_flood(
    count: int, source: Source, before: FetchState, dates: Sequence[datetime], now: datetime
) -> bool:
    """True if so many new articles of a source that we know well are no news but an accident.

    After a pause of ours, a busy outlet has many new articles and nobody to blame; `dates`
    are those of its last articles.
    """
    if before.last_success is None or count <= source.max_new:
        return False
    span = (max(dates) - min(dates)).total_seconds() if dates else 0.0
    promised = (now - before.last_success).total_seconds() * len(dates) / span if span else 0.0
    return count > FLOOD_FACTOR * promised


def file_changes(
    desk: Desk,
    source: Source,
    before: FetchState,
    after: FetchState | None,
    found: Recognised,
    cleaned: Sequence[Entry | Rejected],
    *,
    is_held: bool,
) -> Batch:
    """Everything that this fetch changes; `cleaned` are `found.new` and `found.again`."""
    count = len(found.new)
    new = [entry for entry in cleaned[:count] if isinstance(entry, Entry)]
    paired = zip(found.again, cleaned[count:], strict=True)
    kept = [(item, known, e) for (item, known), e in paired if isinstance(e, Entry)]
    again = [(known, entry) for _, known, entry in kept]
    stored = _stored(desk, [known.entry for known, _ in again])
    revised = [(known, e) for known, e in again if _is_changed(stored[known.entry], known, e)]
    rejected = tuple(entry for entry in cleaned if isinstance(entry, Rejected))
    is_first_import = before.last_success is None
    told = tell(desk, [*numbered(new), *_renewed(revised, stored)], is_first_import=is_first_import)
    return Batch(
        source=source.id,
        state=after,
        outcome=Outcome.CHANGED if new or revised else Outcome.UNCHANGED,
        new=filed(desk, told, at_own_date=is_first_import or is_held, is_held=is_held),
        revised=_filed_revised(desk, told, revised),
        bonds=told.bonds,
        alike=tuple((known.entry, entry.digest) for known, entry in again),
        keys=tuple((known.entry, keys_to_remember(item, known)) for item, known, _ in kept),
        rejected=rejected,
        books=Books(
            received=len(found.new) + len(found.again) + found.known,
            new=len(new),
            updated=len(revised),
            known=found.known + len(again) - len(revised),
            rejected=len(rejected),
        ),
    )


def _stored(desk: Desk, rows: Sequence[int]) -> dict[int, Entry]:
    """The stored entries of these rows."""
    told = desk.store.told_in(rows)
    return {row: next(e for e in story.entries if e.row == row) for row, story in told.items()}


def _is_changed(stored: Entry, known: Known, entry: Entry) -> bool:
    """True if anything is published differently now, be it a picture's address. A date that
    moves is nothing."""
    return known.face != entry.face or _published(stored) != _published(entry)


def _published(entry: Entry) -> tuple[object, ...]:
    return (
        entry.link, entry.title, entry.summary, entry.content, entry.author, entry.tags,
        entry.image, entry.enclosures,
    )  # fmt: skip


def numbered(entries: Sequence[Entry]) -> list[Entry]:
    """New entries with numbers below 0 by which they are told apart until they are stored."""
    return [replace(entry, row=-1 - place) for place, entry in enumerate(entries)]


def _renewed(revised: _Again, stored: Mapping[int, Entry]) -> list[Entry]:
    """Entries that read differently now, at the place that they have had from the beginning."""
    return [
        replace(
            entry,
            row=known.entry,
            published=stored[known.entry].published,
            position=stored[known.entry].position,
            is_dated=stored[known.entry].is_dated,
        )
        for known, entry in revised
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retelling:
    """What entries make of the stories that they join; `before` are those as they are stored,
    `revived` the ids of those that had been taken for another one."""

    stories: tuple[Story, ...]
    bonds: tuple[Bond, ...]
    absorbed: Mapping[str, str]
    before: Mapping[str, Story]
    revived: Set[str]


def tell(desk: Desk, entries: Sequence[Entry], *, is_first_import: bool = False) -> Retelling:
    """Look for what is like these entries, and tell the stories anew that they belong to."""
    prints = {number for entry in entries for number in looked_for(entry)}
    addresses = {a for e in entries for a in (e.address, *e.originals) if a}
    sharing = desk.store.sharing(prints)
    candidates = chosen(entries, desk.store.standing(addresses), sharing)
    rows = {row for found in candidates.values() for row in found}
    kin = desk.store.kin(rows | {entry.row for entry in entries if entry.row > 0})
    return retold(desk, kin, uncommon(entries, sharing), candidates, is_first_import)


def retold(
    desk: Desk,
    kin: Kin,
    entries: Sequence[Entry] = (),
    candidates: Mapping[int, Sequence[int]] | None = None,
    is_first_import: bool = False,
) -> Retelling:
    """The stories of `kin` with these entries; without any, as its bonds have it."""
    told = dedupe(
        entries,
        kin,
        candidates or {},
        sources=desk.sources,
        taken=desk.store.taken({entry.id for entry in entries if entry.id}),
        authority=desk.authority,
        now=desk.now,
        is_first_import=is_first_import,
        window=desk.window,
    )
    return Retelling(
        stories=told.stories,
        bonds=told.bonds,
        absorbed=told.absorbed,
        before={story.id: story for story in (*kin.former, *kin.stories)},
        revived={story.id for story in kin.former},
    )


def filed(
    desk: Desk, told: Retelling, *, at_own_date: bool = False, is_held: bool = False
) -> tuple[Filed, ...]:
    """The stories that are new or that other entries tell now."""
    return tuple(
        _filed(
            desk,
            story,
            arrived=min(story.published, desk.now) if at_own_date else desk.now,
            joins=story.id in told.before,
            is_held=is_held and story.id not in told.before,
            absorbed=tuple(gone for gone, heir in told.absorbed.items() if heir == story.id),
        )
        for story in told.stories
        if _is_recomposed(story, told)
    )


def _is_recomposed(story: Story, told: Retelling) -> bool:
    before = told.before.get(story.id)
    return (
        before is None
        or story.id in told.revived
        or story.id in told.absorbed.values()
        or [entry.row for entry in before.entries] != [entry.row for entry in story.entries]
    )


def _filed_revised(desk: Desk, told: Retelling, revised: _Again) -> tuple[Filed, ...]:
    story_of = {entry.row: story for story in told.stories for entry in story.entries}
    return tuple(
        _filed(
            desk,
            _updated(story_of[known.entry], known, entry, desk.now),
            arrived=desk.now,
            row=known.entry,
        )
        for known, entry in revised
    )


def _filed(
    desk: Desk,
    story: Story,
    *,
    arrived: datetime,
    joins: bool = False,
    row: int = 0,
    is_held: bool = False,
    absorbed: tuple[str, ...] = (),
) -> Filed:
    return Filed(
        story=story,
        arrived=arrived,
        placements=tuple(categorize(story, desk.topics, desk.sources)),
        joins=joins,
        row=row,
        is_held=is_held,
        absorbed=absorbed,
    )


def _updated(story: Story, known: Known, entry: Entry, now: datetime) -> Story:
    """A revised entry keeps its place, and what reads as before is no update to a reader."""
    return replace(story, updated=now) if known.face != entry.face else story
