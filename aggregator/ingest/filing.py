"""What one fetch changes: new, held, revised, alike, rejected; and its books.

    Recognised + cleaned --file_changes(what the store says)--> Batch

No other source saves meanwhile, so what the store says here stays true until the save.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from aggregator.ingest.categorize import categorize
from aggregator.ingest.dedupe import dedupe
from aggregator.ingest.identity import Recognised, keys_to_remember
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
    Topic,
)
from aggregator.store import Store

__all__ = ["Desk", "file_changes", "is_flood"]

FLOOD_FACTOR = 3
"""How many times as many articles as its rhythm promises an outlet may bring at once."""
_Again: TypeAlias = Sequence[tuple[Known, Entry]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What is needed to file. `authority` is the host name under which ids are minted."""

    sources: Mapping[str, Source]
    topics: Sequence[Topic]
    store: Store
    now: datetime
    authority: str


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
    told = desk.store.told_in({known.entry for known, _ in again})
    revised = [(k, entry) for k, entry in again if _is_changed(told[k.entry], k, entry)]
    rejected = tuple(entry for entry in cleaned if isinstance(entry, Rejected))
    return Batch(
        source=source.id,
        state=after,
        outcome=Outcome.CHANGED if new or revised else Outcome.UNCHANGED,
        new=_filed_new(desk, new, is_first_import=before.last_success is None, is_held=is_held),
        revised=_filed_revised(desk, revised, told),
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


def _is_changed(story: Story, known: Known, entry: Entry) -> bool:
    """True if anything is published differently now, be it a picture's address. A date that
    moves is nothing."""
    stored = next(telling for telling in story.entries if telling.source == entry.source)
    return known.face != entry.face or _published(stored) != _published(entry)


def _published(entry: Entry) -> tuple[object, ...]:
    return (
        entry.link, entry.title, entry.summary, entry.content, entry.author, entry.tags,
        entry.image, entry.enclosures,
    )  # fmt: skip


def _filed_new(
    desk: Desk, entries: Sequence[Entry], *, is_first_import: bool, is_held: bool
) -> tuple[Filed, ...]:
    standing = desk.store.standing({entry.address for entry in entries if entry.address})
    stories = dedupe(
        entries,
        standing,
        sources=desk.sources,
        taken=desk.store.taken({entry.id for entry in entries if entry.id}),
        authority=desk.authority,
        now=desk.now,
        is_first_import=is_first_import,
    )
    stored = {story.id for story in standing.values()}
    at_own_date = is_first_import or is_held
    return tuple(
        _filed(
            desk,
            story,
            arrived=min(story.published, desk.now) if at_own_date else desk.now,
            joins=story.id in stored,
            is_held=is_held and story.id not in stored,
        )
        for story in stories
    )


def _filed_revised(desk: Desk, revised: _Again, told: Mapping[int, Story]) -> tuple[Filed, ...]:
    return tuple(
        _filed(
            desk, _retold(told[known.entry], known, entry, desk.now),
            arrived=desk.now, row=known.entry,
        )
        for known, entry in revised
    )  # fmt: skip


def _filed(
    desk: Desk,
    story: Story,
    *,
    arrived: datetime,
    joins: bool = False,
    row: int = 0,
    is_held: bool = False,
) -> Filed:
    return Filed(
        story=story,
        arrived=arrived,
        placements=tuple(categorize(story, desk.topics, desk.sources)),
        joins=joins,
        row=row,
        is_held=is_held,
    )


def _retold(story: Story, known: Known, entry: Entry, now: datetime) -> Story:
    """The story with one outlet's telling replaced. A revised entry keeps its place, and what
    reads as before is no update to a reader."""
    lead, *others = (entry if told.source == entry.source else told for told in story.entries)
    updated = now if known.face != entry.face else story.updated
    return replace(story, lead=lead, others=tuple(others), updated=updated)
