"""What a query is made of, once its text has been read.

Term    a word, a phrase or a prefix
Near    words that stand close to each other
And     all of its parts
Or      at least one of its parts
Not     whatever its part does not match
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["And", "Near", "Node", "Not", "Or", "Term", "clauses", "terms", "to_text"]


@dataclass(frozen=True, slots=True)
class Term:
    """A word, a phrase or a prefix, in any of these fields.

    `needle` is found in folded text wherever the term is: `" drug policy "`, `" overdos"`; with a
    `language`, in text whose words were brought to their stems. `at` is its place in the query.
    """

    raw: str
    needle: str
    fields: tuple[str, ...]
    language: str
    position: int


@dataclass(frozen=True, slots=True)
class Near:
    """Words, in any order, with at most `slop` others between them."""

    raw: str
    words: tuple[Term, ...]
    slop: int
    position: int

    @property
    def fields(self) -> tuple[str, ...]:
        """Where they must stand together."""
        return self.words[0].fields


@dataclass(frozen=True, slots=True)
class And:
    """All of its parts."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of its parts."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """What its part does not match."""

    part: "Node"


Node: TypeAlias = Term | Near | And | Or | Not


def terms(node: Node) -> Iterator[Term]:
    """All that is looked for."""
    match node:
        case Term():
            yield node
        case Near():
            yield from node.words
        case Not():
            yield from terms(node.part)
        case And() | Or():
            for part in node.parts:
                yield from terms(part)


def clauses(root: Node) -> Iterator[Node]:
    """What a query may match by, each for itself: `a`, `b AND c` of `a OR (b AND c)`."""
    if isinstance(root, Or):
        for part in root.parts:
            yield from clauses(part)
    else:
        yield root


def to_text(node: Node) -> str:
    """A node as text that reads as the same node, however it was written."""
    match node:
        case Term() | Near():
            return f"{node.fields[0]}:{node.raw}" if len(node.fields) == 1 else node.raw
        case Not():
            return f"NOT {_grouped(node.part)}"
        case And():
            return " AND ".join(map(_grouped, node.parts))
        case Or():
            return " OR ".join(map(_grouped, node.parts))


def _grouped(node: Node) -> str:
    return f"({to_text(node)})" if isinstance(node, And | Or) else to_text(node)
