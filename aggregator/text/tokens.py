"""The words of a text, folded for comparison: lower case, no accents, no punctuation."""

import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

import Stemmer

__all__ = ["STEMMERS", "content_words", "fold", "folded_words", "stem_words"]

STEMMERS = {
    "ar": "arabic", "ca": "catalan", "da": "danish", "de": "german", "el": "greek",
    "en": "english", "es": "spanish", "eu": "basque", "fi": "finnish", "fr": "french",
    "ga": "irish", "hi": "hindi", "hu": "hungarian", "hy": "armenian", "id": "indonesian",
    "it": "italian", "lt": "lithuanian", "ne": "nepali", "nl": "dutch", "no": "norwegian",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian", "sv": "swedish",
    "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
"""Language tag -> name of its Snowball stemmer."""

MIN_CONTENT_WORD_CHARS = 4
"""Shorter words are mostly grammar, in any language written with letters."""

_WORD = re.compile(r"\w+")
_ASCII_SEPARATORS = {code: " " for code in range(128) if not _WORD.fullmatch(chr(code))}
_TYPOGRAPHIC_MARKS = "’‘“”–—«»"
"""Marks without which most texts are plain ASCII."""
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
"""Invisible characters that allow or forbid a line break inside a word."""
_COMBINING_MARKS = re.compile(
    "[" + "".join(c for c in map(chr, range(0x300, 0x10000)) if unicodedata.combining(c)) + "]+"
)


def fold(text: str) -> str:
    """The text as `" word word "`: lower case, no accents, no punctuation, spaces at both ends."""
    return f" {' '.join(folded_words(text))} "


def folded_words(text: str) -> list[str]:
    """The words of a text: lower case, no accents, no punctuation."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
        for mark in _TYPOGRAPHIC_MARKS:
            text = text.replace(mark, " ")
        if not text.isascii():
            return _WORD.findall(_COMBINING_MARKS.sub("", text).translate(_INVISIBLE).casefold())
    return text.lower().translate(_ASCII_SEPARATORS).split()  # the same result in half the time


def content_words(words: Iterable[str]) -> Iterator[str]:
    """The words that carry meaning: long ones and numbers."""
    return (word for word in words if len(word) >= MIN_CONTENT_WORD_CHARS or word.isdigit())


def stem_words(words: Sequence[str], language: str) -> Sequence[str]:
    """The stems of folded words ("tariff" for "tariffs"); without a language, the words themselves.

    Raises KeyError for a language that has no stemmer.
    """
    if not language:
        return words
    stems: list[str] = _stemmer(STEMMERS[language]).stemWords(words)
    return stems


_local = threading.local()


def _stemmer(name: str) -> Stemmer.Stemmer:
    """This thread's own stemmer, since stemmers are not thread-safe."""
    stemmers: dict[str, Stemmer.Stemmer] = _local.__dict__
    if name not in stemmers:
        stemmers[name] = Stemmer.Stemmer(name)
    return stemmers[name]
