"""The one query language, of topic rules, source filters and later of search.

Lucene syntax as people know it from search engines, read by luqum::

    text --parse--> Query --match(Document)--> Hits: where each word was found, or None

Words, "phrases", prefix*, AND OR NOT, + -, parentheses, and the fields `title:`,
`summary:`, `content:`, `tag:`, `source:` and `author:`. Words that stand side by side must
all occur, as in a search engine. A word without a field is looked for in title, summary
and tags, because whole articles mention nearly everything somewhere.
Case and accents never matter.

Text is folded once into `" word word "`, so that word, phrase and prefix are all one
substring search.
"""

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from luqum import tree
from luqum.exceptions import ParseError
from luqum.thread import parse as luqum_parse

from aggregator.errors import QueryError
from aggregator.words import fold

__all__ = ["FIELDS", "Document", "Hits", "Query", "parse"]

FIELDS = ("title", "summary", "content", "tag", "source", "author")
UNFIELDED = ("title", "summary", "tag")
MAX_LENGTH = 10_000
MAX_DEPTH = 50

Hits = tuple[str, ...]
"""Where a query was found: `title: fentanyl`, `tag: "drug policy"`."""

_BARRIER = " | "  # stands between two tags; no folded phrase contains it


@dataclass(slots=True)
class Document:
    """What a query looks at; each field is made and folded when first asked for."""

    fields: Mapping[str, str | tuple[str, ...] | Callable[[], str]]
    _folded: dict[str | tuple[str, ...], str] = field(default_factory=dict, init=False)

    def folded(self, name: str) -> str:
        """The folded text of a field; the items of a many-valued one are kept apart."""
        if name not in self._folded:
            value = self.fields.get(name, "")
            value = value() if callable(value) else value
            parts = (value,) if isinstance(value, str) else value
            self._folded[name] = _BARRIER.join([fold(part) for part in parts])
        return self._folded[name]

    def joined(self, names: tuple[str, ...]) -> str:
        """Several fields in one text: what is not in it is in none of them."""
        text = self._folded.get(names)
        if text is None:
            text = self._folded[names] = _BARRIER.join([self.folded(name) for name in names])
        return text


_Matcher = Callable[[Document], Hits | None]


@dataclass(frozen=True, slots=True)
class Query:
    """A compiled query."""

    text: str
    _matcher: _Matcher

    def match(self, document: Document) -> Hits | None:
        """Where it was found, or None. `()` is a match by absence (`NOT sport`)."""
        return self._matcher(document)


@functools.lru_cache(maxsize=1024)
def parse(text: str) -> Query:
    """Compile a query; raises QueryError with the character that is wrong."""
    if len(text) > MAX_LENGTH:
        raise QueryError(f"longer than {MAX_LENGTH:,} characters; split it into topics")
    depth = max(_depths(text), default=0)
    if depth > MAX_DEPTH:
        raise QueryError(f"parentheses nested deeper than {MAX_DEPTH}")
    if not text.strip():
        raise QueryError("empty; write the words to look for")
    try:
        parsed = luqum_parse(text)
    except ParseError as error:
        raise QueryError(*_explain(text, str(error))) from error
    return Query(text, _compile(parsed, UNFIELDED))


def _depths(text: str) -> list[int]:
    depth, depths = 0, []
    for character in text:
        depth += (character == "(") - (character == ")")
        depths.append(depth)
    return depths


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


def _compile(node: tree.Item, fields: tuple[str, ...]) -> _Matcher:
    match node:
        case tree.SearchField():
            return _compile(node.expr, (_field(node),))
        case tree.Group() | tree.FieldGroup() | tree.Plus():
            return _compile(node.children[0], fields)
        case tree.AndOperation() | tree.UnknownOperation() | tree.BoolOperation():
            return _all(tuple(_compile(child, fields) for child in node.children))
        case tree.OrOperation():
            return _any(tuple(_compile(child, fields) for child in node.children))
        case tree.Not() | tree.Prohibit():
            return _none(_compile(node.children[0], fields))
        case tree.Phrase() | tree.Word():
            return _term(node, fields)
    kind = type(node).__name__.lower()
    raise QueryError(
        f"character {(node.pos or 0) + 1}: {str(node).strip()!r} ({kind}) is not supported; "
        'use words, "phrases", prefix*, AND, OR, NOT, parentheses and fields',
        node.pos or 0,
    )


def _field(node: tree.SearchField) -> str:
    name: str = node.name
    if name not in FIELDS:
        raise QueryError(
            f"character {(node.pos or 0) + 1}: there is no field {name!r}; "
            f"fields are {', '.join(FIELDS)}",
            node.pos or 0,
        )
    return name


def _term(node: tree.Term, fields: tuple[str, ...]) -> _Matcher:
    raw: str = node.value
    is_prefix = isinstance(node, tree.Word) and raw.endswith("*")
    needle = fold(raw.removesuffix("*") if is_prefix else raw)
    if not needle.strip():
        raise QueryError(
            f"character {(node.pos or 0) + 1}: {raw!r} has no letter or digit to look for",
            node.pos or 0,
        )
    if "*" in raw.removesuffix("*") or ("?" in raw and isinstance(node, tree.Word)):
        raise QueryError(
            f"character {(node.pos or 0) + 1}: in {raw!r} only one * at the end is possible",
            node.pos or 0,
        )
    if is_prefix:
        needle = needle[:-1]

    def matcher(document: Document) -> Hits | None:
        if needle not in document.joined(fields):  # most terms are nowhere in most entries
            return None
        return tuple([f"{name}: {raw}" for name in fields if needle in document.folded(name)])

    return matcher


def _all(parts: tuple[_Matcher, ...]) -> _Matcher:
    def matcher(document: Document) -> Hits | None:
        found: list[str] = []
        for part in parts:
            hits = part(document)
            if hits is None:
                return None
            found.extend(hits)
        return tuple(found)

    return matcher


def _any(parts: tuple[_Matcher, ...]) -> _Matcher:
    def matcher(document: Document) -> Hits | None:
        answers = [hits for part in parts if (hits := part(document)) is not None]
        return tuple(hit for hits in answers for hit in hits) if answers else None

    return matcher


def _none(part: _Matcher) -> _Matcher:
    def matcher(document: Document) -> Hits | None:
        return () if part(document) is None else None

    return matcher
