"""Formatting for the commands: tables, counts and times."""

import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from itertools import compress
from typing import Any

import click

__all__ = [
    "count_noun", "format_age", "format_recent", "format_time", "paint", "paint_state",
    "print_json", "print_table", "show_rows", "zone_note",
]  # fmt: skip

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
    widths = [max(map(_width, column)) for column in zip(columns, *rows, strict=True)]
    before_last = sum(widths[:-1]) + len(GAP) * (len(widths) - 1)
    last = min(widths[-1], max(width - before_last, MIN_WRAPPED_WIDTH))
    if before_last + last > width:
        for row in rows:
            click.echo(_block(columns, row, width))
        return
    for row in (columns, *rows):
        *cells, text = row
        wrapped = _wrap(text, last)
        padded = [cell + " " * (widths[i] - _width(cell)) for i, cell in enumerate(cells)]
        click.echo(GAP.join([*padded, wrapped[0]]).rstrip())
        for line in wrapped[1:]:
            click.echo(f"{' ' * before_last}{line}")


def _width(text: str) -> int:
    """Columns that a text takes on a terminal; marks of colours take none."""
    text = click.unstyle(text)
    if text.isascii():
        return len(text)
    import wcwidth  # only for this, since it takes longer to load than the rest of this module

    return wcwidth.width(text)


def _block(columns: Sequence[str], row: Sequence[str], width: int) -> str:
    named = (f"{name}: {cell}" for name, cell in zip(columns[1:], row[1:], strict=True) if cell)
    lines = (line for text in named for line in _wrap(text, width - 2 * len(GAP)))
    return "\n".join([row[0], *(f"{2 * GAP}{line}" for line in lines)])


def _wrap(text: str, width: int) -> list[str]:
    """The text in lines of so many columns, broken between words, and between characters that take
    two columns each, as in Chinese; a word that is longer than a line has one of its own."""
    lines, line = [], ""
    for piece in _PIECE.findall(text):
        if line and _width(line) + _width(piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        line += piece
    return [*lines, line.rstrip()]


def count_noun(number: int, singular: str, plural: str) -> str:
    """A number with its noun: `"1 story"`, `"2,000 stories"`."""
    return f"{number:,} {singular if number == 1 else plural}"


def format_time(moment: datetime | None) -> str:
    """A time to the minute, in the local time zone; empty for None."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M}" if moment else ""


def format_recent(moment: datetime | None, now: datetime) -> str:
    """The time of a moment in the last or the next day, and the date of another one, in the local
    time zone; empty for None."""
    if moment is None:
        return ""
    is_recent = abs(now - moment) < timedelta(days=1)
    return f"{moment.astimezone():{'%a %H:%M' if is_recent else '%Y-%m-%d'}}"


def format_age(moment: datetime | None, now: datetime) -> str:
    """How long ago something was, in its largest unit: "3 days", "40 seconds"; empty for None."""
    if moment is None:
        return ""
    seconds = max(0, round((now - moment).total_seconds()))
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= 2 * length:
            return count_noun(seconds // length, unit, f"{unit}s")
    return count_noun(seconds, "second", "seconds")


def zone_note() -> str:
    """The time zone that the times are in, as a sentence."""
    now = datetime.now().astimezone()
    offset = f"{now:%z}"
    if offset == "+0000":
        return "Times are in UTC."
    return f"Times are in {now:%Z} (UTC{offset[:3]}:{offset[3:]})."


def show_rows(
    rows: Sequence[Mapping[str, Any]], *, as_json: bool, empty: str, now: datetime | None = None
) -> None:
    """Print rows of raw values as a table, or as JSON; `empty` is printed if there are none. Times
    are to the minute, or with `now` as `format_recent` has them."""
    if as_json:
        print_json(rows)
        return
    if not rows:
        click.echo(empty)
        return
    columns = list(rows[0])
    print_table(columns, *([_cell(row[name], now) for name in columns] for row in rows))
    if any(isinstance(value, datetime) for row in rows for value in row.values()):
        click.echo(zone_note())


def _cell(value: object, now: datetime | None) -> str:
    if isinstance(value, datetime):
        return format_recent(value, now) if now else format_time(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(str, value))
    return f"{value}" if value not in (None, "") else ""


def print_json(value: object) -> None:
    """Print a value as JSON; times in the format of RFC 3339."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=_plain))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, Iterable) else str(value)


def paint(text: str, colour: str) -> str:
    """The text in a colour, on a terminal that has some; see https://no-color.org."""
    return text if os.environ.get("NO_COLOR") else click.style(text, fg=colour)


STATE_COLOURS = {
    "failed": "red", "retired": "red", "held": "yellow", "quiet": "yellow", "waiting": "blue",
    "ok": "green",
}  # fmt: skip


def paint_state(state: str) -> str:
    """The name of a state in its colour."""
    return paint(state, STATE_COLOURS[state]) if state in STATE_COLOURS else state
