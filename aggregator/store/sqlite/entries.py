"""Entries: how they are recognised, what matches them, and saving them."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import TypeVar

from sqlite_utils import Database

from aggregator.model import (
    ALL,
    Batch,
    Entry,
    EntryKey,
    EntryKeyKind,
    EntryView,
    Match,
    Node,
    StoredEntry,
    Story,
    StoryNeighbourhood,
    Visibility,
    short_hash,
)
from aggregator.query import Query
from aggregator.store.sqlite import mappers
from aggregator.store.sqlite.connection import Connection
from aggregator.store.sqlite.queries import (
    entry_views,
    listed_numbers,
    load_stories,
    query_in,
    query_in_rows,
    stories_of_entries,
)
from aggregator.store.sqlite.save import save_batch
from aggregator.store.sqlite.search import stories_that_may_match

__all__ = ["SqliteEntries"]

_K = TypeVar("_K", int, str)

MAX_NEIGHBOURS = 500
"""Entries of a neighbourhood; a story seldom has more than five."""
MAX_ENTRIES_PER_URL = 40
_STORED = """entries.id, raw_hash, content_hash, given_id, url, title, entries.published,
             revision_count, revised_at,
             exists (select 1 from listings
                     where listings.story_number = entries.story_number) as is_published"""


class SqliteEntries:
    """An EntryStore; the methods are described in store/base.py."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def save(self, batch: Batch, now: datetime) -> None:
        with self._connection.write() as db:
            save_batch(db, batch, now)

    def next_ids(self, count: int) -> range:
        with self._connection.read() as db:
            (last,) = db.execute("select coalesce(max(id), 0) from entries").fetchone()
        return range(last + 1, last + 1 + count)

    def by_keys(self, source: str, keys: Collection[EntryKey]) -> dict[EntryKey, StoredEntry]:
        by_kind: dict[EntryKeyKind, list[str]] = {}
        for key in keys:
            by_kind.setdefault(key.kind, []).append(key.value)
        sql = f"""select value, {_STORED} from entry_keys join entries on entries.id = entry_id
                  where entry_keys.source_id = ? and kind = ?
                    and value in ({{values}})"""  # noqa: S608 - constants
        with self._connection.read() as db:
            return {
                EntryKey(kind, row["value"]): mappers.stored_entry_of(row)
                for kind, values in by_kind.items()
                for row in query_in_rows(db, sql, values, source, kind.value)
            }

    def short_hashes(self, source: str, limit: int) -> dict[int, int]:
        sql = "select raw_hash, id from entries where source_id = ? order by id desc limit ?"
        with self._connection.read() as db:
            return {short_hash(raw): id_ for raw, id_ in db.execute(sql, [source, limit])}

    def latest(self, source: str, limit: int) -> list[StoredEntry]:
        sql = f"""select {_STORED} from entries
                  where source_id = ? order by entries.id desc limit ?"""  # noqa: S608 - constants
        with self._connection.read() as db:
            return [mappers.stored_entry_of(row) for row in db.query(sql, [source, limit])]

    def ids_by_url(self, urls: Collection[str]) -> dict[str, list[int]]:
        sql = f"""select value, entries.id from json_each(?) join entries on entries.id in
                    (select id from entries where canonical_url = value and canonical_url != ''
                     order by id desc limit {MAX_ENTRIES_PER_URL})
                  order by entries.id"""  # noqa: S608 - a constant
        with self._connection.read() as db:
            return _grouped(db.execute(sql, [json.dumps(sorted(urls))]))

    def ids_by_fingerprint(self, fingerprints: Collection[int]) -> dict[int, list[int]]:
        sql = "select fingerprint, entry_id from fingerprints where fingerprint in ({values})"
        with self._connection.read() as db:
            return _grouped(query_in(db, sql, fingerprints))

    def source_ids(self, entries: Collection[int]) -> dict[int, str]:
        sql = "select id, source_id from entries where id in ({values})"
        with self._connection.read() as db:
            return dict(query_in(db, sql, entries))

    def stories(self, entries: Collection[int]) -> dict[int, Story]:
        with self._connection.read() as db:
            return stories_of_entries(db, entries)

    def neighbourhood(self, entries: Collection[int]) -> StoryNeighbourhood:
        with self._connection.read() as db:
            numbers, matches = _connected(db, entries)
            stories = load_stories(db, numbers)
            sql = """select story_number, visibility from listings
                     where list_kind = 'all' and story_number in ({values})"""
            visibilities = dict(query_in(db, sql, stories))
            return StoryNeighbourhood(
                stories=tuple(stories[number] for number in sorted(stories)),
                matches=matches,
                merged_stories=_merged_stories(db, stories),
                published_ids=_ids_of(stories, visibilities, Visibility.PUBLISHED),
                taken_down_ids=_ids_of(stories, visibilities, Visibility.TAKEN_DOWN),
                unlisted_ids=frozenset(
                    story.id for number, story in stories.items() if number not in visibilities
                ),
            )

    def newest_matches(self, limit: int) -> list[Match]:
        sql = "select * from matches where kind != 'split' order by entry_b desc limit ?"
        with self._connection.read() as db:
            return [mappers.match_of(row) for row in db.query(sql, [limit])]

    def search(self, root: Node) -> Iterator[tuple[EntryView, tuple[str, ...]]]:
        query = Query("", root)
        with self._connection.read() as db:
            numbers = listed_numbers(db, stories_that_may_match(db, [root]), ALL)
            for entries in entry_views(db, numbers):
                for entry in entries:
                    if (hits := query.match_entry(entry)) is not None:
                        yield entry, hits


def _ids_of(
    stories: Mapping[int, Story], visibilities: Mapping[int, str], visibility: Visibility
) -> frozenset[str]:
    return frozenset(stories[n].id for n, listed in visibilities.items() if listed == visibility)


def _grouped(pairs: Iterable[tuple[_K, int]]) -> dict[_K, list[int]]:
    grouped: dict[_K, list[int]] = {}
    for key, entry in pairs:
        grouped.setdefault(key, []).append(entry)
    return grouped


def _connected(db: Database, entries: Collection[int]) -> tuple[set[int], tuple[Match, ...]]:
    """Numbers of the stories that matches connect with these entries, and the matches."""
    members: dict[int, int] = {}
    matches: dict[tuple[int, int], Match] = {}
    frontier = set(entries)
    limit = MAX_NEIGHBOURS + len(frontier)
    while frontier and len(members) < limit:
        sql = """select id, story_number from entries where story_number in
                   (select story_number from entries where id in ({values}))"""
        whole = dict(query_in(db, sql, frontier))
        members |= whole
        for end in ("entry_a", "entry_b"):
            sql = f"select * from matches where {end} in ({{values}})"  # noqa: S608 - constants
            for row in query_in_rows(db, sql, whole):
                matches[row["entry_a"], row["entry_b"]] = mappers.match_of(row)
        frontier = {entry for pair in matches for entry in pair} - set(members)
    return set(members.values()), tuple(matches.values())


def _merged_stories(db: Database, stories: Mapping[int, Story]) -> tuple[Story, ...]:
    """The stories that were merged into one of these, each with its former lead."""
    entries: dict[int, Entry] = {
        entry.entry_id: entry for story in stories.values() for entry in story.entries
    }
    rows = query_in_rows(db, "select * from stories where merged_into in ({values})", stories)
    return tuple(
        mappers.story_of(row, [entries[row["lead_entry_id"]]])
        for row in rows
        if row["lead_entry_id"] in entries
    )
