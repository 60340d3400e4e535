"""Formatting for the commands: tables, counts and times."""

import re
import shutil
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import compress

import click
from rich.cells import cell_len

__all__ = ["count_noun", "format_recent", "format_time", "print_table"]

DEFAULT_WIDTH = 80
"""Columns of the output if there is no terminal."""
MIN_WRAPPED_WIDTH = 24
"""Columns that the last column of a table needs at least; with fewer, rows become blocks."""
GAP = "  "
_WIDE = (
    "\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6"
)
_PIECE = re.compile(rf"[{_WIDE}]\s*|[^\s{_WIDE}]+\s*|\s+")


def print_table(columns: Sequence[str], *rows: Sequence[str]) -> None:
    """Print rows in columns that fit the terminal, or 80 columns if there is none; columns in which
    no row has anything are left out. No word or number is divided: the last column is wrapped
    between words, and if that is not enough, each row is a block of lines, `name: value`."""
    width = max(shutil.get_terminal_size((DEFAULT_WIDTH, 24)).columns, MIN_WRAPPED_WIDTH)
    used = [any(row[i] for row in rows) or i == 0 for i in range(len(columns))]
    columns = tuple(compress(columns, used))
    rows = tuple(tuple(compress(row, used)) for row in rows)
    widths = [max(map(cell_len, column)) for column in zip(columns, *rows, strict=True)]
    before_last = sum(widths[:-1]) + len(GAP) * (len(widths) - 1)
    last = min(widths[-1], max(width - before_last, MIN_WRAPPED_WIDTH))
    if before_last + last > width:
        for row in rows:
            click.echo(_block(columns, row, width))
        return
    for row in (columns, *rows):
        *cells, text = row
        wrapped = _wrap(text, last)
        padded = [cell + " " * (widths[i] - cell_len(cell)) for i, cell in enumerate(cells)]
        click.echo(GAP.join([*padded, wrapped[0]]).rstrip())
        for line in wrapped[1:]:
            click.echo(f"{' ' * before_last}{line}")


def _block(columns: Sequence[str], row: Sequence[str], width: int) -> str:
    named = (f"{name}: {cell}" for name, cell in zip(columns[1:], row[1:], strict=True) if cell)
    lines = (line for text in named for line in _wrap(text, width - 2 * len(GAP)))
    return "\n".join([row[0], *(f"{2 * GAP}{line}" for line in lines)])


def _wrap(text: str, width: int) -> list[str]:
    """The text in lines of so many columns, broken between words, and between characters that take
    two columns each, as in Chinese; a word that is longer than a line has one of its own."""
    lines, line = [], ""
    for piece in _PIECE.findall(text):
        if line and cell_len(line) + cell_len(piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        line += piece
    return [*lines, line.rstrip()]


def count_noun(number: int, singular: str, plural: str) -> str:
    """A number with its noun: `"1 story"`, `"2,000 stories"`."""
    return f"{number:,} {singular if number == 1 else plural}"


def format_time(moment: datetime | None) -> str:
    """A time to the minute, in UTC; empty for None."""
    return moment.strftime("%Y-%m-%d %H:%M") if moment else ""


def format_recent(moment: datetime | None, now: datetime) -> str:
    """The time of a moment in the last or the next day, and the date of another one, in UTC; empty
    for None."""
    if moment is None:
        return ""
    is_recent = abs(now - moment) < timedelta(days=1)
    return moment.strftime("%a %H:%M" if is_recent else "%Y-%m-%d")
