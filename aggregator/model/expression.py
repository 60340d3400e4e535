"""The syntax tree of a query.

Term    a word, a phrase or a prefix
Near    words that are close to each other
And     all of its parts
Or      at least one of its parts
Not     everything that its part does not match
"""

from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["EXACT", "And", "Near", "Node", "Not", "Or", "Term"]

EXACT = "="
"""The form of words that are compared with capitals and accents."""


@dataclass(frozen=True, slots=True)
class Term:
    """A word, a phrase or a prefix, in any of these fields.

    One of its `needles` occurs in folded text wherever the term matches: `" drug policy "`,
    `" overdos"`. Its `form` is the language whose stems are compared, EXACT for words as they are
    written, or empty for folded ones. `position` is its offset in the query.
    """

    raw: str
    needles: tuple[str, ...]
    fields: tuple[str, ...]
    form: str
    position: int


@dataclass(frozen=True, slots=True)
class Near:
    """Words in any order, with at most `slop` others between them."""

    raw: str
    words: tuple[Term, ...]
    slop: int
    position: int

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields in which all of the words must be."""
        return self.words[0].fields


@dataclass(frozen=True, slots=True)
class And:
    """A query that matches where all of its parts do."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """A query that matches where at least one of its parts does."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """A query that matches where its part does not."""

    part: "Node"


Node: TypeAlias = Term | Near | And | Or | Not
