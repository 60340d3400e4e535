"""Where each key of a TOML text stands."""

import tomllib
from collections import Counter
from collections.abc import Iterator
from typing import Any


class KeyLocations:
    """Where each key of a TOML text stands.

    tomllib gives values without places, so the text is cut into statements: a statement
    is the shortest run of lines that tomllib reads on its own.
    """

    def __init__(self, text: str) -> None:
        self._at: dict[tuple[str | int, ...], int] = {}
        counts: Counter[tuple[str | int, ...]] = Counter()
        table: tuple[str | int, ...] = ()
        for number, statement in _statements(text):
            if statement.lstrip().startswith("["):
                table = self._open_table(statement, number, counts)
            else:
                for path in _leaves(tomllib.loads(statement)):
                    self._at.setdefault((*table, *path), number)

    def _open_table(
        self, header: str, number: int, counts: Counter[tuple[str | int, ...]]
    ) -> tuple[str | int, ...]:
        names: tuple[str | int, ...] = tuple(_only_path(tomllib.loads(header)))
        if header.lstrip().startswith("[["):
            counts[names] += 1
            path: tuple[str | int, ...] = (*names, counts[names] - 1)
        else:  # [source.tags] belongs to the newest [[source]]
            parent = names[:1]
            path = (*parent, counts[parent] - 1, *names[1:]) if counts[parent] else names
        self._at.setdefault(names, number)
        self._at.setdefault(path, number)
        return path

    def line_of(self, path: tuple[str | int, ...]) -> int:
        """The line of a key, or of the nearest thing around it; 0 for the whole file."""
        while path and path not in self._at:
            path = path[:-1]
        return self._at.get(path, 0)


def _statements(text: str) -> Iterator[tuple[int, str]]:
    pending, began = "", 0
    for number, line in enumerate(text.splitlines(keepends=True), start=1):
        if not pending and (not line.strip() or line.lstrip().startswith("#")):
            continue
        began = began if pending else number
        pending += line
        try:
            tomllib.loads(pending)
        except tomllib.TOMLDecodeError:
            continue
        yield began, pending
        pending = ""


def _leaves(value: Any) -> Iterator[tuple[str, ...]]:
    """Every dotted key of a statement: `a.b = {c = 1}` is (a), (a, b), (a, b, c)."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (key,)
            yield from ((key, *rest) for rest in _leaves(inner))


def _only_path(value: Any) -> Iterator[str]:
    while isinstance(value, dict | list) and value:
        if isinstance(value, list):
            value = value[0]
        else:
            key, value = next(iter(value.items()))
            yield key
