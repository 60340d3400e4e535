"""Why a query matches a document, or does not: part by part."""

from dataclasses import dataclass

from aggregator.query.ast import And, Near, Node, Not, Or, Term, to_text
from aggregator.query.evaluate import Hits, RuleSet
from aggregator.query.fields import EntryFields

__all__ = ["Explanation", "explain"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A part of a query: where it was found (None if it does not match), and its own parts."""

    text: str
    hits: Hits | None
    parts: tuple["Explanation", ...] = ()


def explain(node: Node, document: EntryFields) -> Explanation:
    """What each part of a query says of a document."""
    match node:
        case Term() | Near():
            parts: tuple[Node, ...] = ()
        case Not():
            parts = (node.part,)
        case And() | Or():
            parts = node.parts
    hits = RuleSet([node]).match(document).get(0)
    return Explanation(to_text(node), hits, tuple(explain(part, document) for part in parts))
