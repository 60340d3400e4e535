"""Rows of the database read back, by the many."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from sqlite_utils import Database

from aggregator.model import Story
from aggregator.query import EntryView, make_entry_fields
from aggregator.store import rows

__all__ = ["glimpses", "in_order", "listed", "many", "many_rows", "stories"]

MANY = 500
"""Values in one SQL `in (...)`."""


def many(db: Database, sql: str, values: Collection[Any], *first: Any) -> Iterator[tuple[Any, ...]]:
    """Run a query with `in ({many})` over any number of values, in their order: neighbours in a
    tree lie on one page."""
    for piece, some in _pieces(sql, values):
        yield from db.execute(piece, [*first, *some])


def many_rows(
    db: Database, sql: str, values: Collection[Any], *first: Any
) -> Iterator[dict[str, Any]]:
    """The same, with the names of the columns."""
    for piece, some in _pieces(sql, values):
        yield from db.query(piece, [*first, *some])


def _pieces(sql: str, values: Collection[Any]) -> Iterator[tuple[str, list[Any]]]:
    listed = sorted(values)
    for start in range(0, len(listed), MANY):
        some = listed[start : start + MANY]
        yield sql.format(many=",".join("?" * len(some))), some


def stories(db: Database, numbers: Iterable[int]) -> dict[int, Story]:
    """Whole stories by row."""
    wanted = set(numbers)
    told: dict[int, list[rows.Row]] = {}
    topics: dict[int, list[str]] = {}
    sql = "select * from entries where story in ({many}) order by id"
    for row in many_rows(db, sql, wanted):
        told.setdefault(row["story"], []).append(row)
    sql = "select story, scope from listings where story in ({many}) and scope glob 'topic:*'"
    for story, scope in many(db, sql, wanted):
        topics.setdefault(story, []).append(scope.removeprefix("topic:"))
    return {
        row["row"]: rows.story_of(row, told[row["row"]], topics.get(row["row"], ()))
        for row in many_rows(db, "select * from stories where row in ({many})", wanted)
        if row["row"] in told  # else it was taken into another story just now
    }


def listed(db: Database, numbers: Collection[int] | None, *scopes: str) -> list[int]:
    """Those of these stories, or of all, that stand in one of the lists, in order."""
    marks = ", ".join("?" * len(scopes))
    sql = f"select distinct story from listings where scope in ({marks})"  # noqa: S608 - marks only
    if numbers is None:
        return [story for (story,) in db.execute(f"{sql} order by story", scopes)]
    return [story for (story,) in many(db, f"{sql} and story in ({{many}})", numbers, *scopes)]


def in_order(told: Iterable[Story]) -> list[Story]:
    """By publication, the newest first; of one date as their outlet had them."""
    found = sorted(told, key=lambda story: (story.lead.feed_index, story.id))
    return sorted(found, key=lambda story: story.published, reverse=True)


def glimpses(
    db: Database, numbers: Collection[int], *, with_content: bool = True
) -> Iterator[list[EntryView]]:
    """What rules see of stories by row, each story whole, in the order of their rows."""
    names = dict(db.execute("select id, name from sources"))
    content = "content" if with_content else "'' as content"
    sql = f"""select id, story, source, title, summary, {content}, tags, author, language,
                     published
              from entries where story in ({{many}}) order by story, id"""  # noqa: S608 - our own words
    found = many_rows(db, sql, numbers)
    for _, told in groupby(found, key=lambda row: row["story"]):
        yield [_glimpse(row, names) for row in told]


def _glimpse(row: rows.Row, names: Mapping[str, str]) -> EntryView:
    return EntryView(
        entry_id=row["id"],
        story_number=row["story"],
        source=row["source"],
        fields=make_entry_fields(
            title=row["title"],
            summary=row["summary"],
            content=row["content"],
            tags=tuple(json.loads(row["tags"])),
            source=(row["source"], names.get(row["source"], "")),
            author=row["author"],
            language=row["language"],
        ),
        published=row["published"],
    )
