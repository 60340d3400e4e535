"""What one fetch changes: new, held, revised, alike, rejected; and its books.

    Recognised + cleaned --file_changes(what the store says)--> Batch

No other source saves meanwhile, so what the store says here stays true until the save.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeAlias

from aggregator.ingest.dedupe import ClusterResult
from aggregator.ingest.match.matcher import MatchResult, keys_to_add
from aggregator.ingest.retelling import Desk, file_one, filed, tell
from aggregator.model import (
    Batch,
    Entry,
    EntryCounts,
    FetchState,
    Outcome,
    Rejected,
    Source,
    StoredEntry,
    Story,
    StoryChange,
)

__all__ = ["build_batch", "exceeds_burst_limit"]

MAX_UPDATE_SPREAD = timedelta(minutes=5)
"""By how much entries of a file may seem to have changed one after the other."""
BURST_FACTOR = 3
"""How many times as many articles as its rhythm promises an outlet may bring at once."""
_Again: TypeAlias = Sequence[tuple[StoredEntry, Entry]]


def exceeds_burst_limit(
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
    return count > BURST_FACTOR * promised


def build_batch(
    desk: Desk,
    source: Source,
    before: FetchState,
    after: FetchState | None,
    found: MatchResult,
    cleaned: Sequence[Entry | Rejected],
    *,
    is_held: bool,
) -> Batch:
    """Everything that this fetch changes; `cleaned` are `found.new` and `found.again`."""
    count = len(found.new)
    new = [entry for entry in cleaned[:count] if isinstance(entry, Entry)]
    paired = zip(found.changed, cleaned[count:], strict=True)
    kept = [(item, known, e) for (item, known), e in paired if isinstance(e, Entry)]
    again = [(known, entry) for _, known, entry in kept]
    stored = _stored(desk, [known.entry_id for known, _ in again])
    revised = [(known, e) for known, e in again if _is_changed(stored[known.entry_id], known, e)]
    rejected = tuple(entry for entry in cleaned if isinstance(entry, Rejected))
    is_first_import = before.last_success is None
    told = tell(desk, [*new, *_renewed(revised, stored)], is_first_import=is_first_import)
    return Batch(
        source=source.id,
        state=after,
        outcome=Outcome.CHANGED if new or revised else Outcome.UNCHANGED,
        new=filed(desk, told, at_own_date=is_first_import or is_held, is_held=is_held),
        revised=_filed_revised(desk, told, revised),
        matches=told.matches,
        dropped_matches=told.dropped_matches,
        unchanged_hashes=tuple((known.entry_id, entry.raw_hash) for known, entry in again),
        keys=tuple((known.entry_id, keys_to_add(item, known)) for item, known, _ in kept),
        rejected=rejected,
        counts=EntryCounts(
            received=len(found.new) + len(found.changed) + found.unchanged_count,
            new=len(new),
            updated=len(revised),
            known=found.unchanged_count + len(again) - len(revised),
            rejected=len(rejected),
        ),
    )


def _stored(desk: Desk, rows: Sequence[int]) -> dict[int, Entry]:
    """The stored entries of these rows."""
    told = desk.store.told_in(rows)
    return {row: next(e for e in story.entries if e.entry_id == row) for row, story in told.items()}


def _is_changed(stored: Entry, known: StoredEntry, entry: Entry) -> bool:
    """True if anything is published differently now, be it a picture's address. A date that
    moves is nothing."""
    return known.content_hash != entry.content_hash or _published(stored) != _published(entry)


def _published(entry: Entry) -> tuple[object, ...]:
    return (
        entry.url, entry.title, entry.summary, entry.content, entry.author, entry.tags,
        entry.image, entry.enclosures,
    )  # fmt: skip


def _renewed(revised: _Again, stored: Mapping[int, Entry]) -> list[Entry]:
    """Entries that read differently now, at the place that they have had from the beginning."""
    return [
        replace(
            entry,
            entry_id=known.entry_id,
            published=stored[known.entry_id].published,
            feed_index=stored[known.entry_id].feed_index,
            is_dated=stored[known.entry_id].is_dated,
        )
        for known, entry in revised
    ]


def _filed_revised(desk: Desk, told: ClusterResult, revised: _Again) -> tuple[StoryChange, ...]:
    story_of = {entry.entry_id: story for story in told.stories for entry in story.entries}
    return tuple(
        file_one(
            desk,
            _updated(story_of[known.entry_id], known, entry, desk.now),
            arrived=desk.now,
            row=known.entry_id,
        )
        for known, entry in revised
    )


def _updated(story: Story, known: StoredEntry, entry: Entry, now: datetime) -> Story:
    """A revised entry keeps its place. What reads as before is no update to a reader, nor is
    what another outlet than the lead's has changed. Of several in a file, each has a time of its
    own, for readers that sort by it."""
    is_lead = story.lead.entry_id == known.entry_id
    if not is_lead or known.content_hash == entry.content_hash:
        return story
    moment = now - min(timedelta(seconds=entry.feed_index), MAX_UPDATE_SPREAD)
    return replace(story, updated=max(moment, story.updated + timedelta(seconds=1)))
