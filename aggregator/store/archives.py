"""The history of a list: archive documents, filled in the order in which stories arrive.

A story comes into one document of each list, once and for good; what comes into the list later,
with whatever date, comes into a later document (RFC 5005, 4). A story that nobody would see among
the newest, since it came with an old date, makes a document that is not full.
"""

from datetime import datetime

from sqlite_utils import Database

from aggregator.model import Tombstone, hidden_scope, page_scope
from aggregator.store.listing import bump
from aggregator.store.schema import UNARCHIVED

__all__ = ["archive", "archived", "due", "newest_page", "oldest_page", "removed"]

_WAITING = "from listings where scope = ? and page is null"
AT_ONCE = 100
"""Documents of a list that are closed in one transaction."""
MOST_REMOVED = 50
"""Stories taken down that a feed of the newest tells of."""


def due(db: Database, size: int, *, in_all: bool) -> list[str]:
    """The lists that may have something to archive: those that have changed, or all."""
    sql = f"select scope from revisions where {UNARCHIVED}"  # noqa: S608 - our own words
    if in_all:
        sql += """ union select scope from listings where page is null and scope not glob 'held *'
                   group by scope having count(*) >= ?"""
    return [scope for (scope,) in db.execute(sql, [size] if in_all else [])]


def archive(db: Database, scope: str, size: int, now: datetime) -> int:
    """Close the documents of `size` stories of a list that are full, not too many at once; gives
    how many."""
    first = newest_page(db, scope) + 1
    before = db.execute("select number from revisions where scope = ?", [scope]).fetchone()
    closed = _close(db, scope, size, first)
    if closed:
        bump(db, [scope, *(page_scope(scope, first + n) for n in range(closed))], now)
    db.execute(
        """update revisions set pages = pages + ?,
             archived = case when ? then archived else number end where scope = ?""",
        [closed, closed >= AT_ONCE, scope],
    )
    sql = "update revisions set told = number where scope = ? and told = ?"
    db.execute(sql, [scope, before[0] if before else None])  # it is no news to subscribers
    return closed


def _close(db: Database, scope: str, size: int, first: int) -> int:
    """Put into documents what fills them or cannot wait; gives how many they are."""
    waiting: int = db.execute(f"select count(*) {_WAITING}", [scope]).fetchone()[0]
    full = min(waiting // size, AT_ONCE)
    if full:
        _fill(db, scope, first, size, full * size)
    rest = waiting - full * size
    if 0 < rest < size and _is_out_of_sight(db, scope, size):
        _fill(db, scope, first + full, size, rest)
        return full + 1
    return full


def _fill(db: Database, scope: str, first: int, size: int, count: int) -> None:
    db.execute(
        """update listings set page = :first + (place - 1) / :size
           from (select story as waiting,
                   row_number() over (order by arrived, published, story desc) as place
                 from (select * from listings where scope = :scope and page is null
                       order by arrived, published, story desc limit :count))
           where story = waiting and scope = :scope""",
        {"scope": scope, "first": first, "size": size, "count": count},
    )


def _is_out_of_sight(db: Database, scope: str, size: int) -> bool:
    """True if a story that waits stands not among the newest."""
    edge = db.execute(
        """select arrived, published from listings where scope = ?
           order by arrived desc, published desc, story limit 1 offset ?""",
        [scope, size - 1],
    ).fetchone()
    sql = f"select exists (select 1 {_WAITING} and (arrived, published) < (?, ?))"
    return bool(edge and db.execute(sql, [scope, *edge]).fetchone()[0])


def newest_page(db: Database, scope: str) -> int:
    """The number of the last document of a list that is full; 0 if there is none. A number is
    never given again, whatever becomes of the stories."""
    found = db.execute("select pages from revisions where scope = ?", [scope]).fetchone()
    return found[0] if found else 0


def archived(db: Database, scope: str, page: int) -> list[int]:
    """The rows of the stories of a document."""
    sql = "select story from listings where scope = ? and page = ?"
    return [story for (story,) in db.execute(sql, [scope, page])]


def oldest_page(db: Database, scope: str) -> int:
    """The number of the first document that still holds a story, or tells of one that was taken
    down; 0 if none does."""
    one = "select min(page) as page from listings where scope = ? and page is not null"
    sql = f"select min(page) from ({one} union all {one})"  # noqa: S608 - our own words
    return db.execute(sql, [scope, hidden_scope(scope)]).fetchone()[0] or 0


def removed(db: Database, scope: str, page: int | None) -> list[Tombstone]:
    """What was taken down of a document, or of a list, the last first; not what was never told,
    since it is like something that was."""
    within = "" if page is None else "and page = ?"
    sql = f"""select public_id, at from hidden join stories on stories.row = hidden.story
                join listings on listings.story = hidden.story
              where scope = ? and was_told {within}
              order by at desc, public_id limit {MOST_REMOVED}"""  # noqa: S608
    given = [hidden_scope(scope)] if page is None else [hidden_scope(scope), page]
    return [
        Tombstone(public_id=public_id, removed_at=datetime.fromisoformat(at))
        for public_id, at in db.execute(sql, given)
    ]
