"""Lists of stories, their revisions and their archives."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import Unpack

from sqlite_utils import Database

from aggregator.model import (
    ListScope,
    ListSlice,
    Node,
    OlderPages,
    Revision,
    Share,
    Story,
    Tombstone,
)
from aggregator.store.base import ListOptions
from aggregator.store.sqlite import archives, mappers, older_pages
from aggregator.store.sqlite.connection import Connection
from aggregator.store.sqlite.queries import (
    MAX_TEXT_CHARS,
    listed_numbers,
    load_stories,
    newest_first,
    query_in,
    scope_values,
)
from aggregator.store.sqlite.search import newest_matching
from aggregator.store.sqlite.similar_words import similar_words
from aggregator.store.sqlite.window import (
    apply_share,
    matching_filters,
    place_of,
    published_between,
    window,
)

__all__ = ["SqliteLists"]

MAX_SEARCH_TEXT_CHARS = 300_000
"""Characters of all texts of the results of a search: many may be made at a time."""


class SqliteLists:
    """A ListStore; the methods are described in store/base.py."""

    def __init__(
        self, connection: Connection, max_pages: int = archives.MAX_PAGES_PER_TRANSACTION
    ) -> None:
        self._connection = connection
        self._max_pages = max_pages
        self._last_archive_size = 0
        """Size of the documents when all lists were last looked through."""

    def latest(self, scope: ListScope, limit: int, **options: Unpack[ListOptions]) -> list[Story]:
        return self.slice(scope, limit, **options).stories

    def slice(self, scope: ListScope, limit: int, **options: Unpack[ListOptions]) -> ListSlice:
        share, with_content = options.get("share"), options.get("with_content", True)
        with self._connection.read() as db:
            numbers, last = window(
                db,
                [scope, *options.get("joined", ())],
                limit,
                options.get("language", ""),
                options.get("without", ()),
                share,
                options.get("arrived_within"),
                options.get("before", ""),
                options.get("since"),
            )
            most = MAX_TEXT_CHARS if with_content else None
            stories = load_stories(db, numbers, most, with_content=with_content)
            found = newest_first(stories.values())
            sql = "select id from stories where number = ?"
            last_id = db.execute(sql, [last]).fetchone()[0] if last else ""
        return ListSlice(apply_share(found, share) if share else found, last_id)

    def remember_site(self, url: str, now: datetime) -> None:
        if self.first_site():
            return
        with self._connection.write() as db:
            db.execute(
                "insert into first_site select ?, ? where not exists (select 1 from first_site)",
                [url, mappers.to_text(now)],
            )

    def first_site(self) -> str:
        with self._connection.read() as db:
            row = db.execute("select url from first_site").fetchone()
        return row[0] if row else ""

    def published_ids(self, ids: Collection[str]) -> set[str]:
        sql = """select id from stories join listings on story_number = number
                 where list_kind = 'all' and visibility = 'published' and id in ({values})"""
        with self._connection.read() as db:
            return {id_ for (id_,) in query_in(db, sql, ids)}

    def has_place(self, id_: str) -> bool:
        with self._connection.read() as db:
            return place_of(db, id_) is not None

    def search(
        self,
        root: Node,
        limit: int,
        *,
        language: str = "",
        without: Sequence[str] = (),
        within: Sequence[ListScope] = (),
        published_from: datetime | None = None,
        published_before: datetime | None = None,
        before: str = "",
        since: datetime | None = None,
        step: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> ListSlice:
        def keep(db: Database, numbers: Sequence[int]) -> Sequence[int]:
            found: Sequence[int] = matching_filters(db, numbers, language, without)
            for scope in within:
                listed = set(listed_numbers(db, found, scope))
                found = [number for number in found if number in listed]
            return published_between(db, found, published_from, published_before)

        with self._connection.read() as db:
            numbers = newest_matching(db, root, limit + 1, keep, step, before, since)
            shown = numbers[:limit]
            last = shown[-1] if len(numbers) > limit else None
            with step():
                stories = load_stories(db, shown, MAX_SEARCH_TEXT_CHARS)
            found = newest_first(stories.values())
        return ListSlice(found, stories[last].id if last else "")

    def similar_words(self, words: Collection[str]) -> dict[str, str]:
        with self._connection.read() as db:
            return similar_words(db, words)

    def counts(self, scopes: Sequence[ListScope] | None = None) -> dict[ListScope, int]:
        if scopes is not None:
            sql = """select count(*) from listings
                     where list_kind = ? and list_name = ? and visibility = ?"""
            with self._connection.read() as db:
                numbers = {s: db.execute(sql, scope_values(s)).fetchone()[0] for s in scopes}
            return {scope: number for scope, number in numbers.items() if number}
        sql = """select list_kind, list_name, count(*) from listings
                 where visibility = 'published' group by list_kind, list_name"""
        with self._connection.read() as db:
            found = db.execute(sql).fetchall()
        return {mappers.scope_of(kind, name): count for kind, name, count in found}

    def nonempty(self, scopes: Sequence[ListScope]) -> list[ListScope]:
        sql = """select exists (select 1 from listings
                 where list_kind = ? and list_name = ? and visibility = ?)"""
        with self._connection.read() as db:
            return [each for each in scopes if db.execute(sql, scope_values(each)).fetchone()[0]]

    def topic_counts(self, scope: ListScope, newest: int) -> list[tuple[str, int]]:
        sql = """select list_name, count(*) as stories from
                   (select story_number from listings
                    where list_kind = ? and list_name = ? and visibility = ?
                    order by listed_at desc, published desc, story_number limit ?)
                   cross join listings using (story_number)
                 where list_kind = 'topic' and visibility = 'published'
                 group by list_name order by stories desc, list_name"""
        with self._connection.read() as db:
            return db.execute(sql, [*scope_values(scope), newest]).fetchall()

    def revision(self, *scopes: ListScope) -> Revision:
        sql = """select number, changed_at from revisions
                 where list_kind = ? and list_name = ? and page = ?"""
        with self._connection.read() as db:
            found = [
                row
                for scope in scopes
                if (row := db.execute(sql, [scope.kind.value, scope.name, scope.page]).fetchone())
            ]
        if not found:
            return Revision(number=0, changed_at=datetime.fromtimestamp(0, UTC))
        changed_at = max(changed_at for _, changed_at in found)
        return Revision(
            number=sum(number for number, _ in found),
            changed_at=datetime.fromisoformat(changed_at),
        )

    def revisions(self) -> dict[ListScope, Revision]:
        sql = "select list_kind, list_name, page, number, changed_at from revisions"
        with self._connection.read() as db:
            found = db.execute(sql).fetchall()
        return {
            mappers.scope_of(kind, name, page): Revision(
                number=number, changed_at=datetime.fromisoformat(changed_at)
            )
            for kind, name, page, number, changed_at in found
        }

    def archive(self, size: int, now: datetime) -> int:
        with self._connection.read() as db:
            check_all = size != self._last_archive_size
            scopes = archives.lists_to_archive(db, size, check_all=check_all)
        closed = 0
        for scope in scopes:
            while True:
                with self._connection.write() as db:
                    count = archives.archive_list(db, scope, size, self._max_pages, now)
                closed += count
                if count < self._max_pages:
                    break
        self._last_archive_size = size
        return closed

    def archive_range(self, scope: ListScope) -> tuple[int, int]:
        with self._connection.read() as db:
            return archives.archive_range(db, scope)

    def archive_page(self, scope: ListScope, page: int) -> list[Story]:
        with self._connection.read() as db:
            numbers = archives.archive_page(db, scope, page)
            return newest_first(load_stories(db, numbers, MAX_TEXT_CHARS).values())

    # ---- pages for people

    def newest_page(self, scope: ListScope, size: int, share: Share | None = None) -> list[Story]:
        with self._connection.read() as db:
            pinned = older_pages.pinned_numbers(db, scope)
            numbers = older_pages.newest_numbers(db, scope, size, share)
            stories = load_stories(db, [*pinned, *numbers], with_content=False)
        rest = newest_first(story for number, story in stories.items() if number not in pinned)
        return [*(stories[number] for number in pinned), *rest]

    def older_page(
        self, scope: ListScope, page: int, size: int, share: Share | None = None
    ) -> list[Story]:
        with self._connection.read() as db:
            numbers = older_pages.older_numbers(db, scope, page, size, share)
            return newest_first(load_stories(db, numbers, with_content=False).values())

    def older_pages(self, scope: ListScope, size: int, share: Share | None = None) -> OlderPages:
        with self._connection.read() as db:
            return OlderPages(*older_pages.page_range(db, scope, size, share))

    def older_page_of_archive(self, scope: ListScope, page: int) -> int:
        with self._connection.read() as db:
            return older_pages.page_of_archive(db, scope, page)

    def source_counts(self, scope: ListScope, since: datetime) -> list[tuple[str, int]]:
        sql = """select source_id, count(*) as stories from listings
                   join stories on stories.number = listings.story_number
                   join entries on entries.id = lead_entry_id
                 where list_kind = ? and list_name = ? and visibility = ?
                   and listings.listed_at >= ?
                 group by source_id order by stories desc, source_id"""
        with self._connection.read() as db:
            return db.execute(sql, [*scope_values(scope), mappers.to_text(since)]).fetchall()

    def close_older_pages(self, size: int, shares: Mapping[ListScope, Share], now: datetime) -> int:
        with self._connection.read() as db:
            scopes = [mappers.scope_of(*key) for key in older_pages.lists_to_page(db, size)]
        total = 0
        for scope in scopes:
            closed = self._max_pages
            while closed == self._max_pages:
                with self._connection.write() as db:
                    closed = older_pages.close_older_pages(
                        db, scope, size, shares.get(scope), self._max_pages, now
                    )
                total += closed
        return total

    # ---- takedowns

    def tombstones(self, scope: ListScope, page: int | None = None) -> list[Tombstone]:
        with self._connection.read() as db:
            return archives.tombstones(db, scope, page)

    def tombstones_since(self, time: datetime | None, limit: int) -> list[Tombstone]:
        sql = """select public_id, taken_down_at from takedowns
                   join stories on stories.number = takedowns.story_number
                 where was_published and taken_down_at > ?
                 order by taken_down_at, public_id limit ?"""
        with self._connection.read() as db:
            found = db.execute(sql, [mappers.to_text_or_none(time) or "", limit]).fetchall()
        return [
            Tombstone(public_id=public_id, removed_at=datetime.fromisoformat(at))
            for public_id, at in found
        ]
