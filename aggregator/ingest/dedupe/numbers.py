"""Numbers in headlines: those of the news, and the parts of a series."""

import re
from collections.abc import Sequence, Set

__all__ = ["differs_only_in_count", "numbers_in", "series_part", "strip_dates_and_times"]

_NAMES = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    " seventeen eighteen nineteen twenty"
)
NUMBER_WORDS = {name: str(number) for number, name in enumerate(_NAMES.split(), start=2)}
"""Number words that news agencies use."""
_ROMAN = "i ii iii iv v vi vii viii ix x xi xii xiii xiv xv"
PART_WORDS = {
    **NUMBER_WORDS,
    "one": "1",
    **{name: str(number) for number, name in enumerate(_ROMAN.split(), start=1)},
}
"""Words that number the parts of a series."""

_NUMBER = re.compile(r"\d[\d.,]*")
_MONTH = (
    r"(?:jan|feb|f[eé]v|mar|m[aä]r|apr|abr|avr|ma[iy]|mag|jun|juin|giu|jul|juil|lug|aug|ago"
    r"|ao[uû]|sep|set|o[ck]t|out|ott|nov|de[czs]|d[eé]c|dic|ene|gen)[^\W\d]*\.?"
)
_TIME = re.compile(
    r"\b\d{1,2}[:h]\d{2}\b|\b\d{1,2}(?:[:.]\d{2})?\s*[ap]\.?m\b|\b(?:19|20)\d\d\b"
    rf"|\b{_MONTH}\s+\d{{1,2}}\b"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th|\.)?\s+(?:de\s+)?{_MONTH}(?=\W|$)",
    re.IGNORECASE,
)
_PART = re.compile(
    r"\b(part|pt|episode|ep|chapter|day|week|vol|volume|teil|folge|parte|partie|capitulo)"
    rf" (\d+|{'|'.join(PART_WORDS)})\b"
)


def numbers_in(text: str, words: Sequence[str]) -> Set[str]:
    """The numbers in a text and its words: "28,131" is "28131", "twelve" is "12"."""
    found = _NUMBER.findall(text)
    spelt = (NUMBER_WORDS[word] for word in NUMBER_WORDS.keys() & set(words))
    return frozenset(number.replace(",", "").rstrip(".") for number in found).union(spelt)


def strip_dates_and_times(text: str) -> str:
    """The text without dates and times, whose numbers are not those of the news."""
    return _TIME.sub(" ", text) if _NUMBER.search(text) else text


def series_part(title: str) -> tuple[str, str] | None:
    """The part of a series that a folded title names: `("part", "2")`."""
    found = _PART.search(title)
    return (found[1], PART_WORDS.get(found[2], found[2])) if found else None


def differs_only_in_count(title: str, other: str) -> bool:
    """True if two folded titles differ only in their numbers."""
    words, counts = _split_counts(title)
    other_words, other_counts = _split_counts(other)
    return bool(counts and other_counts) and words == other_words and counts != other_counts


def _split_counts(title: str) -> tuple[list[str], list[str]]:
    """The words of a title, and its numbers."""
    words, counts = [], []
    for word in title.split():
        if word.isdigit() or word in PART_WORDS:
            counts.append(PART_WORDS.get(word, word))
        else:
            words.append(word)
    return words, counts
