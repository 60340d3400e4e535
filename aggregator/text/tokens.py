"""The words of a text, folded for comparison: lower case, no accents, no punctuation.

letters        one letter for its variants          segmentation   scripts without spaces
"""

import json
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

import Stemmer

from aggregator.text.letters import compose, fold_letters, join_apostrophes, marks
from aggregator.text.segmentation import separate_words

__all__ = [
    "STEMMERS", "content_words", "fold", "folded_words", "has_stems", "index_text", "search_text",
    "stemmed_words", "stems_of_words", "written_words",
]  # fmt: skip

STEMMERS = {
    "ar": "arabic", "ca": "catalan", "da": "danish", "de": "german", "el": "greek",
    "en": "english", "es": "spanish", "eu": "basque", "fi": "finnish", "fr": "french",
    "ga": "irish", "hi": "hindi", "hu": "hungarian", "hy": "armenian", "id": "indonesian",
    "it": "italian", "lt": "lithuanian", "ne": "nepali", "nl": "dutch", "no": "norwegian",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian", "sv": "swedish",
    "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
"""Language tag -> name of its Snowball stemmer."""

_LATIN = "A-Za-z\u00aa-\u024f\u1e00-\u1eff"
_STEMMED_LETTERS = {
    "ar": "\u0620-\u06ff", "el": "\u0370-\u03ff\u1f00-\u1fff", "hi": "\u0900-\u097f",
    "hy": "\u0531-\u058f", "ne": "\u0900-\u097f", "ru": "\u0400-\u04ff",
    "sr": f"{_LATIN}\u0400-\u04ff", "ta": "\u0b80-\u0bff", "yi": "\u0591-\u05f4",
}  # fmt: skip
"""Letters of languages that are not written in Latin letters, for a character class."""

MIN_CONTENT_WORD_CHARS = 4
"""Shorter words are mostly grammar, in any language written with letters."""
_SHORT_CONTENT_WORD = re.compile(
    "[\u3400-\u9fff\uac00-\ud7a3].+|[\u05d0-\u05ea\u0621-\u064a\u30a1-\u30fa].{2,}"
)
"""Content words of scripts that need fewer: Chinese and Korean two, Hebrew, Arabic and katakana
three."""

_ASCII_WORD = re.compile(r"\w")
_ASCII_SEPARATORS = {code: " " for code in range(128) if not _ASCII_WORD.match(chr(code))}
_TYPOGRAPHIC_MARKS = "‘“”–—«»…\u00a0"
"""Marks without which most texts are plain ASCII."""
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
"""Invisible characters that allow or forbid a line break inside a word."""


def fold(text: str) -> str:
    """The text as `" word word "`: lower case, no accents, no punctuation, spaces at both ends."""
    return f" {' '.join(folded_words(text))} "


def folded_words(text: str) -> list[str]:
    """The words of a text: lower case, no accents, no punctuation."""
    text = _without_typography(join_apostrophes(text))
    if not text.isascii():
        return _words(fold_letters(separate_words(text)))
    return text.lower().translate(_ASCII_SEPARATORS).split()  # the same result in half the time


def written_words(text: str) -> list[str]:
    """The words of a text as they are written, with capitals and accents."""
    text = separate_words(join_apostrophes(compose(text)))
    return _words(text if text.isascii() else text.translate(_INVISIBLE))


def has_stems(text: str, language: str) -> bool:
    """True if a letter of the text is one of those that the language is written with."""
    return re.search(f"[{_STEMMED_LETTERS.get(language, _LATIN)}]", text) is not None


def stemmed_words(text: str, language: str) -> list[str]:
    """The folded stems of the words of a text: `tariff` for *Tariffs*.

    Raises KeyError for a language that has no stemmer.
    """
    return " ".join(stems_of_words(written_words(text), language)).split()


def stems_of_words(words: Sequence[str], language: str) -> list[str]:
    """The folded stem of each word. Raises KeyError for a language that has no stemmer."""
    lower = _lower("\n".join(words), language).split("\n")
    stems: list[str] = _stemmer(STEMMERS[language]).stemWords(lower)
    return fold_letters("\n".join(stems)).split("\n")


def index_text(text: str) -> str:
    """The words of a text for the search index: all of them folded, and those that folding changed
    also in lower case as written, because stems are taken from unfolded words."""
    folded = folded_words(text)
    if _without_typography(text).isascii():
        return " ".join(folded)
    changed = (part for part in text.split() if "I" in part or not part.isascii())
    written = written_words(" ".join(changed))
    lower = {_lower(word, language) for word in written for language in ("", "tr")}
    return " ".join([*folded, *sorted(lower.difference(folded))])


def search_text(title: str, summary: str, tags: Sequence[str], author: str) -> str:
    """The text of an entry that is searched, for `index_text`; the view `entry_words` of the store
    says the same."""
    return f"{title} {summary} {json.dumps(tags, ensure_ascii=False)} {author}"


def _without_typography(text: str) -> str:
    """The text with spaces for typographic marks: without them, most texts are plain ASCII."""
    if not text.isascii():
        for mark in _TYPOGRAPHIC_MARKS:
            text = text.replace(mark, " ")
    return text


def content_words(words: Iterable[str]) -> Iterator[str]:
    """The words that carry meaning: long ones and numbers."""
    return (
        word
        for word in words
        if len(word) >= MIN_CONTENT_WORD_CHARS
        or word.isdigit()
        or (not word.isascii() and _SHORT_CONTENT_WORD.fullmatch(word))
    )


def _words(text: str) -> list[str]:
    return _word_pattern().findall(text)


@cache
def _word_pattern() -> re.Pattern[str]:
    return re.compile(rf"\w[\w{marks()}]*")


def _lower(text: str, language: str) -> str:
    """The text in lower case; Turkish has an i without a dot."""
    if language == "tr":
        text = text.replace("I", "ı")
    return text.replace("İ", "i").lower()


_local = threading.local()


def _stemmer(name: str) -> Stemmer.Stemmer:
    """This thread's own stemmer, since stemmers are not thread-safe."""
    stemmers: dict[str, Stemmer.Stemmer] = _local.__dict__
    if name not in stemmers:
        stemmers[name] = Stemmer.Stemmer(name)
    return stemmers[name]
