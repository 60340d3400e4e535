"""What one fetch changes: new, held, revised, alike, rejected; and its books.

    Recognised + cleaned --file_changes(what the store says)--> Batch

No other source saves meanwhile, so what the store says here stays true until the save.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeAlias

from aggregator.ingest.dedupe import Told
from aggregator.ingest.identity import Recognised, keys_to_remember
from aggregator.ingest.retelling import Desk, file_one, filed, tell
from aggregator.model import (
    Batch,
    Books,
    Entry,
    FetchState,
    Filed,
    Known,
    Outcome,
    Rejected,
    Source,
    Story,
)

__all__ = ["file_changes", "is_flood"]

LONGEST_FILE = timedelta(minutes=5)
"""By how much entries of a file may seem to have changed one after the other."""
FLOOD_FACTOR = 3
"""How many times as many articles as its rhythm promises an outlet may bring at once."""
_Again: TypeAlias = Sequence[tuple[Known, Entry]]


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
    told = tell(desk, [*new, *_renewed(revised, stored)], is_first_import=is_first_import)
    return Batch(
        source=source.id,
        state=after,
        outcome=Outcome.CHANGED if new or revised else Outcome.UNCHANGED,
        new=filed(desk, told, at_own_date=is_first_import or is_held, is_held=is_held),
        revised=_filed_revised(desk, told, revised),
        bonds=told.bonds,
        lost=told.lost,
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


def _filed_revised(desk: Desk, told: Told, revised: _Again) -> tuple[Filed, ...]:
    story_of = {entry.row: story for story in told.stories for entry in story.entries}
    return tuple(
        file_one(
            desk,
            _updated(story_of[known.entry], known, entry, desk.now),
            arrived=desk.now,
            row=known.entry,
        )
        for known, entry in revised
    )


def _updated(story: Story, known: Known, entry: Entry, now: datetime) -> Story:
    """A revised entry keeps its place. What reads as before is no update to a reader, nor is
    what another outlet than the lead's has changed. Of several in a file, each has a time of its
    own, for readers that sort by it."""
    is_lead = story.lead.row == known.entry
    if not is_lead or known.face == entry.face:
        return story
    moment = now - min(timedelta(seconds=entry.position), LONGEST_FILE)
    return replace(story, updated=max(moment, story.updated + timedelta(seconds=1)))
