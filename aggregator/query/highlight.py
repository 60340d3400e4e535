"""Where the words of a query are in a text as it is written, to mark or quote them."""

import re
from collections.abc import Iterator

from aggregator.model import EXACT, And, Near, Node, Not, Or, Term
from aggregator.text.segmentation import separate_words
from aggregator.text.tokens import folded_words, stemmed_words, written_words

__all__ = ["Span", "spans"]

Span = tuple[int, int]
"""Offsets of the first character and of the one after the last."""

_WORD_EDGES = re.compile(r"^\W+|\W+$")


def spans(root: Node, text: str, field: str) -> list[Span]:
    """The words of a text that a query looks for in a field, in order; phrases are one span. Words
    that must not occur have none."""
    tokens = list(_tokens(text))
    found: set[Span] = set()
    forms: dict[str, tuple[str, list[int]]] = {}
    for term in _positive_terms(root):
        if field in term.fields:
            if term.form not in forms:
                forms[term.form] = _in_form(text, tokens, term.form)
            found |= set(_find(term, *forms[term.form], tokens))
    return _merged(found)


def _positive_terms(node: Node) -> Iterator[Term]:
    match node:
        case Term():
            yield node
        case Near():
            yield from node.words
        case And() | Or():
            for part in node.parts:
                yield from _positive_terms(part)
        case Not():
            return


def _tokens(text: str) -> Iterator[Span]:
    """The words of a text, also of scripts without spaces, without the punctuation around them."""
    separated = separate_words(text)
    start, offset = -1, 0
    for character in f"{separated} ":
        if not character.isspace():
            start = offset if start < 0 else start
        elif start >= 0:
            yield from _stripped(text, start, offset)
            start = -1
        if offset < len(text) and (character == text[offset] or not character.isspace()):
            offset += 1


def _stripped(text: str, start: int, end: int) -> Iterator[Span]:
    word = text[start:end]
    left = re.match(r"\W*", word)
    stripped = _WORD_EDGES.sub("", word)
    if stripped:
        start += len(left[0]) if left else 0
        yield start, start + len(stripped)


def _in_form(text: str, tokens: list[Span], form: str) -> tuple[str, list[int]]:
    """The words of the tokens in one of the forms of `Term`, as they are searched, and the index of
    the token of each character."""
    searched, owners = " ", [0]
    for index, (start, end) in enumerate(tokens):
        token = text[start:end]
        if not form:
            words = folded_words(token)
        else:
            words = written_words(token) if form == EXACT else stemmed_words(token, form)
        for word in words:
            searched += f"{word} "
            owners += [index] * (len(word) + 1)
    return searched, owners


def _find(term: Term, searched: str, owners: list[int], tokens: list[Span]) -> Iterator[Span]:
    for needle in term.needles:
        start = searched.find(needle)
        while start >= 0:
            first, last = owners[start + 1], owners[start + len(needle.rstrip()) - 1]
            yield tokens[first][0], tokens[last][1]
            start = searched.find(needle, start + 1)


def _merged(found: set[Span]) -> list[Span]:
    """Spans that overlap as one."""
    merged: list[Span] = []
    for start, end in sorted(found):
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged
