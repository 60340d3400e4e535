"""The history of a list: archive documents, filled in the order in which stories arrive.

A story comes into one document of each list, once and for good; what comes into the list later,
with whatever date, comes into a later document (RFC 5005, 4). A story that nobody would see among
the newest, since it came with an old date, makes a document that is not full.
"""

from collections.abc import Iterator
from datetime import datetime

from sqlite_utils import Database

from aggregator.model import Removed, hidden_scope, page_scope
from aggregator.store.listing import bump

__all__ = ["archive", "archived", "newest_page", "removed"]

_WAITING = "from listings where scope = ? and page is null"
MOST_REMOVED = 50
"""Stories taken down that a feed of the newest tells of."""


def archive(db: Database, size: int, now: datetime) -> int:
    """Close the documents of `size` stories that are full, in every list that has changed; gives
    how many."""
    sql = """select scope from revisions where number != archived
             and scope not glob 'held *' and scope not glob '* #*'"""
    closed = 0
    for (scope,) in db.execute(sql).fetchall():
        pages = list(_close(db, scope, size))
        bump(db, [page_scope(scope, page) for page in pages] + ([scope] if pages else []), now)
        db.execute("update revisions set archived = number where scope = ?", [scope])
        closed += len(pages)
    return closed


def _close(db: Database, scope: str, size: int) -> Iterator[int]:
    """Put into documents what fills them or cannot wait; gives their numbers."""
    (waiting,) = db.execute(f"select count(*) {_WAITING}", [scope]).fetchone()
    first = newest_page(db, scope) + 1
    rest = waiting % size
    if waiting >= size:
        yield from _fill(db, scope, first, size, waiting - rest)
    if rest and _is_out_of_sight(db, scope, size):
        yield from _fill(db, scope, newest_page(db, scope) + 1, size, rest)


def _fill(db: Database, scope: str, first: int, size: int, count: int) -> Iterator[int]:
    db.execute(
        """update listings set page = :first + (place - 1) / :size
           from (select story as waiting,
                   row_number() over (order by arrived, published, story desc) as place
                 from listings where scope = :scope and page is null order by place limit :count)
           where story = waiting and scope = :scope""",
        {"scope": scope, "first": first, "size": size, "count": count},
    )
    yield from range(first, first + -(-count // size))


def _is_out_of_sight(db: Database, scope: str, size: int) -> bool:
    """True if a story that waits stands not among the newest."""
    edge = db.execute(
        """select arrived, published from listings where scope = ?
           order by arrived desc, published desc, story limit 1 offset ?""",
        [scope, size - 1],
    ).fetchone()
    sql = f"select exists (select 1 {_WAITING} and (arrived, published) < (?, ?))"
    return bool(edge and db.execute(sql, [scope, *edge]).fetchone()[0])


def newest_page(db: Database, scope: str, before: int | None = None) -> int:
    """The number of the last document of a list, or of the last one before another; 0 if there is
    none."""
    sql = "select max(page) from listings where scope = ? and page is not null and page < ?"
    return db.execute(sql, [scope, 2**62 if before is None else before]).fetchone()[0] or 0


def archived(db: Database, scope: str, page: int) -> list[int]:
    """The rows of the stories of a document."""
    sql = "select story from listings where scope = ? and page = ?"
    return [story for (story,) in db.execute(sql, [scope, page])]


def removed(db: Database, scope: str, page: int | None) -> list[Removed]:
    """What was taken down of a document, or of a list, the last first."""
    within = "" if page is None else "and page = ?"
    sql = f"""select public_id, at from hidden join stories on stories.row = hidden.story
                join listings on listings.story = hidden.story
              where scope = ? {within} order by at desc, public_id limit {MOST_REMOVED}"""  # noqa: S608
    given = [hidden_scope(scope)] if page is None else [hidden_scope(scope), page]
    return [
        Removed(public_id=public_id, at=datetime.fromisoformat(at))
        for public_id, at in db.execute(sql, given)
    ]
