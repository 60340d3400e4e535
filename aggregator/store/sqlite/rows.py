"""Insert and update rows that are mappings, where there are many of them: sqlite-utils looks into
the schema each time, which takes longer than the statement itself."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlite_utils import Database

__all__ = ["insert_rows", "update_row"]


def insert_rows(db: Database, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows with the same columns."""
    if rows:
        names, values = ", ".join(rows[0]), ", ".join("?" for _ in rows[0])
        sql = f"insert into {table} ({names}) values ({values})"  # noqa: S608 - names of columns
        db.conn.executemany(sql, [tuple(row.values()) for row in rows])


def update_row(db: Database, table: str, id_: str | int, row: Mapping[str, Any]) -> None:
    """Set columns of the row with this id."""
    values = ", ".join(f"{name} = ?" for name in row)
    sql = f"update {table} set {values} where id = ?"  # noqa: S608 - names of columns
    db.conn.execute(sql, (*row.values(), id_))
