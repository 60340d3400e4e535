"""The words of a text as everything here compares them: small letters, no accents, no marks."""

import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

import Stemmer

__all__ = ["STEMMED", "fold", "folded_words", "is_indexed", "meaningful", "stemmed"]

STEMMED = {
    "ar": "arabic", "ca": "catalan", "da": "danish", "de": "german", "el": "greek",
    "en": "english", "es": "spanish", "eu": "basque", "fi": "finnish", "fr": "french",
    "ga": "irish", "hi": "hindi", "hu": "hungarian", "hy": "armenian", "id": "indonesian",
    "it": "italian", "lt": "lithuanian", "ne": "nepali", "nl": "dutch", "no": "norwegian",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian", "sv": "swedish",
    "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
"""Language tag -> snowball's stemmer for it."""

LONG = 4
"""Letters; shorter words are mostly of grammar, in any language that has letters."""

_WORD = re.compile(r"\w+")
_GAPS = {code: " " for code in range(128) if not _WORD.fullmatch(chr(code))}
_MARKS = "’‘“”–—«»"
"""What most texts have that are ASCII but for their typography."""
_UNSEEN = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
"""Where a word may be broken, or must not be; no reader sees them."""
_ACCENT = re.compile(
    "[" + "".join(c for c in map(chr, range(0x300, 0x10000)) if unicodedata.combining(c)) + "]+"
)


def fold(text: str) -> str:
    """`" word word "`: lower case, no accents, no punctuation, a space at both ends."""
    return f" {' '.join(folded_words(text))} "


def folded_words(text: str) -> list[str]:
    """The words of a text: lower case, no accents, no punctuation."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
        for mark in _MARKS:
            text = text.replace(mark, " ")
        if not text.isascii():
            return _WORD.findall(_ACCENT.sub("", text).translate(_UNSEEN).casefold())
    return text.lower().translate(_GAPS).split()  # the same, in less than half the time


def meaningful(words: Iterable[str]) -> Iterator[str]:
    """Those that are no mere grammar: long ones, and numbers."""
    return (word for word in words if len(word) >= LONG or word.isdigit())


def is_indexed(word: str) -> bool:
    """True if SQLite's index takes a folded word for one word: its letters are those of Unicode
    6.1, and what was a letter in 3.2 is one of them."""
    return all(unicodedata.ucd_3_2_0.category(character)[0] in "LN" for character in word)


def stemmed(words: Sequence[str], language: str) -> Sequence[str]:
    """Folded words brought to their stems, so that "tariffs" is "tariff"; as they are without a
    language. Raises KeyError for a language that has no stemmer."""
    if not language:
        return words
    found: list[str] = _stemmer(STEMMED[language]).stemWords(words)
    return found


_local = threading.local()


def _stemmer(name: str) -> Stemmer.Stemmer:
    """This thread's own, for they are not safe to share."""
    own: dict[str, Stemmer.Stemmer] = _local.__dict__
    if name not in own:
        own[name] = Stemmer.Stemmer(name)
    return own[name]
