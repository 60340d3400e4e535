"""Changes of a parsed text that every rewriting needs."""

from collections.abc import Iterable

from selectolax.lexbor import LexborHTMLParser, LexborNode

__all__ = ["EMBED_CLASS", "attribute", "outermost", "replace_with_link", "replace_with_text"]


EMBED_CLASS = "embed"
"""The class of a link that stands for what cannot be shown; no teaser contains it."""
_INLINE_PARENTS = frozenset({"p", "span", "li", "h1", "h2", "h3", "h4", "b", "strong", "em", "i"})


def attribute(node: LexborNode, *names: str) -> str:
    """The first of these attributes that a node has and that is not blank; else ""."""
    return next((text for name in names if (text := (node.attrs.get(name) or "").strip())), "")


def outermost(nodes: Iterable[LexborNode]) -> list[LexborNode]:
    """The nodes that are in none of the others; removing a node frees the ones inside it."""
    by_id = {node.mem_id: node for node in nodes}
    return [node for node in by_id.values() if not _has_ancestor_in(node, by_id)]


def _has_ancestor_in(node: LexborNode, ids: dict[int, LexborNode]) -> bool:
    parent = node.parent
    while parent is not None:
        if parent.mem_id in ids:
            return True
        parent = parent.parent
    return False


def replace_with_text(node: LexborNode, text: str) -> None:
    """Put words in the place of a node, apart from the words beside it."""
    node.insert_before(f" {text} " if text else " ")
    node.decompose()


def replace_with_link(parser: LexborHTMLParser, node: LexborNode, url: str, text: str) -> None:
    """Put a link in the place of a node, in a paragraph of its own unless it is in one."""
    link = parser.create_node("a")
    link.attrs["href"] = url
    link.attrs["class"] = EMBED_CLASS
    link.insert_child(text)
    if node.parent is not None and node.parent.tag in _INLINE_PARENTS:
        node.insert_before(" ")
        node.insert_before(link)
        node.insert_before(" ")
    else:
        paragraph = parser.create_node("p")
        paragraph.insert_child(link)
        node.insert_before(paragraph)
    node.decompose()
