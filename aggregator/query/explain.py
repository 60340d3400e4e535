"""Explain, part by part, why a query matches an entry or does not."""

from dataclasses import dataclass

from aggregator.model import And, Near, Node, Not, Or, Term
from aggregator.query.ast import to_text
from aggregator.query.evaluate import Hits, RuleSet
from aggregator.query.fields import EntryFields

__all__ = ["Explanation", "explain"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A part of a query, where it was found (None if it does not match), and its own parts."""

    text: str
    hits: Hits | None
    parts: tuple["Explanation", ...] = ()


def explain(node: Node, fields: EntryFields) -> Explanation:
    """Explain the match of a query and of each of its parts."""
    match node:
        case Term() | Near():
            parts: tuple[Node, ...] = ()
        case Not():
            parts = (node.part,)
        case And() | Or():
            parts = node.parts
    hits = RuleSet([node]).match(fields).get(0)
    return Explanation(to_text(node), hits, tuple(explain(part, fields) for part in parts))
