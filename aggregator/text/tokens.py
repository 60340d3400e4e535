"""The words of a text as everything here compares them: small letters, no accents, no marks."""

import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

import Stemmer

__all__ = ["STEMMERS", "content_words", "fold", "folded_words", "is_indexed", "stem_words"]

STEMMERS = {
    "ar": "arabic", "ca": "catalan", "da": "danish", "de": "german", "el": "greek",
    "en": "english", "es": "spanish", "eu": "basque", "fi": "finnish", "fr": "french",
    "ga": "irish", "hi": "hindi", "hu": "hungarian", "hy": "armenian", "id": "indonesian",
    "it": "italian", "lt": "lithuanian", "ne": "nepali", "nl": "dutch", "no": "norwegian",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian", "sv": "swedish",
    "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
"""Language tag -> snowball's stemmer for it."""

MIN_CONTENT_WORD_CHARS = 4
"""Letters; shorter words are mostly of grammar, in any language that has letters."""

_WORD = re.compile(r"\w+")
_ASCII_SEPARATORS = {code: " " for code in range(128) if not _WORD.fullmatch(chr(code))}
_TYPOGRAPHIC_MARKS = "’‘“”–—«»"
"""What most texts have that are ASCII but for their typography."""
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
"""Where a word may be broken, or must not be; no reader sees them."""
_COMBINING_MARKS = re.compile(
    "[" + "".join(c for c in map(chr, range(0x300, 0x10000)) if unicodedata.combining(c)) + "]+"
)


def fold(text: str) -> str:
    """`" word word "`: lower case, no accents, no punctuation, a space at both ends."""
    return f" {' '.join(folded_words(text))} "


def folded_words(text: str) -> list[str]:
    """The words of a text: lower case, no accents, no punctuation."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
        for mark in _TYPOGRAPHIC_MARKS:
            text = text.replace(mark, " ")
        if not text.isascii():
            return _WORD.findall(_COMBINING_MARKS.sub("", text).translate(_INVISIBLE).casefold())
    return text.lower().translate(_ASCII_SEPARATORS).split()  # the same, in less than half the time


def content_words(words: Iterable[str]) -> Iterator[str]:
    """Those that are no mere grammar: long ones, and numbers."""
    return (word for word in words if len(word) >= MIN_CONTENT_WORD_CHARS or word.isdigit())


def is_indexed(word: str) -> bool:
    """True if SQLite's index takes a folded word for one word: its letters are those of Unicode
    6.1, and what was a letter in 3.2 is one of them."""
    return all(unicodedata.ucd_3_2_0.category(character)[0] in "LN" for character in word)


def stem_words(words: Sequence[str], language: str) -> Sequence[str]:
    """Folded words brought to their stems, so that "tariffs" is "tariff"; as they are without a
    language. Raises KeyError for a language that has no stemmer."""
    if not language:
        return words
    found: list[str] = _stemmer(STEMMERS[language]).stemWords(words)
    return found


_local = threading.local()


def _stemmer(name: str) -> Stemmer.Stemmer:
    """This thread's own, for they are not safe to share."""
    own: dict[str, Stemmer.Stemmer] = _local.__dict__
    if name not in own:
        own[name] = Stemmer.Stemmer(name)
    return own[name]
