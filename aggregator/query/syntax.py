"""Parse the text of a query, in Lucene syntax, with luqum.

text --parse_text--> syntax tree, warnings
"""

import re
from collections.abc import Iterator

from luqum import tree as lucene
from luqum.exceptions import ParseError
from luqum.thread import parse as luqum_parse

from aggregator.errors import QueryError
from aggregator.model import EXACT, And, Near, Node, Not, Or, Term
from aggregator.query.needles import needles_of
from aggregator.text.languages import canonical_language
from aggregator.text.segmentation import is_unspaced, lacks_dictionary
from aggregator.text.tokens import folded_words, has_stems, stemmed_words, written_words

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
        raise _explained(text, str(error)) from error
    converter = _Converter(language)
    return converter.node(parsed, DEFAULT_FIELDS), tuple(converter.warnings)


_QUOTE_MARKS = str.maketrans("“”„‟«»＂", '"' * 7)
_EXACT_PHRASE = re.compile(r'(?<![^\s(:+\-!])="(?=[^"]+")')
"""`="drug policy"`, which luqum takes for two words."""
_DASH = re.compile(r"(?<![^\s(])[‐‑–—−](?=\S)")


def _plain_punctuation(text: str) -> str:
    """The text with plain quotation marks and minus signs in place of typographic ones, and the
    sign of an exact phrase inside its quotation marks.

    Every character keeps its position.
    """
    text = _DASH.sub("-", text.translate(_QUOTE_MARKS))
    return _EXACT_PHRASE.sub('"=', text)


def _check_size(text: str) -> None:
    """Raise QueryError for a query that is empty, too long, or too deep to recurse into."""
    if len(text) > MAX_QUERY_CHARS:
        most = format(MAX_QUERY_CHARS, ",")
        raise QueryError("longer than %(count)s characters; split it into topics", count=most)
    if not text.strip():
        raise QueryError("empty; write the words to look for")
    depth = max(_depths(text), default=0)
    if depth > MAX_NESTING:
        raise QueryError("parentheses nested deeper than %(count)s", count=MAX_NESTING)
    for found in _OPERATORS.finditer(text):
        if len(found[0].split()) > MAX_NESTING or len(found[0]) > 4 * MAX_NESTING:
            position = found.start()
            raise QueryError("character %(position)s: too many operators before one word", position)


def _depths(text: str) -> Iterator[int]:
    """The nesting of parentheses after each character."""
    depth = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        yield depth


def _explained(text: str, message: str) -> QueryError:
    """Our error for a syntax error of luqum."""
    found = re.search(r"position (\d+)", message)
    position = int(found.group(1)) if found else len(text)
    if text.count('"') % 2:
        return QueryError(
            "character %(position)s: this quotation mark is never closed", text.rfind('"')
        )
    if position >= len(text):
        return QueryError("it ends too early; a parenthesis or a word is missing", len(text))
    return QueryError(
        "character %(position)s: %(text)s is not expected here",
        position,
        text=repr(text[position : position + 12]),
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
            "character %(position)s: %(text)s (%(kind)s) is not supported; "
            'use words, "phrases", prefix*, AND, OR, NOT, parentheses and fields',
            _position(item),
            text=repr(str(item).strip()),
            kind=kind,
        )

    def _has_stems(self, text: str) -> bool:
        return bool(self.language) and has_stems(text, self.language)

    def _near(self, item: lucene.Proximity, fields: tuple[str, ...]) -> Node:
        phrase = self._term(item.children[0], fields)
        raw, slop = str(item).strip(), int(item.degree)
        if slop > MAX_SLOP_WORDS:
            raise QueryError(
                "character %(position)s: %(text)s may span %(count)s words at most",
                _position(item),
                text=repr(raw),
                count=MAX_SLOP_WORDS,
            )
        terms = tuple(
            Term(word, _needles(word, phrase.form), fields, phrase.form, phrase.position)
            for word in _words(phrase.raw.removeprefix("=").strip('"'), phrase.form)
        )
        return Near(raw, terms, slop, phrase.position)

    def _term(self, item: lucene.Term, fields: tuple[str, ...]) -> Term:
        raw: str = item.value
        position = _position(item)
        is_prefix = isinstance(item, lucene.Word) and raw.endswith("*")
        text = raw.removesuffix("*") if is_prefix else raw
        if fields == ("lang",):
            text, form = canonical_language(text), ""
        elif text.strip('"').startswith("="):
            form = EXACT
        else:
            form = "" if is_prefix or not self._has_stems(text) else self.language
        needles = _needles(text, form, is_prefix=is_prefix)
        if isinstance(item, lucene.Word) and (advice := _operator_advice(raw)):
            self.warnings.append(f"character {position + 1}: {advice}")
        self.warnings += (f"character {position + 1}: {each}" for each in _word_warnings(raw, text))
        is_stemless = form == "" and not is_prefix and fields != ("lang",)
        if self.language and is_stemless and any(map(str.isalpha, text)):
            self.warnings.append(
                f"character {position + 1}: stem has no effect on {raw!r}: it is not in the "
                f"script of {self.language!r}"
            )
        if raw.startswith(("!", "&&", "||")) and isinstance(item, lucene.Word):
            raise QueryError(
                "character %(position)s: %(text)s is not supported; write AND, OR or NOT",
                position,
                text=repr(raw),
            )
        if not needles:
            raise QueryError(
                "character %(position)s: %(text)s has no letter or digit to look for",
                position,
                text=repr(raw),
            )
        if "*" in raw and isinstance(item, lucene.Phrase):
            raise QueryError(
                "character %(position)s: a phrase cannot contain *; write each form as a "
                "phrase and join them with OR",
                position,
            )
        if "*" in raw.removesuffix("*") or ("?" in raw and isinstance(item, lucene.Word)):
            raise QueryError(
                "character %(position)s: in %(text)s only one * at the end is possible",
                position,
                text=repr(raw),
            )
        written = f'="{raw[2:]}' if raw.startswith('"=') else raw
        return Term(written, needles, fields, form, position)


def _operator_advice(word: str) -> str:
    """What a word or a comma should have been, if an operator was meant."""
    if word.lower() in ("and", "or", "not"):
        return f"{word!r} is searched for as a word; write {word.upper()} if you mean the operator"
    if word.endswith(","):
        return f"the comma after {word[:-1]!r} has no effect; write OR between alternatives"
    return ""


_MIXED_ALPHABETS = re.compile(r"[A-Za-z][\u0370-\u052f]|[\u0370-\u052f][A-Za-z]")


def _word_warnings(raw: str, text: str) -> Iterator[str]:
    """Why a word may not be found."""
    if lacks_dictionary(text):
        yield f"{raw!r} is found only between spaces: there is no dictionary for its script"
    if _MIXED_ALPHABETS.search(text):
        yield f"{raw!r} mixes Latin letters with Greek or Cyrillic ones that look the same"


def _words(text: str, form: str) -> list[str]:
    """The words of a phrase; what is written without spaces is one."""
    if is_unspaced(text):
        return text.split()
    return written_words(text) if form == EXACT else folded_words(text)


def _needles(text: str, form: str, *, is_prefix: bool = False) -> tuple[str, ...]:
    if not form:
        return needles_of(text, is_prefix=is_prefix)
    words = written_words(text) if form == EXACT else stemmed_words(text, form)
    needle = f" {' '.join(words)} "
    return (needle[:-1] if is_prefix else needle,) if words else ()


def _position(item: lucene.Item) -> int:
    return item.pos or 0


def _field(item: lucene.SearchField) -> str:
    name: str = item.name
    if name not in FIELDS:
        raise QueryError(
            "character %(position)s: there is no field %(name)s; fields are %(fields)s",
            _position(item),
            name=repr(name),
            fields=", ".join(FIELDS),
        )
    return name
