"""The line of each key in a TOML text."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import Any

__all__ = ["KeyLocations", "lines_of", "statements"]


class KeyLocations:
    """The line of each key in a TOML text.

    tomllib gives values without their lines, so the text is split into statements: a statement is
    the shortest run of lines that tomllib can parse on its own. That takes as long as all the rest
    of reading a feeds.toml, so it is done on first use.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _lines(self) -> dict[tuple[str | int, ...], int]:
        found: dict[tuple[str | int, ...], int] = {}
        counts: Counter[tuple[str | int, ...]] = Counter()
        table: tuple[str | int, ...] = ()
        for number, statement in statements(self._text):
            if statement.lstrip().startswith("["):
                table = _open_table(statement, number, counts, found)
            else:
                for path in _key_paths(tomllib.loads(statement)):
                    found.setdefault((*table, *path), number)
        return found

    def line_of(self, path: tuple[str | int, ...]) -> int:
        """The line of a key, or of the innermost table or list around it; 0 for the whole file."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 0)


def _open_table(
    header: str,
    number: int,
    counts: Counter[tuple[str | int, ...]],
    found: dict[tuple[str | int, ...], int],
) -> tuple[str | int, ...]:
    """Note the line of a table header; returns its path."""
    names: tuple[str | int, ...] = tuple(_header_path(tomllib.loads(header)))
    if header.lstrip().startswith("[["):
        counts[names] += 1
        path: tuple[str | int, ...] = (*names, counts[names] - 1)
    else:  # [source.tags] belongs to the newest [[source]]
        parent = names[:1]
        path = (*parent, counts[parent] - 1, *names[1:]) if counts[parent] else names
    found.setdefault(names, number)
    found.setdefault(path, number)
    return path


def lines_of(text: str) -> list[str]:
    """The lines of a TOML text, with their ends: only a line feed ends one, and no other of the
    characters at which `str.splitlines` divides, such as U+2028 in a comment."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def statements(text: str) -> Iterator[tuple[int, str]]:
    """Each statement of a valid TOML text, with the line that it starts on, from 1."""
    pending, start = "", 0
    for number, line in enumerate(lines_of(text), 1):
        if not pending and (not line.strip() or line.lstrip().startswith("#")):
            continue
        start = start if pending else number
        pending += line
        try:
            tomllib.loads(pending)
        except tomllib.TOMLDecodeError:
            continue
        yield start, pending
        pending = ""


def _key_paths(value: Any) -> Iterator[tuple[str, ...]]:
    """Every dotted key of a statement: `a.b = {c = 1}` is (a), (a, b), (a, b, c)."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (key,)
            yield from ((key, *rest) for rest in _key_paths(inner))


def _header_path(value: Any) -> Iterator[str]:
    """The keys of a table header: `[a.b]` is (a, b)."""
    while isinstance(value, dict | list) and value:
        if isinstance(value, list):
            value = value[0]
        else:
            key, value = next(iter(value.items()))
            yield key
