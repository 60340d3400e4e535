"""Which stories stand in which lists, and how often a list has changed."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlite_utils import Database

from aggregator.model import (
    ALL,
    HIDDEN,
    STORIES,
    StoryChange,
    held_scope,
    hidden_scope,
    page_scope,
    source_scope,
    story_scope,
    topic_scope,
)
from aggregator.store import rows

__all__ = [
    "HELD", "NEWS", "NEXT_SECOND", "Listing", "bump", "drop", "enlist", "hide", "is_history",
    "is_listed", "listings", "purge", "release", "relist", "topic_lists", "unhide", "unlist",
]  # fmt: skip

NEXT_SECOND = "strftime('%Y-%m-%dT%H:%M:%S+00:00', changed, '+1 second')"
"""A change is always later than the one before: a reader that knows only If-Modified-Since
must not take two changes in one second for one."""

HELD = held_scope("")
NEWS = 4
"""Days after which a story is history; more than an event is news (`likeness.EVENT`)."""
LATELY = 20
"""Stories that may have a wrong date."""


def relist(db: Database, story_row: int, filed: StoryChange, touched: set[str]) -> None:
    """Bring the lists that a story stands in up to date; all of them, old and new, change.

    In a list that is new to it, it arrives with this, else nobody would see it there. A story
    that is held stays held when it is revised; when another outlet tells it, it is news. What was
    learned of it stays, unless an operator keeps it out. A story that was taken down stays so, even
    if another outlet tells it.
    """
    standing = _standing(db, story_row, touched)
    is_held = held_scope(ALL) in standing and not filed.is_stored
    hidden = HIDDEN if hidden_scope(ALL) in standing else ""
    wanted = listings(story_row, replace(filed, is_held=is_held), hidden)
    gone = standing - {scope for _, scope, *_ in wanted}
    barred = {scope for topic in filed.excluded_topics for scope in topic_lists(topic)}
    db.conn.executemany(
        "delete from listings where story = ? and scope = ? and (placed_by != ? or ?)",
        [(story_row, scope, rows.LEARNED_TEXT, scope in barred) for scope in gone],
    )
    enlist(db, wanted, touched)


Listing = tuple[int, str, str, str, str, str]
"""Story, scope, arrived, published, why, and by what."""


def _standing(db: Database, story_row: int, touched: set[str]) -> set[str]:
    """The scopes that a story stands in; all of them are touched, and archives that it is in, and
    its own page; if it is history, all pages, for some may lead to it."""
    sql = "select id, arrived from stories where row = ?"
    id_, arrived = db.execute(sql, [story_row]).fetchone()
    touched.add(story_scope(id_))
    if is_history(db, arrived):
        touched.add(STORIES)
    sql = "select scope, page from listings where story = ?"
    found = db.execute(sql, [story_row]).fetchall()
    standing = {scope for scope, _ in found}
    for scope, page in found:
        shown = scope.removeprefix(HIDDEN)  # where it is told that it was taken down
        touched |= {scope, shown} | ({page_scope(shown, page)} if page is not None else set())
    return standing


def is_history(db: Database, arrived: str) -> bool:
    """True for a time so long ago that the pages of stories which arrived then, and which lead to
    each other, depend on nothing that comes in any more (`publishing.page_scopes`)."""
    sql = f"""select ? < strftime('%Y-%m-%dT%H:%M:%S', max(arrived), '-{NEWS} days')
              from listings where scope = 'all'"""  # noqa: S608 - our own number
    return bool(db.execute(sql, [arrived]).fetchone()[0])


def listings(story_row: int, filed: StoryChange, kept: str = "") -> list[Listing]:
    """The rows that list a story; `kept` is what keeps it from readers."""
    story = filed.story
    arrived, published = rows.time(filed.listed_at), rows.time(story.published)
    scopes = dict.fromkeys((ALL, *(source_scope(e.source) for e in story.entries)), ("", ""))
    for placed in filed.placements:
        scopes[topic_scope(placed.topic)] = (placed.reason, rows.by_text(placed.placed_by))
    if kept := kept or (HELD if filed.is_held else ""):
        scopes = {f"{kept}{scope}": why for scope, why in scopes.items()}
    return [(story_row, scope, arrived, published, *why) for scope, why in scopes.items()]


def enlist(db: Database, listings: Sequence[Listing], touched: set[str]) -> None:
    touched |= {scope for _, scope, *_ in listings}
    db.conn.executemany(
        """insert into listings (story, scope, arrived, published, why, placed_by)
             values (?, ?, ?, ?, ?, ?)
           on conflict (story, scope) do update
           set why = excluded.why, placed_by = excluded.placed_by""",
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
    _standing(db, story_row, touched)
    db.execute("delete from listings where story = ?", [story_row])


def hide(db: Database, story_row: int, why: str, now: datetime, of: str = "") -> set[str]:
    """Take a story out of every list, but for the place that it has there, also out of those where
    it is held; `of` is the id of another one, if it is down because of that. Gives the lists that
    change."""
    touched = {STORIES}
    _standing(db, story_row, touched)
    db.execute(
        """update listings set scope = ?1 || case when scope glob ?2 then substr(scope, ?3)
             else scope end where story = ?4 and scope not glob ?5""",
        [HIDDEN, f"{HELD}*", len(HELD) + 1, story_row, f"{HIDDEN}*"],
    )
    row = [story_row, why, rows.time(now), of]
    db.execute("insert or ignore into hidden values (?, ?, ?, ?, true)", row)
    return touched


def unhide(db: Database, story_row: int) -> set[str]:
    """Bring it back to where it stood, and with it what is down because of it."""
    touched = _unhide(db, story_row)
    sql = "select story from hidden where of = (select id from stories where row = ?) and of != ''"
    for (other,) in db.execute(sql, [story_row]).fetchall():
        touched |= _unhide(db, other)
    return touched


def _unhide(db: Database, story_row: int) -> set[str]:
    db.execute(
        "update listings set scope = substr(scope, ?) where story = ? and scope glob ?",
        [len(HIDDEN) + 1, story_row, f"{HIDDEN}*"],
    )
    db.execute("delete from hidden where story = ?", [story_row])
    touched = {STORIES}
    _standing(db, story_row, touched)
    return touched


def release(db: Database, source: str, now: datetime) -> int:
    """Let out what is held of a source, at the dates of its own; gives how many stories."""
    held = _held(db, source)
    touched: set[str] = set()
    for (story,) in held:
        db.execute(
            "update listings set scope = substr(scope, ?) where story = ? and scope glob ?",
            [len(HELD) + 1, story, f"{HELD}*"],
        )
        _standing(db, story, touched)
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
        "select story from listings where scope in (?, ?, ?) and arrived < ?",
        [ALL, held_scope(ALL), hidden_scope(ALL), rows.time(before)],
    ).fetchall()
    touched: set[str] = set()
    for (story,) in old:
        _standing(db, story, touched)
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
    sql = f"""insert into revisions (scope, number, changed) values (?, 1, ?)
              on conflict (scope) do update
              set number = number + 1, changed = max(excluded.changed, {NEXT_SECOND})"""  # noqa: S608 - our own words
    db.conn.executemany(sql, [(scope, changed) for scope in sorted(scopes)])
