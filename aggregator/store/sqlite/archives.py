"""Archive documents (RFC 5005, section 4), filled in the order in which stories are listed.

A document is full if it has so many stories, or so much text, that no other story fits.

A story gets into one document of each list, once and for good; what gets into the list later, with
whatever date, gets into a later document. A story that no reader would see among the newest,
because it came with an old date, makes a document that is not full.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice

from sqlite_utils import Database

from aggregator.model import ListScope, Tombstone, Visibility
from aggregator.store.sqlite import mappers
from aggregator.store.sqlite.listings import increment_revisions
from aggregator.store.sqlite.queries import MAX_TEXT_CHARS, scope_values

__all__ = [
    "MAX_PAGES_PER_TRANSACTION", "archive_list", "archive_page", "archive_range",
    "lists_to_archive", "newest_page", "tombstones",
]  # fmt: skip

MAX_PAGES_PER_TRANSACTION = 100
"""Documents of one list per transaction, so that other writers do not wait long."""
MAX_TOMBSTONES = 50
"""Tombstones in the feed of the newest stories."""
_IS_LIST = "page = 0 and list_kind in ('all', 'topic', 'source')"
_UNARCHIVED = """from listings where list_kind = :kind and list_name = :name
                 and page is null and visibility = 'published'"""


def lists_to_archive(db: Database, size: int, *, check_all: bool) -> list[ListScope]:
    """The lists that may have something to archive: those that have changed, or all."""
    sql = f"""select list_kind, list_name from revisions
              where {_IS_LIST} and number != archived"""  # noqa: S608 - a constant
    if check_all:
        sql += """ union select list_kind, list_name from listings
                   where page is null and visibility = 'published'
                   group by list_kind, list_name having count(*) >= ?"""
    rows = db.execute(sql, [size] if check_all else [])
    return [mappers.scope_of(kind, name) for kind, name in rows]


def archive_list(db: Database, scope: ListScope, size: int, max_pages: int, now: datetime) -> int:
    """Close the documents of `size` stories of a list that are full, `max_pages` at most; returns
    how many."""
    first = newest_page(db, scope) + 1
    key = [scope.kind.value, scope.name]
    where = "list_kind = ? and list_name = ? and page = 0"
    sql = f"select number from revisions where {where}"  # noqa: S608 - a constant
    before = db.execute(sql, key).fetchone()
    closed = _close(db, scope, size, first, max_pages)
    if closed:
        pages = [scope.archive_page(first + n) for n in range(closed)]
        increment_revisions(db, [scope, *pages], now)
    db.execute(
        f"""update revisions set page_count = page_count + ?,
              archived = case when ? then archived else number end where {where}""",  # noqa: S608 - a constant
        [closed, closed >= max_pages, *key],
    )
    # closing a document is not a change that subscribers are notified of
    sql = f"update revisions set announced = number where {where} and announced = ?"  # noqa: S608 - a constant
    db.execute(sql, [*key, before[0] if before else None])
    return closed


def _close(db: Database, scope: ListScope, size: int, first: int, max_pages: int) -> int:
    """Put stories into documents that they fill, or that cannot wait; returns how many."""
    pages = list(islice(_pages(db, scope, size), max_pages + 1))
    waiting = [] if not pages or len(pages[-1]) == size else pages.pop()
    pages = pages[:max_pages]
    _fill(db, scope, first, pages)
    if waiting and len(pages) < max_pages and _has_unreachable_story(db, scope, size):
        _fill(db, scope, first + len(pages), [waiting])
        return len(pages) + 1
    return len(pages)


def _fill(db: Database, scope: ListScope, first: int, pages: Sequence[Sequence[int]]) -> None:
    """Put stories into documents, of which the first has this number."""
    db.conn.executemany(
        """update listings set page = ?
           where story_number = ? and list_kind = ? and list_name = ?""",
        [
            (first + index, number, scope.kind.value, scope.name)
            for index, page in enumerate(pages)
            for number in page
        ],
    )


def _pages(db: Database, scope: ListScope, size: int) -> Iterator[list[int]]:
    """The stories that are in no document yet, oldest first, in documents of `size` stories, or of
    as many as the texts of one document may have. The last one may not be full."""
    waiting = db.execute(
        f"""select story_number, (select sum(length)
                                  from entries join contents on entry_id = id
                                  where entries.story_number = listings.story_number)
            {_UNARCHIVED} order by listed_at, published, story_number desc""",  # noqa: S608 - constants
        {"kind": scope.kind.value, "name": scope.name},
    )
    page: list[int] = []
    page_chars = 0
    for number, chars in waiting:
        if len(page) == size or (page and page_chars + (chars or 0) > MAX_TEXT_CHARS):
            yield page
            page, page_chars = [], 0
        page.append(number)
        page_chars += chars or 0
    if page:
        yield page


def _has_unreachable_story(db: Database, scope: ListScope, size: int) -> bool:
    """True if a story that is in no document yet is not among the newest either."""
    edge = db.execute(
        """select listed_at, published from listings
           where list_kind = ? and list_name = ? and visibility = ?
           order by listed_at desc, published desc, story_number limit 1 offset ?""",
        [*scope_values(scope), size - 1],
    ).fetchone()
    if edge is None:
        return False
    sql = f"select exists (select 1 {_UNARCHIVED} and (listed_at, published) < (:at, :published))"
    key = {"kind": scope.kind.value, "name": scope.name}
    found = db.execute(sql, {**key, "at": edge[0], "published": edge[1]})
    return bool(found.fetchone()[0])


def newest_page(db: Database, scope: ListScope) -> int:
    """Number of the last closed document of a list; 0 if there is none. A number is never
    reused, whatever becomes of the stories."""
    sql = """select page_count from revisions
             where list_kind = ? and list_name = ? and page = 0"""
    found = db.execute(sql, [scope.kind.value, scope.name]).fetchone()
    return found[0] if found else 0


def archive_range(db: Database, scope: ListScope) -> tuple[int, int]:
    """Numbers of the first document that still has a story, or a tombstone, and of the last."""
    sql = """select min(page) from listings where list_kind = ? and list_name = ?
             and page is not null and visibility in (?, ?)"""
    given = [Visibility.PUBLISHED.value, Visibility.TAKEN_DOWN.value]
    (oldest,) = db.execute(sql, [scope.kind.value, scope.name, *given]).fetchone()
    return oldest or 0, newest_page(db, scope)


def archive_page(db: Database, scope: ListScope, page: int) -> list[int]:
    """Numbers of the stories of a document."""
    sql = """select story_number from listings
             where list_kind = ? and list_name = ? and visibility = ? and page = ?"""
    return [number for (number,) in db.execute(sql, [*scope_values(scope), page])]


def tombstones(db: Database, scope: ListScope, page: int | None) -> list[Tombstone]:
    """Tombstones of a list, or of one of its documents, newest first. A copy that was never
    published, because its original was taken down, has none."""
    within = "" if page is None else "and page = ?"
    sql = f"""select public_id, taken_down_at from takedowns
                join stories on stories.number = takedowns.story_number
                join listings on listings.story_number = takedowns.story_number
              where list_kind = ? and list_name = ? and visibility = ? and was_published {within}
              order by taken_down_at desc, public_id limit {MAX_TOMBSTONES}"""  # noqa: S608 - constants
    values = scope_values(scope.taken_down)
    given = values if page is None else (*values, page)
    return [
        Tombstone(public_id=public_id, removed_at=datetime.fromisoformat(at))
        for public_id, at in db.execute(sql, given)
    ]
