"""Why a query matches a document, or does not: part by part."""

from dataclasses import dataclass

from aggregator.query.documents import Document
from aggregator.query.rules import Hits, Rules
from aggregator.query.tree import And, Near, Node, Not, Or, Term, written

__all__ = ["Explained", "explain"]


@dataclass(frozen=True, slots=True)
class Explained:
    """A part of a query: where it was found (None if it does not match), and its own parts."""

    text: str
    hits: Hits | None
    parts: tuple["Explained", ...] = ()


def explain(node: Node, document: Document) -> Explained:
    """What each part of a query says of a document."""
    match node:
        case Term() | Near():
            parts: tuple[Node, ...] = ()
        case Not():
            parts = (node.part,)
        case And() | Or():
            parts = node.parts
    hits = Rules([node]).match(document).get(0)
    return Explained(written(node), hits, tuple(explain(part, document) for part in parts))
