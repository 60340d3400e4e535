"""The text of a query becomes a tree: Lucene syntax, read by luqum.

text --read--> tree, warnings
"""

import re
from collections.abc import Iterator

from luqum import tree as lucene
from luqum.exceptions import ParseError
from luqum.thread import parse as luqum_parse

from aggregator.errors import QueryError
from aggregator.query.ast import And, Near, Node, Not, Or, Term
from aggregator.text.tokens import fold, stem_words

__all__ = ["DEFAULT_FIELDS", "FIELDS", "parse_text"]

FIELDS = ("title", "summary", "content", "tag", "source", "author", "lang")
DEFAULT_FIELDS = ("title", "summary", "tag")
"""Where a word without a field is looked for: whole articles mention nearly everything."""
MAX_QUERY_CHARS = 10_000
MAX_NESTING = 50
"""Parentheses, and operators in a row that stand before a word."""
MAX_SLOP_WORDS = 100

_BEFORE = re.compile(r"(?:(?:\bNOT\b|[+\-!])\s*)+")


def parse_text(text: str, language: str = "") -> tuple[Node, tuple[str, ...]]:
    """The tree of a query, and what it holds that has no effect.

    With a `language` words are compared by their stems, but for prefixes. Raises QueryError with
    the character that is wrong.
    """
    _check_size(text)
    text = _plain_punctuation(text)
    try:
        parsed = luqum_parse(text)
    except ParseError as error:
        raise QueryError(*_explain(text, str(error))) from error
    reader = _Reader(language)
    return reader.node(parsed, DEFAULT_FIELDS), tuple(reader.warnings)


_QUOTE_MARKS = str.maketrans("“”„‟«»＂", '"' * 7)
_DASH = re.compile(r"(?<![^\s(])[‐‑–—−](?=\S)")


def _plain_punctuation(text: str) -> str:
    """Quotation marks and signs as they are typed, for those that word processors make of them;
    every character keeps its place."""
    return _DASH.sub("-", text.translate(_QUOTE_MARKS))


def _check_size(text: str) -> None:
    """Before anything is recursed into."""
    if len(text) > MAX_QUERY_CHARS:
        raise QueryError(f"longer than {MAX_QUERY_CHARS:,} characters; split it into topics")
    if not text.strip():
        raise QueryError("empty; write the words to look for")
    depth = max(_depths(text), default=0)
    if depth > MAX_NESTING:
        raise QueryError(f"parentheses nested deeper than {MAX_NESTING}")
    for found in _BEFORE.finditer(text):
        if len(found[0].split()) > MAX_NESTING or len(found[0]) > 4 * MAX_NESTING:
            at = found.start()
            raise QueryError(f"character {at + 1}: too many operators before one word", at)


def _depths(text: str) -> Iterator[int]:
    depth = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        yield depth


def _explain(text: str, message: str) -> tuple[str, int]:
    """luqum's message as ours, with the position that it knows or the end of the text."""
    found = re.search(r"position (\d+)", message)
    position = int(found.group(1)) if found else len(text)
    if text.count('"') % 2:
        position = text.rfind('"')
        return f"character {position + 1}: this quotation mark is never closed", position
    if position >= len(text):
        return "it ends too early; a parenthesis or a word is missing", len(text)
    return f"character {position + 1}: {text[position : position + 12]!r} is not expected here", (
        position
    )


class _Reader:
    """Reads luqum's tree; `warnings` grow on the way."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.warnings: list[str] = []

    def node(self, item: lucene.Item, fields: tuple[str, ...]) -> Node:
        """The node of a part of the query, whose words are looked for in these fields."""
        match item:
            case lucene.SearchField():
                return self.node(item.expr, (_field(item),))
            case lucene.Group() | lucene.FieldGroup() | lucene.Plus():
                return self.node(item.children[0], fields)
            case lucene.Boost():
                at = _at(item)
                self.warnings.append(f"character {at + 1}: a boost (^) has no effect")
                return self.node(item.children[0], fields)
            case lucene.AndOperation() | lucene.UnknownOperation() | lucene.BoolOperation():
                return And(tuple(self.node(child, fields) for child in item.children))
            case lucene.OrOperation():
                return Or(tuple(self.node(child, fields) for child in item.children))
            case lucene.Not() | lucene.Prohibit():
                return Not(self.node(item.children[0], fields))
            case lucene.Proximity():
                return self._near(item, fields)
            case lucene.Phrase() | lucene.Word():
                return self._term(item, fields)
        kind = type(item).__name__.lower()
        raise QueryError(
            f"character {_at(item) + 1}: {str(item).strip()!r} ({kind}) is not supported; "
            'use words, "phrases", prefix*, AND, OR, NOT, parentheses and fields',
            _at(item),
        )

    def _near(self, item: lucene.Proximity, fields: tuple[str, ...]) -> Node:
        phrase = self._term(item.children[0], fields)
        words = phrase.needle.split()
        raw, slop = str(item).strip(), int(item.degree)
        if slop > MAX_SLOP_WORDS:
            raise QueryError(
                f"character {_at(item) + 1}: {raw!r} may span {MAX_SLOP_WORDS} words at most",
                _at(item),
            )
        terms = tuple(Term(w, f" {w} ", fields, phrase.language, phrase.position) for w in words)
        return Near(raw, terms, slop, phrase.position)

    def _term(self, item: lucene.Term, fields: tuple[str, ...]) -> Term:
        raw: str = item.value
        at = _at(item)
        is_prefix = isinstance(item, lucene.Word) and raw.endswith("*")
        words = fold(raw.removesuffix("*") if is_prefix else raw).split()
        if raw.startswith(("!", "&&", "||")) and isinstance(item, lucene.Word):
            raise QueryError(
                f"character {at + 1}: {raw!r} is not supported; write AND, OR or NOT", at
            )
        if not words:
            raise QueryError(f"character {at + 1}: {raw!r} has no letter or digit to look for", at)
        if "*" in raw.removesuffix("*") or ("?" in raw and isinstance(item, lucene.Word)):
            raise QueryError(
                f"character {at + 1}: in {raw!r} only one * at the end is possible", at
            )
        language = "" if is_prefix or fields == ("lang",) else self.language
        needle = f" {' '.join(stem_words(words, language))} "
        return Term(raw, needle[:-1] if is_prefix else needle, fields, language, at)


def _at(item: lucene.Item) -> int:
    return item.pos or 0


def _field(item: lucene.SearchField) -> str:
    name: str = item.name
    if name not in FIELDS:
        raise QueryError(
            f"character {_at(item) + 1}: there is no field {name!r}; "
            f"fields are {', '.join(FIELDS)}",
            _at(item),
        )
    return name
