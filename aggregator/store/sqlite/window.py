"""Which stories are in the window of a list: the newest, filtered by language and source, with at
most a share per source."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

from sqlite_utils import Database

from aggregator.model import ListScope, Share, Story, source_scope
from aggregator.store.sqlite.mappers import to_text
from aggregator.store.sqlite.queries import listed_numbers, query_in, scope_values
from aggregator.text.languages import is_same_language

__all__ = [
    "Window", "apply_share", "listed_between", "matching_filters", "place_of",
    "published_between", "shared_numbers", "window",
]  # fmt: skip

_T = TypeVar("_T")

MAX_STORIES = 1_000
"""Stories in a list, however many arrived in a day."""
CANDIDATES_PER_STORY = 20
"""Stories examined per story requested, when filtering."""


class Window(NamedTuple):
    """Numbers of the stories of a window, and of the last one that was looked at; None if there are
    no more after it."""

    numbers: list[int]
    last: int | None


def window(
    db: Database,
    scopes: Sequence[ListScope],
    limit: int,
    language: str,
    without: Collection[str],
    share: Share | None,
    arrived_within: timedelta | None = None,
    before: str = "",
    since: datetime | None = None,
) -> Window:
    """The stories in one of the lists, newest first: `limit` of them, or all that arrived within a
    time before the newest, if those are more; only those listed before the story with the id
    `before`, and after the time `since`."""
    most = limit if arrived_within is None else max(limit, MAX_STORIES)
    is_filtered = bool(language or without or share)
    candidates = max(most, CANDIDATES_PER_STORY * limit) if is_filtered else most
    listed_at = _newest(db, scopes, candidates + 1, place_of(db, before) if before else None, since)
    examined = list(listed_at)[:candidates]
    found = examined
    if language or without:
        found = matching_filters(db, found, language, without)
    if share:
        found = shared_numbers(db, found, share)
    count = limit
    if arrived_within is not None and found:
        earliest = listed_at[found[0]] - arrived_within
        count = max(limit, sum(listed_at[number] >= earliest for number in found[:most]))
    if len(found) > count:
        return Window(found[:count], found[count - 1])
    return Window(found, examined[-1] if len(listed_at) > candidates else None)


def shared_numbers(db: Database, numbers: Sequence[int], share: Share) -> list[int]:
    """The stories without those by which an outlet would exceed its share of any window."""
    leads = _leads(db, numbers)
    return list(_shared(numbers, share, lambda number: leads[number][0]))


def matching_filters(
    db: Database, numbers: Sequence[int], language: str, without: Collection[str]
) -> list[int]:
    """The stories whose lead is in `language` and that have no entry from the sources in `without`,
    in the order given."""
    left_out = set(listed_numbers(db, numbers, *map(source_scope, without))) if without else set()
    leads = _leads(db, numbers) if language else {}
    return [
        number
        for number in numbers
        if number not in left_out and (not language or is_same_language(leads[number][1], language))
    ]


def published_between(
    db: Database, numbers: Sequence[int], start: datetime | None, end: datetime | None
) -> list[int]:
    """The stories that were published from a time until before another, in the order given."""
    if not (start or end):
        return list(numbers)
    first, last = to_text(start) if start else "", to_text(end) if end else "~"
    sql = (
        "select number from stories where published >= ? and published < ? and number in ({values})"
    )
    kept = {number for (number,) in query_in(db, sql, numbers, first, last)}
    return [number for number in numbers if number in kept]


def _leads(db: Database, numbers: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Source and language of each story's lead."""
    sql = """select stories.number, source_id, language from stories
             join entries on entries.id = lead_entry_id where stories.number in ({values})"""
    return {number: (source, tag) for number, source, tag in query_in(db, sql, numbers)}


def place_of(db: Database, id_: str) -> tuple[str, str, int] | None:
    """The place of a story, or of the one that it was merged into, in the lists that it is in, also
    if it was taken down; None if it has none."""
    sql = """select listings.listed_at, listings.published, story_number from listings
               join stories on coalesce(merged_into, number) = story_number
             where id = ? and list_kind = 'all'"""
    found: tuple[str, str, int] | None = db.execute(sql, [id_]).fetchone()
    return found


def listed_between(
    position: tuple[str, str, int] | None, since: datetime | None
) -> tuple[str, list[object]]:
    """SQL for the listings before a place and after a time, and its parameters."""
    condition, bounds = "", list[object]()
    if position:
        condition = """ and (listed_at, published) <= (?, ?)
                        and not (listed_at = ? and published = ? and story_number <= ?)"""
        bounds += [*position[:2], *position]
    if since:
        condition += " and listed_at > ?"
        bounds.append(to_text(since))
    return condition, bounds


def _newest(
    db: Database,
    scopes: Sequence[ListScope],
    limit: int,
    position: tuple[str, str, int] | None,
    since: datetime | None,
) -> dict[int, datetime]:
    """Number of each of the newest stories -> when it was listed, newest first."""
    condition, bounds = listed_between(position, since)
    one = f"""select story_number, listed_at, published from listings
              where list_kind = ? and list_name = ? and visibility = ?{condition}
              order by listed_at desc, published desc, story_number limit ?"""  # noqa: S608 - placeholders only
    if len(scopes) == 1:
        rows = db.execute(one, [*scope_values(scopes[0]), *bounds, limit])
    else:
        each = " union all ".join(f"select * from ({one})" for _ in scopes)  # noqa: S608 - placeholders only
        sql = f"""select story_number, max(listed_at), max(published) from ({each})
                  group by story_number
                  order by max(listed_at) desc, max(published) desc, story_number limit ?"""  # noqa: S608 - placeholders only
        given = [value for scope in scopes for value in (*scope_values(scope), *bounds, limit)]
        rows = db.execute(sql, [*given, limit])
    return {number: datetime.fromisoformat(listed_at) for number, listed_at, _ in rows}


def apply_share(stories: Iterable[Story], share: Share) -> list[Story]:
    """Leave out the stories by which an outlet would exceed its share of any window."""
    return list(_shared(stories, share, lambda story: story.lead.source))


def _shared(items: Iterable[_T], share: Share, source_of: Callable[[_T], str]) -> Iterator[_T]:
    kept: list[str] = []
    for item in items:
        source = source_of(item)
        if kept[-(share.window - 1) :].count(source) < share.max_stories:
            kept.append(source)
            yield item
