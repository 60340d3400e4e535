"""Formatting for the commands: tables, counts and times."""

from datetime import datetime

from rich.console import Console
from rich.table import Table

__all__ = ["count_noun", "format_time", "print_table", "table"]


def table(*columns: str) -> Table:
    """An empty table with these columns."""
    result = Table(box=None)
    for column in columns:
        result.add_column(column, no_wrap=True)
    return result


def print_table(rows: Table) -> None:
    """Print a table at its full width: an id that is cut off cannot be copied."""
    Console(width=Console(width=1000).measure(rows).maximum).print(rows)


def count_noun(number: int, singular: str, plural: str) -> str:
    """A number with its noun: `"1 story"`, `"2,000 stories"`."""
    return f"{number:,} {singular if number == 1 else plural}"


def format_time(moment: datetime | None) -> str:
    """A time to the minute, in UTC; empty for None."""
    return moment.strftime("%Y-%m-%d %H:%M") if moment else ""
