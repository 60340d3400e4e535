"""Which stories stand in which lists, and how often a list has changed."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlite_utils import Database

from aggregator.model import ALL, Filed, held_scope, source_scope, topic_scope
from aggregator.store import rows

__all__ = [
    "HELD", "NEXT_SECOND", "Listing", "bump", "drop", "enlist", "is_listed", "listings", "purge",
    "release", "relist", "topic_lists", "unlist",
]  # fmt: skip

NEXT_SECOND = "strftime('%Y-%m-%dT%H:%M:%S+00:00', changed, '+1 second')"
"""A change is always later than the one before: a reader that knows only If-Modified-Since
must not take two changes in one second for one."""

HELD = held_scope("")
LATELY = 20
"""Stories that may have a wrong date."""


def relist(db: Database, story_row: int, filed: Filed, touched: set[str]) -> None:
    """Bring the lists that a story stands in up to date; all of them, old and new, change.

    In a list that is new to it, it arrives with this, else nobody would see it there. A story
    that is held stays held when it is revised; when another outlet tells it, it is news. What was
    learned of it stays, unless an operator keeps it out.
    """
    found = db.execute("select scope from listings where story = ?", [story_row]).fetchall()
    standing = {scope for (scope,) in found}
    is_held = held_scope(ALL) in standing and not filed.joins
    wanted = listings(story_row, replace(filed, is_held=is_held))
    touched |= standing
    gone = standing - {scope for _, scope, *_ in wanted}
    barred = {scope for topic in filed.barred for scope in topic_lists(topic)}
    db.conn.executemany(
        "delete from listings where story = ? and scope = ? and (placed_by != ? or ?)",
        [(story_row, scope, rows.LEARNED_TEXT, scope in barred) for scope in gone],
    )
    enlist(db, wanted, touched)


Listing = tuple[int, str, str, str, str, str]
"""Story, scope, arrived, published, why, and by what."""


def listings(story_row: int, filed: Filed) -> list[Listing]:
    """The rows that list a story."""
    story = filed.story
    arrived, published = rows.time(filed.arrived), rows.time(story.published)
    scopes = dict.fromkeys((ALL, *(source_scope(e.source) for e in story.entries)), ("", ""))
    for placed in filed.placements:
        scopes[topic_scope(placed.topic)] = (placed.why, rows.by_text(placed.by))
    if filed.is_held:
        scopes = {held_scope(scope): why for scope, why in scopes.items()}
    return [(story_row, scope, arrived, published, *why) for scope, why in scopes.items()]


def enlist(db: Database, listings: Sequence[Listing], touched: set[str]) -> None:
    touched |= {scope for _, scope, *_ in listings}
    db.conn.executemany(
        """insert into listings values (?, ?, ?, ?, ?, ?) on conflict (story, scope)
           do update set why = excluded.why, placed_by = excluded.placed_by""",
        listings,
    )


def topic_lists(topic: str) -> tuple[str, str]:
    """Where stories stand that are in a topic, or would be if they were not held."""
    return topic_scope(topic), held_scope(topic_scope(topic))


def is_listed(db: Database, story_row: int) -> bool:
    """False for a story that was dropped or is too old: nothing brings it back."""
    sql = "select exists (select 1 from listings where story = ?)"
    return bool(db.execute(sql, [story_row]).fetchone()[0])


def unlist(db: Database, story_row: int, touched: set[str]) -> None:
    """Take a story out of every list."""
    found = db.execute("select scope from listings where story = ?", [story_row]).fetchall()
    touched |= {scope for (scope,) in found}
    db.execute("delete from listings where story = ?", [story_row])


def release(db: Database, source: str, now: datetime) -> int:
    """Let out what is held of a source, at the dates of its own; gives how many stories."""
    held = _held(db, source)
    touched: set[str] = set()
    for (story,) in held:
        found = db.execute("select scope from listings where story = ?", [story]).fetchall()
        touched |= {scope.removeprefix(HELD) for (scope,) in found}
        db.execute(
            "update listings set scope = substr(scope, ?) where story = ? and scope glob ?",
            [len(HELD) + 1, story, f"{HELD}*"],
        )
    if held:  # they were not there when their neighbours were judged
        db.execute("update models set judged = min(judged, ?)", [min(held)[0] - 1])
    bump(db, touched, now)
    return len(held)


def drop(db: Database, source: str) -> int:
    """Never publish what is held of a source; it stays known, so it does not come again."""
    held = _held(db, source)
    db.conn.executemany("delete from listings where story = ?", held)
    return len(held)


def purge(db: Database, keep: timedelta, now: datetime) -> int:
    """Take out the stories that are older than that, also those that are held; gives how many.

    What recognises them is kept: an outlet may list them for years (tt-rss, Media Cloud).
    A clock that is ahead by a year must not take out a year of news, so the present is no
    later than what outlets have published lately.
    """
    lately = db.execute(
        """select published from listings where scope = ? order by published desc
           limit 1 offset ?""",
        [ALL, LATELY],
    ).fetchone()
    present = min(rows.time(now), lately[0]) if lately else rows.time(now)
    before = datetime.fromisoformat(present) - keep
    old = db.execute(
        "select story from listings where scope in (?, ?) and arrived < ?",
        [ALL, held_scope(ALL), rows.time(before)],
    ).fetchall()
    touched: set[str] = set()
    for (story,) in old:
        found = db.execute("select scope from listings where story = ?", [story]).fetchall()
        touched |= {scope for (scope,) in found}
    db.conn.executemany("delete from listings where story = ?", old)
    db.conn.executemany(
        """update entries set address = '', summary = '', content = '', author = '', tags = '[]',
             image = '', enclosures = '[]', originals = '[]' where story = ?""",
        old,
    )
    bump(db, touched, now)
    return len(old)


def _held(db: Database, source: str) -> list[tuple[int]]:
    sql = "select story from listings where scope = ?"
    return db.execute(sql, [held_scope(source_scope(source))]).fetchall()


def bump(db: Database, scopes: Iterable[str], now: datetime) -> None:
    changed = rows.time(now)
    sql = f"""insert into revisions values (?, 1, ?) on conflict (scope) do update
              set number = number + 1, changed = max(excluded.changed, {NEXT_SECOND})"""  # noqa: S608 - our own words
    db.conn.executemany(sql, [(scope, changed) for scope in sorted(scopes)])
