"""What a word or a phrase looks like in folded text.

A word of a query is found by its needles, of which one occurs wherever the word does: `" strike "`,
or for a prefix `" strik"`. There are several where a language does not write the word always in the
same way, or not always apart from others:

- Chinese, Japanese, Thai, Lao, Khmer and Burmese text is divided by a dictionary, which may divide
  a phrase otherwise in another place. Every division is looked for. A Chinese word also begins a
  longer one.
- Korean, Arabic and Hebrew words may have particles or articles (`text.clitics`).
- Letters with a stroke or an umlaut are also written as two: Müller, Mueller; Đoković, Djokovic.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import islice, product

from aggregator.text.clitics import with_clitics
from aggregator.text.segmentation import HAN, UNSPACED, is_unspaced
from aggregator.text.tokens import folded_words

__all__ = ["needles_of"]

MAX_PIECES = 6
"""Parts of a phrase without spaces that are joined in every way; a longer one is divided as the
dictionary does, or not at all."""
MAX_CHARACTER_PIECES = 4
"""Characters of a Chinese word that are divided in every way."""
MAX_NEEDLES = 200
"""Ways to write one word or phrase; of more, the first are looked for."""

_HAN_WORD = re.compile(f"[{HAN}]+")
_UNSPACED_WORD = re.compile(f"[{UNSPACED}]+")
_DIGRAPHS = {"đ": "dj", "ø": "oe", "ö": "oe", "ä": "ae", "ü": "ue", "å": "aa"}
_DIGRAPH_LETTER = re.compile(f"[{''.join(_DIGRAPHS)}]")


def needles_of(text: str, *, is_prefix: bool = False) -> tuple[str, ...]:
    """The needles of a word or phrase; empty if there is no letter or digit in it."""
    found = (
        needle
        for spelling in _spellings(text)
        if (words := folded_words(spelling))
        for needle in (
            _divided(words, is_prefix=is_prefix)
            if is_unspaced(spelling)
            else _with_clitics(words, is_prefix=is_prefix)
        )
    )
    return tuple(dict.fromkeys(islice(found, MAX_NEEDLES)))


def _spellings(text: str) -> Iterator[str]:
    """The text as it is, and as it is written without its special letters."""
    yield text
    lower = unicodedata.normalize("NFC", text).lower()
    if _DIGRAPH_LETTER.search(lower):
        yield _DIGRAPH_LETTER.sub(lambda found: _DIGRAPHS[found[0]], lower)
    if re.search("dj.", lower):
        yield lower.replace("dj", "d")


def _with_clitics(words: list[str], *, is_prefix: bool) -> Iterator[str]:
    before, after = with_clitics(words[0], words[-1])
    phrase = " ".join(words)
    for first in before:
        if is_prefix:
            yield f" {first}{phrase}"
        else:
            yield from (f" {first}{phrase}{last} " for last in after)


def _divided(words: list[str], *, is_prefix: bool) -> Iterator[str]:
    """Needles for all ways in which a dictionary may divide a phrase."""
    divisions = [_divisions(run) for run in _runs(words)]
    for parts in product(*divisions):
        phrase = " ".join(parts)
        last = phrase.rpartition(" ")[2]
        begins_word = len(last) > 1 and _HAN_WORD.fullmatch(last) is not None
        yield f" {phrase}" if is_prefix or begins_word else f" {phrase} "


def _runs(words: list[str]) -> Iterator[list[str]]:
    """Words in a row that are written without spaces, and each other word."""
    run: list[str] = []
    for word in words:
        if run and not (_UNSPACED_WORD.fullmatch(word) and _UNSPACED_WORD.fullmatch(run[-1])):
            yield run
            run = []
        run.append(word)
    yield run


def _divisions(words: list[str]) -> list[str]:
    """The ways to divide a run, joined by spaces; first as the dictionary does."""
    run = "".join(words)
    is_short = len(run) <= MAX_CHARACTER_PIECES and _HAN_WORD.fullmatch(run) is not None
    pieces = list(run) if is_short else words
    if len(pieces) > MAX_PIECES:
        return [" ".join(words), run]
    ways = [""]
    for index, piece in enumerate(pieces):
        ways = [f"{way}{gap}{piece}" for way in ways for gap in (("", " ") if index else ("",))]
    return list(dict.fromkeys([" ".join(words), *ways]))
