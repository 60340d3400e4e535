"""Saving stories as ingest does: the store numbers new entries, and counts balance."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from aggregator.model import (
    ALL,
    Batch,
    Entry,
    EntryCounts,
    FetchState,
    Outcome,
    Placement,
    Story,
    StoryChange,
)
from aggregator.store.base import Store
from tests.harness.builders import NOW, entry, story

__all__ = [
    "change_of", "number_of", "publish", "revise", "save", "save_story", "story_titled", "titles",
]  # fmt: skip

MINUTE = timedelta(minutes=1)


def change_of(lead: Entry, *topics: str, **fields: Any) -> StoryChange:
    """A new story of one entry in these topics, listed at its own date."""
    made = story(lead, **fields)
    placements = tuple(Placement(topic=topic, reason=f"because {topic}") for topic in topics)
    return StoryChange(story=made, listed_at=made.listed_at, placements=placements)


def save(
    store: Store, *new: StoryChange, source: str = "harbor", now: datetime = NOW, **fields: Any
) -> tuple[StoryChange, ...]:
    """Save a batch; returns `new` with entry ids. Entries of `new` without an id are new."""
    numbered, ids = _numbered(store, new)
    counts = EntryCounts(received=len(ids), new=len(ids))
    defaults: dict[str, Any] = {
        "state": FetchState(last_success=NOW), "outcome": Outcome.CHANGED, "counts": counts,
    }  # fmt: skip
    batch = Batch(
        source=source, new=numbered, new_entry_ids=frozenset(ids), **{**defaults, **fields}
    )
    store.entries.save(batch, now)
    return numbered


def _numbered(
    store: Store, changes: Sequence[StoryChange]
) -> tuple[tuple[StoryChange, ...], Sequence[int]]:
    unnumbered = sum(not e.entry_id for change in changes for e in change.story.entries)
    ids = store.entries.next_ids(unnumbered)
    take: Callable[[], int] = iter(ids).__next__

    def number(one: Entry) -> Entry:
        return one if one.entry_id else replace(one, entry_id=take())

    return tuple(
        replace(
            change,
            story=replace(
                change.story,
                lead=number(change.story.lead),
                duplicates=tuple(map(number, change.story.duplicates)),
            ),
        )
        for change in changes
    ), ids


def save_story(store: Store, lead: Entry, *topics: str, **fields: Any) -> Story:
    """Save an entry as a story of its own; returns the stored story."""
    (saved,) = save(store, change_of(lead, *topics), source=lead.source, **fields)
    return store.entries.stories([saved.story.lead.entry_id])[saved.story.lead.entry_id]


def publish(
    store: Store, title: str, *topics: str, minute: int = 0, source: str = "harbor", **fields: Any
) -> Story:
    """Publish an entry with this title, `minute` minutes after NOW; returns the stored story."""
    when = NOW + minute * MINUTE
    change = change_of(entry(title, source, published=when, **fields), *topics, listed_at=when)
    (saved,) = save(store, change, source=source)
    return store.entries.stories([saved.story.lead.entry_id])[saved.story.lead.entry_id]


def revise(store: Store, stored: Story, *topics: str, now: datetime = NOW, **fields: Any) -> None:
    """Revise the lead of a stored story; `fields` are those of the entry."""
    lead = replace(stored.lead, **fields)
    placements = tuple(Placement(topic=topic, reason=f"because {topic}") for topic in topics)
    change = StoryChange(
        story=replace(stored, lead=lead),
        listed_at=now,
        placements=placements,
        revised_entry_id=lead.entry_id,
    )
    save(store, source=lead.source, now=now, state=None, revised=(change,))


def story_titled(store: Store, title: str) -> Story:
    """The published story whose lead has this title."""
    return next(each for each in store.lists.latest(ALL, 500) if each.lead.title == title)


def number_of(store: Store, stored: Story) -> int:
    """The store's number of a story."""
    placements = store.topics.placements_of(stored.lead.entry_id, ())
    assert placements is not None
    return placements.story_number


def titles(stories: Iterable[Story]) -> list[str]:
    """The titles of the stories' leads."""
    return [each.lead.title for each in stories]
