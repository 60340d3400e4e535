"""Tables and times, as the commands print them."""

from datetime import datetime

from rich.console import Console
from rich.table import Table

__all__ = ["count_noun", "format_time", "print_table", "table"]


def table(*columns: str) -> Table:
    """An empty table."""
    empty = Table(box=None)
    for column in columns:
        empty.add_column(column, no_wrap=True)
    return empty


def print_table(filled: Table) -> None:
    """As wide as it is: an id that is cut cannot be looked for."""
    Console(width=Console(width=1000).measure(filled).maximum).print(filled)


def count_noun(number: int, one: str, many: str) -> str:
    """`"1 story"`, `"2,000 stories"`."""
    return f"{number:,} {one if number == 1 else many}"


def format_time(moment: datetime | None) -> str:
    """To the minute, in UTC; empty for none."""
    return moment.strftime("%Y-%m-%d %H:%M") if moment else ""
