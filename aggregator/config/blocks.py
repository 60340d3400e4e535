"""The text of feeds.toml as blocks: a table with everything that belongs to it.

tomlkit keeps comments, but not where people put them: it counts a comment above `[[source]]` to the
table before. So a file is cut into blocks first, and an edit touches the lines of one block only.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from aggregator.config.key_lines import lines_of, statements

__all__ = ["Block", "find_blocks"]

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]")
_SECTION_COMMENT = re.compile(r"\s*#\s*[-=#*~]{2}")
"""A line such as `# ---- sources`: it belongs to the file, not to the next table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A table of the file: its name, such as `source`, and its lines, counted from 0.

    `start` is the line of the header and `end` the one after its last key. `first` and `after` are
    the same with the comments that belong to the table: those directly above its header, and those
    that follow its last key without a blank line. Tables inside an entry of an array of tables,
    such as `[source.tags]`, belong to its block; `own_end` is the line after its last own key.
    """

    name: str
    is_array: bool
    start: int
    own_end: int
    end: int
    first: int
    after: int


def find_blocks(text: str) -> list[Block]:
    """The blocks of a valid TOML text, in order. Keys above the first table are in none."""
    blocks: list[Block] = []
    is_own = True
    for number, statement in statements(text):
        start, end = number - 1, number - 1 + len(lines_of(statement))
        header = _HEADER.match(statement)
        if header and not (blocks and _is_inside(header[2], blocks[-1])):
            is_own = True
            blocks.append(_block(header[2], start, end, is_array=header[1] == "[["))
        elif blocks:
            is_own = is_own and not header
            own_end = end if is_own else blocks[-1].own_end
            blocks[-1] = replace(blocks[-1], own_end=own_end, end=end, after=end)
    lines = lines_of(text)
    return [_with_comments(block, lines) for block in blocks]


def _block(name: str, start: int, end: int, *, is_array: bool) -> Block:
    return Block(
        name=name, is_array=is_array, start=start, own_end=end, end=end, first=start, after=end
    )


def _is_inside(name: str, block: Block) -> bool:
    return block.is_array and name.replace(" ", "").startswith(f"{block.name}.")


def _with_comments(block: Block, lines: Sequence[str]) -> Block:
    first, after = block.start, block.end
    while first > 0 and _is_comment(lines[first - 1]):
        first -= 1
    while first < block.start and _SECTION_COMMENT.match(lines[first]):
        first += 1
    while after < len(lines) and _is_comment(lines[after]):
        after += 1
    if after < len(lines) and lines[after].lstrip().startswith("["):
        after = block.end  # they are the comments of the next table
    return replace(block, first=first, after=after)


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")
