"""Walk the syntax tree of a query, and write it as text again.

The nodes themselves are in `model`, since the store searches by them.
"""

from collections.abc import Iterator

from aggregator.model import And, Near, Node, Not, Or, Term

__all__ = ["clauses", "terms", "to_text"]


def terms(node: Node) -> Iterator[Term]:
    """All words, phrases and prefixes in the query."""
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
    """The alternatives of a query: `a` and `b AND c` for `a OR (b AND c)`."""
    if isinstance(root, Or):
        for part in root.parts:
            yield from clauses(part)
    else:
        yield root


def to_text(node: Node) -> str:
    """A query that parses to the same node, however the original was written."""
    match node:
        case Term() | Near():
            return f"{node.fields[0]}:{node.raw}" if len(node.fields) == 1 else node.raw
        case Not():
            return f"NOT {_in_parentheses(node.part)}"
        case And():
            return " AND ".join(map(_in_parentheses, node.parts))
        case Or():
            return " OR ".join(map(_in_parentheses, node.parts))


def _in_parentheses(node: Node) -> str:
    return f"({to_text(node)})" if isinstance(node, And | Or) else to_text(node)
