"""Edits of the text of feeds.toml that change only the lines they must.

An edit is made by tomlkit in the block of one table, so that comments and order stay everywhere. It
is checked by reading the result: if that is not exactly what was meant, nothing is changed.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any, TypeAlias

import tomlkit
from tomlkit.items import Item

from aggregator.config.blocks import Block, find_blocks
from aggregator.config.key_lines import lines_of
from aggregator.errors import UnknownName, WriteError

__all__ = [
    "add_tables", "change_section", "change_table", "remove_table", "rename_source", "rename_topic",
]  # fmt: skip

Values: TypeAlias = Mapping[str, Any]
"""Keys of a table with their values: text, numbers, dates, lists and tables; None removes a key."""

BYTE_ORDER_MARK = "\ufeff"


def add_tables(text: str, kind: str, tables: Sequence[Values]) -> str:
    """The text with more [[source]], [[topic]] or [[notice]] tables, after the last of its kind."""
    given = [{key: each for key, each in values.items() if each is not None} for values in tables]

    def edit(lines: list[str], expected: dict[str, Any]) -> None:
        before = expected.get(kind, [])
        blocks = _blocks_of(lines, kind, before)
        at = blocks[-1].after if blocks else len(lines)
        lines[-1:] = map(_with_end, lines[-1:])
        new: list[str] = []
        for values in given:
            keys = (f"{key} = {_item(value).as_string()}\n" for key, value in values.items())
            new += ["\n", f"[[{kind}]]\n", *lines_of("".join(keys))]
        if not any(line.strip() for line in lines[:at]):
            del new[0]
        if at < len(lines) and lines[at].strip():
            new.append("\n")
        lines[at:at] = new
        expected[kind] = [*before, *given]

    return _edited(text, edit) if given else text


def change_table(text: str, kind: str, id_: str, values: Values) -> str:
    """The text with other values in a [[source]] or [[topic]]. Raises UnknownName."""
    return _change_at(text, kind, _index_of(_tables(text), kind, id_), values)


def change_section(text: str, name: str, values: Values) -> str:
    """The text with other values in a single table such as [site], which is added if it is not
    there."""

    def edit(lines: list[str], tables: dict[str, Any]) -> None:
        if name not in tables:
            lines[-1:] = map(_with_end, lines[-1:])
            lines += ["\n", f"[{name}]\n"]
        blocks = [b for b in find_blocks("".join(lines)) if b.name == name and not b.is_array]
        if len(blocks) != 1:
            raise _not_editable()
        _change_block(lines, blocks[0], values)
        _assign(tables.setdefault(name, {}), values)

    return _edited(text, edit)


def remove_table(text: str, kind: str, id_: str) -> str:
    """The text without a [[source]] or [[topic]] and the comments that belong to it. Raises
    UnknownName."""

    def edit(lines: list[str], tables: dict[str, Any]) -> None:
        index = _index_of(tables, kind, id_)
        block = _blocks_of(lines, kind, tables[kind])[index]
        first, after = block.first, block.after
        is_apart = first == 0 or not lines[first - 1].strip()
        while is_apart and after < len(lines) and not lines[after].strip():
            after += 1  # the blank lines before it separate its neighbours
        while after == len(lines) and first > 0 and not lines[first - 1].strip():
            first -= 1  # none at the end of the file
        del lines[first:after]
        del tables[kind][index]
        if not tables[kind]:
            del tables[kind]

    return _edited(text, edit)


def rename_source(text: str, old: str, new: str) -> str:
    """The text with another id of a source, which keeps the former one in `was`."""
    return _renamed(text, "source", old, new)


def rename_topic(text: str, old: str, new: str) -> str:
    """The text with another id of a topic, which keeps the former one in `was`, also where sources
    and notices name it."""
    text = _renamed(text, "topic", old, new)
    for index, source in enumerate(_tables(text).get("source", [])):
        values: dict[str, Any] = {}
        if old in source.get("topics", ()):
            values["topics"] = [new if each == old else each for each in source["topics"]]
        if old in (tags := source.get("tags", {})).values():
            values["tags"] = {tag: new if each == old else each for tag, each in tags.items()}
        if values:
            text = _change_at(text, "source", index, values)
    for index, notice in enumerate(_tables(text).get("notice", [])):
        if old in notice.get("topics", ()):
            topics = [new if each == old else each for each in notice["topics"]]
            text = _change_at(text, "notice", index, {"topics": topics})
    return text


def _renamed(text: str, kind: str, old: str, new: str) -> str:
    tables = _tables(text)
    former = tables[kind][_index_of(tables, kind, old)].get("was", [])
    was = [each for each in (*former, old) if each != new]
    return change_table(text, kind, old, {"id": new, "was": was})


def _change_at(text: str, kind: str, index: int, values: Values) -> str:
    """Like `change_table`, by number, for a table without an id."""

    def edit(lines: list[str], tables: dict[str, Any]) -> None:
        block = _blocks_of(lines, kind, tables[kind])[index]
        _change_block(lines, block, values)
        _assign(tables[kind][index], values)

    return _edited(text, edit)


# ---- how an edit is made and checked


def _edited(text: str, edit: Callable[[list[str], dict[str, Any]], None]) -> str:
    """Apply an edit to the lines of a text, and to the tables that they are expected to make."""
    mark = BYTE_ORDER_MARK if text.startswith(BYTE_ORDER_MARK) else ""
    before = text.removeprefix(mark)
    lines, tables = lines_of(before), deepcopy(_tables(before))
    edit(lines, tables)
    if _is_crlf(before):
        known = set(lines_of(before))
        lines = [line if line in known else _with_crlf(line) for line in lines]
    after = "".join(lines)
    try:
        is_as_meant = tomllib.loads(after) == tables
    except tomllib.TOMLDecodeError:
        is_as_meant = False
    if not is_as_meant:
        raise _not_editable()
    return f"{mark}{after}"


def _not_editable() -> WriteError:
    return WriteError(
        "This edit of feeds.toml cannot be made without changing other lines; nothing was changed. "
        "Make it in a text editor."
    )


def _is_crlf(text: str) -> bool:
    return 2 * text.count("\r\n") > text.count("\n")


def _with_crlf(line: str) -> str:
    return line.rstrip("\r\n") + "\r\n" if line.endswith("\n") else line


def _tables(text: str) -> dict[str, Any]:
    return tomllib.loads(text.removeprefix(BYTE_ORDER_MARK))


def _index_of(tables: Mapping[str, Any], kind: str, id_: str) -> int:
    ids = [str(table.get("id")) for table in tables.get(kind, [])]
    if id_ not in ids:
        raise UnknownName(kind, id_, ids)
    return ids.index(id_)


def _blocks_of(lines: Sequence[str], kind: str, tables: Sequence[object]) -> list[Block]:
    """The blocks of an array of tables. Raises WriteError for one that is written otherwise, such
    as `source = [{ … }]`."""
    blocks = [b for b in find_blocks("".join(lines)) if b.is_array and b.name == kind]
    if len(blocks) != len(tables):
        raise _not_editable()
    return blocks


def _with_end(line: str) -> str:
    return line if line.endswith("\n") else f"{line}\n"


def _change_block(lines: list[str], block: Block, values: Values) -> None:
    """Set the values in the table of a block; a new key comes after its others."""
    known = _table_of(lines[block.start : block.end], block)[1]
    new = {key: value for key, value in values.items() if value is not None and key not in known}
    added = lines_of("".join(f"{key} = {_item(value).as_string()}\n" for key, value in new.items()))
    if added:
        lines[block.own_end - 1] = _with_end(lines[block.own_end - 1])
    lines[block.own_end : block.own_end] = added
    end = block.end + len(added)
    document, table = _table_of(lines[block.start : end], block)
    _assign(table, {key: value for key, value in values.items() if key not in new})
    lines[block.start : end] = lines_of(document.as_string())


def _table_of(lines: Sequence[str], block: Block) -> tuple[tomlkit.TOMLDocument, Any]:
    document = tomlkit.parse("".join(lines))
    container: Any = document[block.name]
    return document, container[0] if block.is_array else container


def _assign(table: Any, values: Values) -> None:
    """Set the values in a table, of tomlkit or of plain values; a table in it is changed key by
    key, so that its comments stay."""
    for key, value in values.items():
        if value is None:
            table.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(table.get(key), Mapping):
            inner = table[key]
            _assign(inner, {**{each: None for each in inner if each not in value}, **value})
        elif key not in table or table[key] != value:
            table[key] = value if type(table) is dict else _item(value)


def _item(value: Any) -> Item:
    """A value as an operator would write it: rules in single quotation marks."""
    if isinstance(value, Mapping):
        inline = tomlkit.inline_table()
        for key, each in value.items():
            inline.append(key, _item(each))
        return inline
    if isinstance(value, str):
        return _text_item(value)
    item: Item = tomlkit.item(value)
    return item


def _text_item(value: str) -> Item:
    is_printable = all(char.isprintable() or char in "\n\t" for char in value)
    if is_printable and "\n" in value and "'''" not in value and not value.endswith("'"):
        item = tomlkit.value(f"'''\n{value}'''")
        assert isinstance(item, Item)
        return item
    if is_printable and '"' in value and "'" not in value and "\n" not in value:
        return tomlkit.string(value, literal=True)
    return tomlkit.string(value)
