"""Parse the text of a query, in Lucene syntax, with luqum.

text --parse_text--> syntax tree, warnings
"""

import re
from collections.abc import Iterator

from luqum import tree as lucene
from luqum.exceptions import ParseError
from luqum.thread import parse as luqum_parse

from aggregator.errors import QueryError
from aggregator.model import And, Near, Node, Not, Or, Term
from aggregator.text.languages import canonical_language
from aggregator.text.tokens import fold, stem_words

__all__ = ["DEFAULT_FIELDS", "FIELDS", "parse_text"]

FIELDS = ("title", "summary", "content", "tag", "source", "author", "lang")
DEFAULT_FIELDS = ("title", "summary", "tag")
"""Where a word without a field is looked for; whole articles mention nearly everything."""
MAX_QUERY_CHARS = 10_000
MAX_NESTING = 50
"""Levels of parentheses, and operators in a row before a word."""
MAX_SLOP_WORDS = 100

_OPERATORS = re.compile(r"(?:(?:\bNOT\b|[+\-!])\s*)+")


def parse_text(text: str, language: str = "") -> tuple[Node, tuple[str, ...]]:
    """The syntax tree of a query, and warnings about what has no effect.

    With a `language`, words other than prefixes are compared by their stems. Raises QueryError with
    the offending character.
    """
    _check_size(text)
    text = _plain_punctuation(text)
    try:
        parsed = luqum_parse(text)
    except ParseError as error:
        raise QueryError(*_explain(text, str(error))) from error
    converter = _Converter(language)
    return converter.node(parsed, DEFAULT_FIELDS), tuple(converter.warnings)


_QUOTE_MARKS = str.maketrans("“”„‟«»＂", '"' * 7)
_DASH = re.compile(r"(?<![^\s(])[‐‑–—−](?=\S)")


def _plain_punctuation(text: str) -> str:
    """The text with plain quotation marks and minus signs in place of typographic ones.

    Every character keeps its position.
    """
    return _DASH.sub("-", text.translate(_QUOTE_MARKS))


def _check_size(text: str) -> None:
    """Raise QueryError for a query that is empty, too long, or too deep to recurse into."""
    if len(text) > MAX_QUERY_CHARS:
        raise QueryError(f"longer than {MAX_QUERY_CHARS:,} characters; split it into topics")
    if not text.strip():
        raise QueryError("empty; write the words to look for")
    depth = max(_depths(text), default=0)
    if depth > MAX_NESTING:
        raise QueryError(f"parentheses nested deeper than {MAX_NESTING}")
    for found in _OPERATORS.finditer(text):
        if len(found[0].split()) > MAX_NESTING or len(found[0]) > 4 * MAX_NESTING:
            position = found.start()
            raise QueryError(
                f"character {position + 1}: too many operators before one word", position
            )


def _depths(text: str) -> Iterator[int]:
    """The nesting of parentheses after each character."""
    depth = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        yield depth


def _explain(text: str, message: str) -> tuple[str, int]:
    """Our message for a syntax error of luqum, and its position."""
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


class _Converter:
    """Converts luqum's tree to ours, and collects `warnings`."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.warnings: list[str] = []

    def node(self, item: lucene.Item, fields: tuple[str, ...]) -> Node:
        """The node for an item, whose words are looked for in these fields."""
        match item:
            case lucene.SearchField():
                return self.node(item.expr, (_field(item),))
            case lucene.Group() | lucene.FieldGroup() | lucene.Plus():
                return self.node(item.children[0], fields)
            case lucene.Boost():
                position = _position(item)
                self.warnings.append(f"character {position + 1}: a boost (^) has no effect")
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
            f"character {_position(item) + 1}: {str(item).strip()!r} ({kind}) is not supported; "
            'use words, "phrases", prefix*, AND, OR, NOT, parentheses and fields',
            _position(item),
        )

    def _near(self, item: lucene.Proximity, fields: tuple[str, ...]) -> Node:
        phrase = self._term(item.children[0], fields)
        words = phrase.needle.split()
        raw, slop = str(item).strip(), int(item.degree)
        if slop > MAX_SLOP_WORDS:
            raise QueryError(
                f"character {_position(item) + 1}: {raw!r} may span {MAX_SLOP_WORDS} words at most",
                _position(item),
            )
        terms = tuple(Term(w, f" {w} ", fields, phrase.language, phrase.position) for w in words)
        return Near(raw, terms, slop, phrase.position)

    def _term(self, item: lucene.Term, fields: tuple[str, ...]) -> Term:
        raw: str = item.value
        position = _position(item)
        is_prefix = isinstance(item, lucene.Word) and raw.endswith("*")
        text = raw.removesuffix("*") if is_prefix else raw
        words = fold(canonical_language(text) if fields == ("lang",) else text).split()
        if raw.startswith(("!", "&&", "||")) and isinstance(item, lucene.Word):
            raise QueryError(
                f"character {position + 1}: {raw!r} is not supported; write AND, OR or NOT",
                position,
            )
        if not words:
            raise QueryError(
                f"character {position + 1}: {raw!r} has no letter or digit to look for", position
            )
        if "*" in raw and isinstance(item, lucene.Phrase):
            words_in_it = raw.replace("*", "").strip('"').split()
            raise QueryError(
                f"character {position + 1}: a phrase cannot contain *; list its forms, as in "
                f"({' OR '.join(_forms_of(words_in_it))})",
                position,
            )
        if "*" in raw.removesuffix("*") or ("?" in raw and isinstance(item, lucene.Word)):
            raise QueryError(
                f"character {position + 1}: in {raw!r} only one * at the end is possible",
                position,
            )
        language = "" if is_prefix or fields == ("lang",) else self.language
        needle = f" {' '.join(stem_words(words, language))} "
        return Term(raw, needle[:-1] if is_prefix else needle, fields, language, position)


def _forms_of(words: list[str]) -> tuple[str, str]:
    """A phrase, and its plural, as an example."""
    return f'"{" ".join(words)}"', f'"{" ".join(words)}s"'


def _position(item: lucene.Item) -> int:
    return item.pos or 0


def _field(item: lucene.SearchField) -> str:
    name: str = item.name
    if name not in FIELDS:
        raise QueryError(
            f"character {_position(item) + 1}: there is no field {name!r}; "
            f"fields are {', '.join(FIELDS)}",
            _position(item),
        )
    return name
