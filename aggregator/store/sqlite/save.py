"""Saving a batch, inside the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlite_utils import Database

from aggregator.model import (
    Batch,
    ListScope,
    Rejected,
    Story,
    StoryChange,
    Visibility,
)
from aggregator.store.sqlite import mappers, source_mappers
from aggregator.store.sqlite.contents import add_contents, replace_content
from aggregator.store.sqlite.fingerprints import (
    add_fingerprints,
    add_matches,
    add_to_search,
    drop_matches,
    remove_from_search,
    replace_fingerprints,
)
from aggregator.store.sqlite.listings import (
    Listing,
    add_to_lists,
    increment_revisions,
    is_listed,
    listings_of,
    remove_from_lists,
    restore,
    take_down,
    update_lists,
)
from aggregator.store.sqlite.pictures import add_pictures
from aggregator.store.sqlite.related import count_words, forget_event_words, forget_related, relate
from aggregator.store.sqlite.rows import insert_rows, update_row
from aggregator.store.sqlite.sources import save_backoffs
from aggregator.store.sqlite.statistics import add_statistics

__all__ = ["COUNTS", "save_batch"]

COUNTS = ("received", "new", "updated", "known", "rejected")
MAX_REJECTIONS = 500
"""Rejections kept per source, which may send as many as it likes."""
REJECTIONS_KEPT = timedelta(days=30)
"""How long a rejection is kept after the outlet has last listed the entry."""
_SET_ONCE = ("published", "feed_index", "is_dated")
"""Columns of an entry that a revision does not change."""


def save_batch(db: Database, batch: Batch, now: datetime) -> None:
    """Save entries, stories, lists, keys, counts and validators together.

    If they were saved separately, a crash in between could keep the validators and lose the
    entries: 304 forever.
    """
    touched: set[ListScope] = set()
    if batch.new:
        _save_new(db, batch, touched, now)
    drop_matches(db, batch.dropped_matches)
    add_matches(db, batch.matches)
    down = {change.revised_entry_id for change in batch.revised if _is_down(db, change.story.id)}
    for change in batch.revised:
        if change.revised_entry_id not in down:
            _save_revision(db, change, touched, now)
    db.conn.executemany(
        "update entries set raw_hash = ? where id = ?",
        [(raw_hash, entry) for entry, raw_hash in batch.unchanged_hashes if entry not in down],
    )
    db.conn.executemany(
        "insert or ignore into entry_keys values (?, ?, ?, ?)",
        [(batch.source, *key, entry) for entry, keys in batch.keys for key in keys],
    )
    add_pictures(db, batch.pictures, now)
    if batch.counts.received or batch.rejected:  # else there was no document
        _save_rejections(db, batch.source, batch.rejected, now)
    increment_revisions(db, touched, now)
    if batch.state is not None:
        row = source_mappers.fetch_state_row(batch, batch.state, now)
        update_row(db, "sources", batch.source, row)
        db.execute(
            "update sources set first_fetch = coalesce(first_fetch, last_fetch) where id = ?",
            [batch.source],
        )
    _add_counts(db, batch)
    add_statistics(db, batch, now)
    save_backoffs(db, [batch.backoff] if batch.backoff else [])


def _add_counts(db: Database, batch: Batch) -> None:
    sums = ", ".join(f"{name}_count = {name}_count + ?" for name in COUNTS)
    counts = [getattr(batch.counts, name) for name in COUNTS]
    db.execute(f"update sources set {sums} where id = ?", [*counts, batch.source])  # noqa: S608 - constants


@dataclass(slots=True)
class _Inserts:
    """Rows to insert together."""

    next_story: int
    stories: list[dict[str, Any]] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)
    keys: list[tuple[str, str, str, int]] = field(default_factory=list)
    contents: list[tuple[int, str]] = field(default_factory=list)
    fingerprints: list[tuple[int, Sequence[int]]] = field(default_factory=list)
    words: list[tuple[int, str]] = field(default_factory=list)
    moved: list[tuple[int, int]] = field(default_factory=list)
    related: list[tuple[int, Story]] = field(default_factory=list)
    listings: list[Listing] = field(default_factory=list)
    takedowns: list[tuple[int, str, str, str, bool]] = field(default_factory=list)


def _save_new(db: Database, batch: Batch, touched: set[ListScope], now: datetime) -> None:
    """Insert new entries and stories; stored entries that belong to another story now are moved."""
    inserts = _Inserts(_max(db, "stories", "number") + 1)
    for change in batch.new:
        story = change.story
        if change.is_stored:
            number = _number_of(db, story.id)
            _add_entries(inserts, batch, story, number)
            _update_story(db, number, change, touched)
            continue
        number = inserts.next_story
        inserts.next_story += 1
        _add_entries(inserts, batch, story, number)
        inserts.stories.append({"number": number, **mappers.story_row(story)})
        inserts.related.append((number, story))
        original = change.copy_of_takedown
        visibility = Visibility.TAKEN_DOWN if original else None
        inserts.listings += listings_of(number, change, visibility)
        if original:
            reason = f"a copy of {original}, which was taken down"
            inserts.takedowns.append((number, reason, mappers.to_text(now), original, False))
    insert_rows(db, "stories", inserts.stories)
    insert_rows(db, "entries", inserts.entries)
    db.conn.executemany("update entries set story_number = ? where id = ?", inserts.moved)
    # an outlet may have given the id of an old article to a new one
    db.conn.executemany("insert or replace into entry_keys values (?, ?, ?, ?)", inserts.keys)
    add_contents(db, inserts.contents)
    add_fingerprints(db, inserts.fingerprints, now)
    add_to_search(db, inserts.words)
    add_to_lists(db, inserts.listings, touched)
    db.conn.executemany("insert into takedowns values (?, ?, ?, ?, ?)", inserts.takedowns)
    relate(db, inserts.related, touched)
    count_words(db, [number for number, _ in inserts.related])
    for change in batch.new:
        for merged in change.merged_ids:
            _merge_story(db, merged, change.story.id, touched)


def _add_entries(inserts: _Inserts, batch: Batch, story: Story, number: int) -> None:
    for entry in story.entries:
        id_ = entry.entry_id
        if id_ not in batch.new_entry_ids:
            inserts.moved.append((number, id_))
            continue
        inserts.entries.append({"id": id_, "story_number": number, **mappers.entry_row(entry)})
        inserts.keys += [(batch.source, key.kind.value, key.value, id_) for key in entry.keys]
        inserts.contents.append((id_, entry.content))
        inserts.fingerprints.append((id_, entry.fingerprints))
        inserts.words.append((id_, entry.words))


def _update_story(db: Database, number: int, change: StoryChange, touched: set[ListScope]) -> None:
    """Save the other entries of a stored story; its id and place stay. If it had been merged into
    another one, it is on its own again, and listed."""
    story = change.story
    is_unmerged = _is_merged(db, number)
    db.execute(
        """update stories set lead_entry_id = ?, updated = ?, reasons = ?, merged_into = null
           where number = ?""",
        [
            story.lead.entry_id, mappers.to_text(story.updated), mappers.reasons_to_text(story),
            number,
        ],
    )  # fmt: skip
    if is_unmerged or is_listed(db, number):
        update_lists(db, number, change, touched)
    takedown = _takedown_of(db, number) if is_unmerged else None
    if takedown:  # it was taken down before it was merged
        touched |= restore(db, number)
        touched |= take_down(db, number, *takedown)


def _save_revision(
    db: Database, change: StoryChange, touched: set[ListScope], now: datetime
) -> None:
    """Save a revised entry; its story keeps its id and its place."""
    story, id_ = change.story, change.revised_entry_id
    entry = next(entry for entry in story.entries if entry.entry_id == id_)
    row = mappers.entry_row(entry)
    for column in _SET_ONCE:
        del row[column]
    number = _number_of(db, story.id)
    if entry is story.lead:
        forget_event_words(db, [number])
    remove_from_search(db, id_)
    update_row(db, "entries", id_, row)
    replace_content(db, id_, entry.content)
    add_to_search(db, [(id_, entry.words)])
    replace_fingerprints(db, id_, entry.fingerprints)
    db.execute(
        "update entries set revision_count = revision_count + 1, revised_at = ? where id = ?",
        [mappers.to_text(now), id_],
    )
    db.execute(
        "update stories set updated = max(updated, ?), reasons = ? where number = ?",
        [mappers.to_text(story.updated), mappers.reasons_to_text(story), number],
    )
    update_lists(db, number, change, touched)
    if entry is story.lead:
        forget_related(db, [number])
        relate(db, [(number, story)], touched)


def _merge_story(db: Database, merged: str, into: str, touched: set[ListScope]) -> None:
    """Merge a story into another one, which has its entries already. Its ids are kept: they go on
    redirecting, and are never reused."""
    number, target = _number_of(db, merged), _number_of(db, into)
    _inherit_learned_topics(db, number, target)
    if takedown := _takedown_of(db, number):  # it must not come back as part of another one
        touched |= take_down(db, target, *takedown, copy_of=merged)
    remove_from_lists(db, number, touched)
    db.execute(
        "update stories set merged_into = ? where number = ? or merged_into = ?",
        [target, number, number],
    )
    db.execute(
        "update or ignore pins set story_number = ? where story_number = ?", [target, number]
    )
    db.execute(
        """update stories
           set own_headline = coalesce(nullif(stories.own_headline, ''), merged.own_headline),
               editor_note = coalesce(nullif(stories.editor_note, ''), merged.editor_note)
           from (select own_headline, editor_note from stories where number = ?1) as merged
           where number = ?2""",
        [number, target],
    )


def _inherit_learned_topics(db: Database, merged: int, target: int) -> None:
    """Give the topics in which a model has placed a story to the one that it is merged into, unless
    an operator has decided otherwise."""
    db.execute(
        """insert or ignore into listings (story_number, list_kind, list_name, visibility,
                                           listed_at, published, reason, placed_by)
             select own.story_number, theirs.list_kind, theirs.list_name, own.visibility,
                    own.listed_at, own.published, theirs.reason, theirs.placed_by
             from listings as theirs join listings as own
               on own.story_number = ?1 and own.list_kind = 'all'
                  and own.visibility = 'published'
             where theirs.story_number = ?2 and theirs.list_kind = 'topic'
               and theirs.visibility = 'published' and theirs.placed_by = ?3
               and not exists (select 1 from topic_overrides
                               join entries on entries.id = topic_overrides.entry_id
                               where entries.story_number = ?1 and topic = theirs.list_name)""",
        [target, merged, mappers.LEARNED_TEXT],
    )


def _is_down(db: Database, story: str) -> bool:
    """True for a story that was taken down: copies are recognised by the words that it had then."""
    return _takedown_of(db, _number_of(db, story)) is not None


def _takedown_of(db: Database, number: int) -> tuple[str, datetime] | None:
    sql = "select reason, taken_down_at from takedowns where story_number = ?"
    found = db.execute(sql, [number]).fetchone()
    return (found[0], datetime.fromisoformat(found[1])) if found else None


def _max(db: Database, table: str, column: str) -> int:
    found: int = db.execute(f"select coalesce(max({column}), 0) from {table}").fetchone()[0]  # noqa: S608 - constants
    return found


def _number_of(db: Database, id_: str) -> int:
    found: int = db.execute("select number from stories where id = ?", [id_]).fetchone()[0]
    return found


def _is_merged(db: Database, number: int) -> bool:
    sql = "select merged_into is not null from stories where number = ?"
    return bool(db.execute(sql, [number]).fetchone()[0])


def _save_rejections(
    db: Database, source: str, rejected: Sequence[Rejected], now: datetime
) -> None:
    seen, forgotten = mappers.to_text(now), mappers.to_text(now - REJECTIONS_KEPT)
    db.execute(
        "delete from rejections where source_id = ? and last_seen_at < ?", [source, forgotten]
    )
    db.conn.executemany(
        """insert into rejections values (?, ?, ?, ?, ?, ?, ?)
           on conflict (source_id, key_kind, key_value) do update
           set title = excluded.title, reason = excluded.reason,
             last_seen_at = excluded.last_seen_at""",
        [
            (source, each.key.kind.value, each.key.value, each.title, each.reason, seen, seen)
            for each in rejected[:MAX_REJECTIONS]
        ],
    )
    db.execute(
        """delete from rejections where source_id = ?1 and (key_kind, key_value) not in
             (select key_kind, key_value from rejections where source_id = ?1
              order by last_seen_at desc, key_kind, key_value limit ?2)""",
        [source, MAX_REJECTIONS],
    )
