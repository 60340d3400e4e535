"""Pages of a list for people: the newest stories, and older ones on pages numbered from the oldest.

    newest (page 0) | not closed yet: the rest, oldest first | closed: full, for good

The newest page takes its stories from those that are on no closed page, and has those that are
pinned to the topic, too. The rest, in the order in which they were listed, fills the pages after
the last closed one. So no story is on two pages, except one that is pinned when its page is closed
already, and closing a page changes neither its stories nor its number.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlite_utils import Database

from aggregator.model import ListKind, ListScope, Share, Visibility
from aggregator.store.sqlite.listings import increment_revisions
from aggregator.store.sqlite.queries import scope_values
from aggregator.store.sqlite.window import shared_numbers

__all__ = [
    "close_older_pages",
    "closed_count",
    "lists_to_page",
    "newest_numbers",
    "older_numbers",
    "page_range",
    "pinned_numbers",
]

CANDIDATES_PER_STORY = 20
"""Stories looked at per story of the newest page, if outlets are limited to a share."""
_UNPAGED = """from listings indexed by listings_unpaged
              where list_kind = ? and list_name = ? and visibility = 'published'
                and older_page is null"""
"""Stories on no closed page, by the index of just those; other indexes cover the whole list."""
_OLDEST_FIRST = "order by listed_at, published, story_number desc"
_NEWEST_FIRST = "order by listed_at desc, published desc, story_number"


def pinned_numbers(db: Database, scope: ListScope) -> list[int]:
    """Numbers of the stories that are pinned to a topic now, the last one first."""
    if scope.kind != ListKind.TOPIC:
        return []
    sql = """select story_number from pins cross join listings using (story_number)
             where list_kind = ? and list_name = ? and visibility = ? and topic = list_name
               and (until is null or until > (select time from calendar))
             order by pinned_at desc, story_number"""
    return [number for (number,) in db.execute(sql, [*scope_values(scope)])]


def newest_numbers(db: Database, scope: ListScope, size: int, share: Share | None) -> list[int]:
    """Numbers of the stories of the newest page that are on no closed page."""
    limit = CANDIDATES_PER_STORY * size if share else size
    sql = f"select story_number {_UNPAGED} {_NEWEST_FIRST} limit ?"
    found = [number for (number,) in db.execute(sql, [*_key(scope), limit])]
    if share:
        found = shared_numbers(db, found, share)[:size]
    if pinned := set(pinned_numbers(db, scope)).difference(found):
        sql = f"""select story_number {_UNPAGED} and story_number in ({_marks(pinned)})"""
        found += [number for (number,) in db.execute(sql, [*_key(scope), *pinned])]
    return found


def older_numbers(
    db: Database, scope: ListScope, page: int, size: int, share: Share | None
) -> list[int]:
    """Numbers of the stories of a page of older ones."""
    closed = closed_count(db, scope)
    if page <= closed:
        sql = """select story_number from listings
                 where list_kind = ? and list_name = ? and visibility = ? and older_page = ?"""
        return [number for (number,) in db.execute(sql, [*scope_values(scope), page])]
    newest = newest_numbers(db, scope, size, share)
    return _rest(db, scope, newest, size, (page - closed - 1) * size)


def page_range(
    db: Database, scope: ListScope, size: int, share: Share | None
) -> tuple[int, int, int]:
    """Number of the oldest page of older stories that holds something, of the last closed one, and
    of the newest."""
    closed = closed_count(db, scope)
    rest = _count_rest(db, scope, newest_numbers(db, scope, size, share))
    newest = closed + -(-rest // size)
    sql = """select min(older_page) from listings where list_kind = ? and list_name = ?
             and older_page is not null and visibility = ?"""
    (oldest,) = db.execute(sql, [*_key(scope), Visibility.PUBLISHED.value]).fetchone()
    return oldest or (closed + 1 if newest > closed else 0), closed, newest


def page_of_archive(db: Database, scope: ListScope, page: int) -> int:
    """Number of the closed page with the newest stories of an archive document; 0 if some of them
    are on none."""
    sql = """select max(older_page), count(*) = count(older_page) from listings
             where list_kind = ? and list_name = ? and visibility = ? and page = ?"""
    newest, are_closed = db.execute(sql, [*scope_values(scope), page]).fetchone()
    return newest or 0 if are_closed else 0


def closed_count(db: Database, scope: ListScope) -> int:
    """Number of the last closed page of a list; 0 if there is none. A number is never reused."""
    sql = """select older_page_count from revisions
             where list_kind = ? and list_name = ? and page = 0"""
    found = db.execute(sql, _key(scope)).fetchone()
    return found[0] if found else 0


def close_older_pages(
    db: Database, scope: ListScope, size: int, share: Share | None, max_pages: int, now: datetime
) -> int:
    """Close the pages of a list that are full, `max_pages` at most; returns how many."""
    newest = newest_numbers(db, scope, size, share)
    count = min(_count_rest(db, scope, newest) // size, max_pages)
    if not count:
        return 0
    first = closed_count(db, scope) + 1
    numbers = _rest(db, scope, newest, count * size, 0)
    db.conn.executemany(
        """update listings set older_page = ?
           where story_number = ? and list_kind = ? and list_name = ?""",
        [
            (first + index // size, number, scope.kind.value, scope.name)
            for index, number in enumerate(numbers)
        ],
    )
    increment_revisions(db, [scope.older_page(first + n) for n in range(count)], now)
    sql = """update revisions set older_page_count = older_page_count + ?
             where list_kind = ? and list_name = ? and page = 0"""
    db.execute(sql, [count, *_key(scope)])
    return count


def lists_to_page(db: Database, size: int) -> list[tuple[str, str]]:
    """Kind and name of the lists that may have a full page."""
    sql = """select list_kind, list_name from listings
             where older_page is null and visibility = 'published'
             group by list_kind, list_name having count(*) >= ?"""
    return db.execute(sql, [2 * size]).fetchall()


def _rest(
    db: Database, scope: ListScope, newest: Sequence[int], limit: int, offset: int
) -> list[int]:
    """Numbers of stories that are neither among the newest nor on a closed page, oldest first."""
    sql = f"""select story_number {_UNPAGED} and story_number not in ({_marks(newest)})
              {_OLDEST_FIRST} limit ? offset ?"""
    found = db.execute(sql, [*_key(scope), *newest, limit, offset])
    return [number for (number,) in found]


def _count_rest(db: Database, scope: ListScope, newest: Sequence[int]) -> int:
    sql = f"select count(*) {_UNPAGED}"
    (unpaged,) = db.execute(sql, _key(scope)).fetchone()
    return int(unpaged) - len(newest)


def _key(scope: ListScope) -> tuple[str, str]:
    """Kind and name of a list."""
    return scope.kind.value, scope.name


def _marks(values: Collection[int]) -> str:
    return ",".join("?" * len(values))
