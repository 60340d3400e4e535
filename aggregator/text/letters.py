"""Letters, folded for comparison: lower case, no accents, one letter for its variants.

Accents go where a script has them besides its letters: Latin, Greek, Cyrillic, and the vowel points
of Hebrew and Arabic. In the scripts of India and South-East Asia, and in Japanese, marks are
letters of their own and stay: without them Hindi for violence is that for a swan.
"""

import re
import unicodedata
from functools import cache

__all__ = ["compose", "fold_letters", "join_apostrophes", "marks"]

MAX_MARKS = 30
"""Marks on one letter that count (Stream-Safe Text Format, UAX 15): normalising more takes time
that is quadratic in their number."""
_MANY_MARKS = re.compile(rf"([^\w\s\x00-\x7f]{{{MAX_MARKS}}})[^\w\s\x00-\x7f]+")

_ACCENTS = re.compile(
    "["
    "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff"  # invisible
    "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"  # of any script
    "\u0483-\u0489\u2de0-\u2dff\ua66f-\ua67d"  # of Cyrillic
    "\u0591-\u05bd\u05bf-\u05c7"  # points of Hebrew
    "\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed\u08d3-\u08ff"  # vowels of Arabic
    "\u0711\u0730-\u074a"  # vowels of Syriac
    "\u093c\u0a3c"  # the dots of Devanagari and Gurmukhi, which many leave out
    "\u02b9-\u02bb\u02bd-\u02c1\ua78b\ua78c"  # letters that look like apostrophes
    "]+"
)
_VARIANTS = {
    "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ŋ": "n", "ĸ": "q", "ı": "i", "ȷ": "j",
    "ə": "e", "ɛ": "e", "ɔ": "o",
    "ک": "ك", "ی": "ي", "ى": "ي", "ے": "ي", "ہ": "ه", "ھ": "ه", "ة": "ه", "ۃ": "ه", "ٱ": "ا",
    "ँ": "ं",
}  # fmt: skip
"""Letters that Unicode does not decompose: Latin as in the CLDR's Latin-ASCII, Arabic and
Devanagari as Lucene's normalizers do."""
_LATIN_BLOCKS = ((0x80, 0x2B0), (0x1D6B, 0x1D9B), (0x2C60, 0x2C80), (0xA720, 0xA800))
_LATIN_WITH_STROKE = re.compile("LATIN SMALL LETTER ([A-Z]) WITH ")

_VOWELS_APOSTROPHE = re.compile(r"'(?<=[aeiouAEIOU]')(?<![Qq][Uu]')(?=[aeiouAEIOU])")
_JOINING_MARKS = re.compile(
    "['’‘`´\"”״׳]"
    "(?:(?<=[\u0400-\u052f].)(?=[\u0400-\u052f])"  # Ukrainian, Belarusian
    "|(?<=[\u05d0-\u05ea].)(?=[\u05d0-\u05ea])"  # abbreviations in Hebrew
    "|(?<=[A-Za-z]‘)(?=[A-Za-z]))"  # an opening quotation mark inside a word is an ʻokina
)


def join_apostrophes(text: str) -> str:
    """The text without the apostrophes that are letters of a word: Shi'ite is Shiite, and Hawai'i
    is Hawaii, however they are typed; but the apostrophe of *people's* separates two words.

    An apostrophe between two vowels is a letter, except in French after *qu*.
    """
    if not text.isascii():
        text = _JOINING_MARKS.sub("", text.replace("\u02bc", "'"))
        text = text.replace("’", "'")
    return _VOWELS_APOSTROPHE.sub("", text) if "'" in text else text


def fold_letters(text: str) -> str:
    """The text in lower case, without accents, with one letter and digit for its variants."""
    text = _ACCENTS.sub("", unicodedata.normalize("NFKD", _MANY_MARKS.sub(r"\1", text))).casefold()
    variants, pattern = _variants()
    text = pattern.sub(lambda found: variants[found[0]], text)
    return unicodedata.normalize("NFC", text)  # Korean syllables, Japanese letters with marks


def compose(text: str) -> str:
    """The text with one character for each letter and its accent, as keyboards write it (NFC)."""
    return text if text.isascii() else unicodedata.normalize("NFC", _MANY_MARKS.sub(r"\1", text))


@cache
def _variants() -> tuple[dict[str, str], re.Pattern[str]]:
    """What stands for each letter and digit that has variants, and a pattern for them."""
    variants = dict(_VARIANTS)
    for first, end in _LATIN_BLOCKS:
        for letter in map(chr, range(first, end)):
            found = _LATIN_WITH_STROKE.match(unicodedata.name(letter, ""))
            if found and not unicodedata.decomposition(letter):
                variants[letter] = found[1].lower()
    for sign in _signs("Nd"):
        variants[sign] = str(unicodedata.decimal(sign))
    return variants, re.compile(f"[{''.join(variants)}]")


@cache
def marks() -> str:
    """All marks that belong to words, for a character class; `\\w` has none of them."""
    return "".join(_signs("Mn", "Mc"))


def _signs(*categories: str) -> list[str]:
    """The characters beyond Latin of these categories of Unicode, without those of scripts that few
    computers show: a class of characters with one of them is ten times as slow."""
    characters = map(chr, range(0x300, 0x10000))
    return [sign for sign in characters if unicodedata.category(sign) in categories]
