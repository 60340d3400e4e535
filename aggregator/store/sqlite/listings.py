"""Adding stories to lists, removing them, and the revisions of lists.

The functions here run in the transaction of their caller. They add every scope that changes to
`touched`, and the caller increments the revisions of those at the end.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from sqlite_utils import Database

from aggregator.model import (
    ALL,
    ListKind,
    ListScope,
    PlacementReason,
    StoryChange,
    Visibility,
    picture_scope,
    source_scope,
    story_scope,
    topic_scope,
)
from aggregator.store.sqlite import mappers
from aggregator.store.sqlite.related import pages_that_show

__all__ = [
    "NEXT_SECOND", "Listing", "add_to_lists", "increment_revisions", "is_listed", "listings_of",
    "remove_from_lists", "restore", "take_down", "touch_lists", "update_lists",
]  # fmt: skip

NEXT_SECOND = "strftime('%Y-%m-%dT%H:%M:%S+00:00', changed_at, '+1 second')"
"""A change is always later than the one before: a reader that knows only If-Modified-Since must not
take two changes within a second for one."""


class Listing(NamedTuple):
    """A row that puts a story into a list."""

    story_number: int
    list_kind: str
    list_name: str
    visibility: str
    listed_at: str
    published: str
    reason: str
    placed_by: str


def listings_of(
    number: int, change: StoryChange, visibility: Visibility | None = None
) -> list[Listing]:
    """The rows that list a story."""
    story = change.story
    default = Visibility.HELD if change.is_held else Visibility.PUBLISHED
    visible_to = (visibility or default).value
    dates = mappers.to_text(change.listed_at), mappers.to_text(story.published)
    lists: dict[ListScope, tuple[str, Sequence[PlacementReason]]] = {ALL: ("", ())}
    lists |= {source_scope(entry.source): ("", ()) for entry in story.entries}
    for placement in change.placements:
        lists[topic_scope(placement.topic)] = (placement.reason, placement.placed_by)
    return [
        Listing(
            number,
            scope.kind.value,
            scope.name,
            visible_to,
            *dates,
            reason,
            mappers.placed_by_to_text(placed_by),
        )
        for scope, (reason, placed_by) in lists.items()
    ]


def add_to_lists(db: Database, listings: Sequence[Listing], touched: set[ListScope]) -> None:
    """Insert these rows; in a list that it is in already, a story keeps its date."""
    touched |= {
        mappers.scope_of(row.list_kind, row.list_name)
        for row in listings
        if row.visibility == Visibility.PUBLISHED
    }
    db.conn.executemany(
        """insert into listings (story_number, list_kind, list_name, visibility, listed_at,
                                 published, reason, placed_by)
             values (?, ?, ?, ?, ?, ?, ?, ?)
           on conflict (story_number, list_kind, list_name) do update
           set reason = excluded.reason, placed_by = excluded.placed_by""",
        listings,
    )


def update_lists(db: Database, number: int, change: StoryChange, touched: set[ListScope]) -> None:
    """Bring the lists of a story up to date; all of them, old and new, change.

    In a list that is new to it, it gets the date of this change, else no reader would see it there.
    A story that is held stays held when it is revised; it is listed once another outlet publishes
    it. What a model has placed stays, unless an operator excludes it. A story that was taken down
    stays down, even if another outlet publishes it.
    """
    current = touch_lists(db, number, touched)
    visibilities = set(current.values())
    is_released = Visibility.HELD in visibilities and change.is_stored
    is_held = Visibility.HELD in visibilities and not change.is_stored
    is_down = Visibility.TAKEN_DOWN in visibilities
    wanted = listings_of(
        number, replace(change, is_held=is_held), Visibility.TAKEN_DOWN if is_down else None
    )
    kept = {(row.list_kind, row.list_name) for row in wanted}
    gone = [key for key in current if is_released or key not in kept]
    db.conn.executemany(
        """delete from listings where story_number = ? and list_kind = ? and list_name = ?
             and (placed_by != ? or ?)""",
        [
            (number, kind, name, mappers.LEARNED_TEXT,
             kind == ListKind.TOPIC and name in change.excluded_topics)
            for kind, name in gone
        ],
    )  # fmt: skip
    if is_released:  # what a model has placed becomes visible with the rest
        db.execute(
            "update listings set visibility = ?, listed_at = ? where story_number = ?",
            [Visibility.PUBLISHED.value, mappers.to_text(change.listed_at), number],
        )
    add_to_lists(db, wanted, touched)


def touch_lists(
    db: Database, number: int, touched: set[ListScope]
) -> dict[tuple[str, str], Visibility]:
    """The lists that a story is in: (kind, name) -> visibility.

    All of them that the public sees or saw are touched, the archive documents and pages that it is
    on, its own page with those of stories that were merged into it, and those of related stories.
    """
    sql = "select id from stories where number = ?1 or merged_into = ?1"
    touched |= {story_scope(id_) for (id_,) in db.execute(sql, [number])}
    touched |= pages_that_show(db, number)
    sql = """select list_kind, list_name, visibility, page, -older_page from listings
             where story_number = ?"""
    current: dict[tuple[str, str], Visibility] = {}
    for kind, name, visibility, *pages in db.execute(sql, [number]).fetchall():
        current[kind, name] = Visibility(visibility)
        if visibility != Visibility.HELD:
            touched.add(mappers.scope_of(kind, name))
            touched |= {mappers.scope_of(kind, name, page) for page in pages if page is not None}
    sql = """select key from pictures join entry_pictures on picture_id = pictures.id
               join entries on entries.id = entry_id where story_number = ?"""
    touched |= {picture_scope(key) for (key,) in db.execute(sql, [number])}
    return current


def is_listed(db: Database, number: int) -> bool:
    """False for a story that was dropped or has grown too old: nothing brings it back."""
    sql = "select exists (select 1 from listings where story_number = ?)"
    return bool(db.execute(sql, [number]).fetchone()[0])


def remove_from_lists(db: Database, number: int, touched: set[ListScope]) -> None:
    """Take a story out of every list."""
    touch_lists(db, number, touched)
    db.execute("delete from listings where story_number = ?", [number])


def take_down(
    db: Database, number: int, reason: str, now: datetime, copy_of: str = ""
) -> set[ListScope]:
    """Hide a story in every list, held ones too; it keeps its place for `restore`. `copy_of` is the
    id of the story whose takedown this one follows. Returns the scopes that change."""
    touched = set[ListScope]()
    touch_lists(db, number, touched)
    sql = "update listings set visibility = ? where story_number = ?"
    db.execute(sql, [Visibility.TAKEN_DOWN.value, number])
    db.execute(
        """insert or ignore into takedowns (story_number, reason, taken_down_at, copy_of)
           values (?, ?, ?, ?)""",
        [number, reason, mappers.to_text(now), copy_of],
    )
    return touched


def restore(db: Database, number: int) -> set[ListScope]:
    """Undo a takedown, and those that follow it. Returns the scopes that change."""
    touched = set[ListScope]()
    sql = """select story_number from takedowns
             where copy_of = (select id from stories where number = ?) and copy_of != ''"""
    copies = [copy for (copy,) in db.execute(sql, [number]).fetchall()]
    for each in (number, *copies):
        db.execute(
            "update listings set visibility = ? where story_number = ? and visibility = ?",
            [Visibility.PUBLISHED.value, each, Visibility.TAKEN_DOWN.value],
        )
        db.execute("delete from takedowns where story_number = ?", [each])
        touch_lists(db, each, touched)
    return touched


def increment_all_revisions(db: Database, now: datetime) -> None:
    """Note that all lists have changed, with their documents."""
    db.execute(
        f"update revisions set number = number + 1, changed_at = max(?, {NEXT_SECOND})",  # noqa: S608 - a constant
        [mappers.to_text(now)],
    )


def increment_revisions(db: Database, scopes: Iterable[ListScope], now: datetime) -> None:
    """Note that these lists have changed."""
    changed_at = mappers.to_text(now)
    db.conn.executemany(
        f"""insert into revisions (list_kind, list_name, page, number, changed_at)
              values (?, ?, ?, 1, ?)
            on conflict (list_kind, list_name, page) do update
            set number = number + 1, changed_at = max(excluded.changed_at, {NEXT_SECOND})""",  # noqa: S608 - constants
        [(s.kind.value, s.name, s.page, changed_at) for s in sorted(set(scopes))],
    )
