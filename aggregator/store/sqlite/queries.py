"""Queries that several parts of the store share: `in` lists, complete stories, entry views."""

import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from sqlite_utils import Database

from aggregator.model import Entry, EntryView, ListScope, Story
from aggregator.store.sqlite import mappers
from aggregator.store.sqlite.contents import CONTENT

__all__ = [
    "MAX_TEXT_CHARS", "MAX_VALUES", "entry_views", "is_indexed", "listed_numbers", "load_stories",
    "newest_first", "query_in", "query_in_rows", "scope_values", "stories_of_entries",
]  # fmt: skip

ENTRY_COLUMNS = """id, source_id, story_number, given_id, url, canonical_url, title, summary,
    author, published, updated, is_dated, tags, language, image, image_alt, enclosures,
    source_urls, raw_hash, content_hash, feed_index, revision_count, revised_at"""
"""All columns of an entry."""
MAX_TEXT_CHARS = 3_000_000
"""Characters of all texts of a list together; rendering takes about 12 bytes for each."""
MAX_VALUES = 500
"""Values in one SQL `in (...)`."""


def query_in(
    db: Database, sql: str, values: Collection[Any], *first: Any
) -> Iterator[tuple[Any, ...]]:
    """Run a query with `in ({values})` over any number of values, sorted, because neighbouring keys
    share a page."""
    for piece, some in _pieces(sql, values):
        yield from db.execute(piece, [*first, *some])


def query_in_rows(
    db: Database, sql: str, values: Collection[Any], *first: Any
) -> Iterator[dict[str, Any]]:
    """The same as `query_in`, with rows as dicts."""
    for piece, some in _pieces(sql, values):
        yield from db.query(piece, [*first, *some])


def _pieces(sql: str, values: Collection[Any]) -> Iterator[tuple[str, list[Any]]]:
    ordered = sorted(values)
    for start in range(0, len(ordered), MAX_VALUES):
        some = ordered[start : start + MAX_VALUES]
        yield sql.format(values=",".join("?" * len(some))), some


def scope_values(scope: ListScope) -> tuple[str, str, str]:
    """Values for `list_kind = ? and list_name = ? and visibility = ?`."""
    return scope.kind.value, scope.name, scope.visibility.value


def load_stories(
    db: Database,
    numbers: Iterable[int],
    max_text_chars: int | None = None,
    *,
    with_content: bool = True,
) -> dict[int, Story]:
    """Stories by number. A story without entries, because it was just merged into another one, is
    left out.

    With `max_text_chars`, texts that do not fit into so many characters in all are left out; the
    first stories are served first. Without content, all texts are empty.
    """
    wanted = list(dict.fromkeys(numbers))
    entries: dict[int, list[Entry]] = {}
    topics: dict[int, list[str]] = {}
    without_text = set() if max_text_chars is None else _beyond(db, wanted, max_text_chars)
    content = CONTENT if with_content else "null"
    if without_text:
        ids = ",".join(map(str, without_text))
        content = f"case when id not in ({ids}) then {CONTENT} end"
    sql = f"""select {ENTRY_COLUMNS}, {content} as content
              from entries where story_number in ({{values}}) order by id"""  # noqa: S608 - numbers
    for row in query_in_rows(db, sql, wanted):
        entries.setdefault(row["story_number"], []).append(mappers.entry_of(row))
    sql = """select story_number, list_name from listings where story_number in ({values})
             and list_kind = 'topic' and visibility = 'published'"""
    for number, topic in query_in(db, sql, wanted):
        topics.setdefault(number, []).append(topic)
    rows = query_in_rows(db, "select * from stories where number in ({values})", wanted)
    return {
        (number := row["number"]): mappers.story_of(
            row,
            entries[number],
            topics.get(number, ()),
            is_complete=without_text.isdisjoint(entry.entry_id for entry in entries[number]),
        )
        for row in rows
        if row["number"] in entries
    }


def _beyond(db: Database, numbers: Sequence[int], max_text_chars: int) -> set[int]:
    """Ids of the entries whose texts are left out so that the others have at most so many
    characters."""
    by_story: dict[int, list[tuple[int, int]]] = {}
    sql = """select story_number, id, length from entries join contents on entry_id = id
             where story_number in ({values})"""
    for number, id_, length in query_in(db, sql, numbers):
        by_story.setdefault(number, []).append((id_, length))
    beyond, total = set(), 0
    for number in numbers:
        for id_, length in sorted(by_story.get(number, ())):
            if total + length > max_text_chars:
                beyond.add(id_)
            else:
                total += length
    return beyond


def stories_of_entries(db: Database, entries: Collection[int]) -> dict[int, Story]:
    """The story of each entry."""
    sql = "select id, story_number from entries where id in ({values})"
    numbers = dict(query_in(db, sql, entries))
    stories = load_stories(db, numbers.values())
    return {entry: stories[number] for entry, number in numbers.items() if number in stories}


def listed_numbers(db: Database, numbers: Collection[int] | None, *scopes: ListScope) -> list[int]:
    """The subset of these stories, or of all, that is in one of the lists, in order."""
    either = " or ".join(["(list_kind = ? and list_name = ? and visibility = ?)"] * len(scopes))
    sql = f"select distinct story_number from listings where ({either})"  # noqa: S608 - placeholders only
    given = [value for scope in scopes for value in scope_values(scope)]
    if numbers is None:
        return [number for (number,) in db.execute(f"{sql} order by story_number", given)]
    sql += " and story_number in ({values})"
    return [number for (number,) in query_in(db, sql, numbers, *given)]


def newest_first(stories: Iterable[Story]) -> list[Story]:
    """Sort by publication, newest first; stories of one date keep the order of their feed."""
    found = sorted(stories, key=lambda story: (story.lead.feed_index, story.id))
    return sorted(found, key=lambda story: story.published, reverse=True)


def entry_views(
    db: Database, numbers: Collection[int], *, with_content: bool = True
) -> Iterator[list[EntryView]]:
    """The entries of these stories as rules see them, story by story, in the order of their
    numbers."""
    names = dict(db.execute("select id, name from sources"))
    content = CONTENT if with_content else "null"
    sql = f"""select id, story_number, source_id, title, summary, {content} as content, tags,
                     author, language, published
              from entries where story_number in ({{values}})
              order by story_number, id"""  # noqa: S608 - one of two column names
    rows = query_in_rows(db, sql, numbers)
    for _, entries in groupby(rows, key=lambda row: row["story_number"]):
        yield [mappers.entry_view_of(row, names) for row in entries]


def is_indexed(word: str) -> bool:
    """True if SQLite's full-text index treats a folded word as one word.

    SQLite knows the letters of Unicode 6.1; those of 3.2 are certainly among them.
    """
    return all(unicodedata.ucd_3_2_0.category(character)[0] in "LMN" for character in word)
