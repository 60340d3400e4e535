"""Rows of the database read back, by the many."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from sqlite_utils import Database

from aggregator.model import Story
from aggregator.store import rows

__all__ = ["many", "many_rows", "stories"]

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
