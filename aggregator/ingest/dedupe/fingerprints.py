"""Fingerprints for finding near-duplicates: a few numbers that copies of a text mostly share.

    Entry --fingerprints_of--> {48-bit numbers}

- The opening, by winnowing (Schleimer, Wilkerson, Aiken 2003): any run of
  `SHINGLE_WORDS + WINNOW_SHINGLES - 1` words that two openings share gives them a number in common.
  Finds an excerpt of thirty words in an article of two thousand.
- A longer text, by MinHash: the probability that each number is shared is the Jaccard similarity
  of both texts. Finds texts whose openings differ.
- A sample of all runs of words in a longer text: those whose numbers are divisible by
  SAMPLED_SHINGLES. Finds an excerpt of two hundred words, wherever it is from.
- The title, and each URL that the article is said to come from: one number each; of a long title,
  some by winnowing, too.

A shared number is not proof: `similarity` compares the entries word by word. A number that many
entries share belongs to a stock phrase, and is ignored (COMMON_FINGERPRINT_ENTRIES).
"""

from collections.abc import Sequence
from html import escape

from rensa import CMinHash, RMinHash

from aggregator.model import Entry
from aggregator.text.boilerplate import article_text, strip_title_affixes
from aggregator.text.tokens import folded_words

__all__ = [
    "COMMON_FINGERPRINT_ENTRIES", "FINGERPRINT_VERSION", "attribution_fingerprint",
    "compute_fingerprints", "fingerprints_of", "shingles",
]  # fmt: skip

FINGERPRINT_VERSION = 2
"""Fingerprints of different versions have nothing in common."""
COMMON_FINGERPRINT_ENTRIES = 64
"""Entries that may share a fingerprint before it counts as that of a stock phrase."""

SHINGLE_WORDS = 5
"""Words per shingle; with four, three times as many entries share one by chance."""
WINNOW_SHINGLES = 6
"""Window size in shingles; one of each window is kept."""
OPENING_WORDS = 48
"""Words at the beginning of a text: a generous excerpt."""
SAMPLED_SHINGLES = 64
"""One of so many shingles is in the sample, a power of two: three of an excerpt of two hundred
words."""
MINHASH_COUNT = 6
"""With 6, 88 of 100 pairs of similarity 0.3 (half of the words are the same) share a number, and 98
of texts of 300 words together with the sample; 12 find no more in the labelled sets."""
MIN_TITLE_WORDS = 5
"""A shorter title does not identify an article."""
LONG_TITLE_WORDS = SHINGLE_WORDS + WINNOW_SHINGLES
"""Words of a title that has a passage in common with another title."""
_FINGERPRINT_MASK = (1 << 48) - 1
"""Six bytes: SQLite stores them more compactly, and a million entries hardly ever collide."""
_GOLDEN_RATIO = 0x9E3779B97F4A7C15


def fingerprints_of(entry: Entry) -> tuple[int, ...]:
    """The fingerprints of an entry."""
    text = article_text(entry.content or escape(entry.summary))
    return compute_fingerprints(entry.title, text, entry.source_urls)


def compute_fingerprints(title: str, text: str, source_urls: Sequence[str] = ()) -> tuple[int, ...]:
    """The fingerprints of an article; `source_urls` are URLs that it is said to come from."""
    words = folded_words(text)
    phrases = shingles(words, SHINGLE_WORDS)
    hashes = _hashes(phrases)
    found = _winnow(hashes[: OPENING_WORDS - SHINGLE_WORDS + 1])
    if len(words) > OPENING_WORDS:
        found |= _minhashes(phrases) | _sample(hashes)
    texts = [f"address {url}" for url in source_urls]
    title_words = folded_words(strip_title_affixes(title))
    if len(title_words) >= MIN_TITLE_WORDS:
        texts.append(f"title {' '.join(title_words)}")
    if len(title_words) >= LONG_TITLE_WORDS:
        found |= _winnow(_hashes(shingles(title_words, SHINGLE_WORDS)))
    found |= set(_hashes(texts))
    return tuple(sorted(number & _FINGERPRINT_MASK for number in found))


def shingles(words: Sequence[str], length: int) -> list[str]:
    """All runs of `length` words."""
    runs = zip(*(words[start:] for start in range(length)), strict=False)
    return list(map(" ".join, runs))


def attribution_fingerprint(url: str) -> int:
    """The fingerprint of everything that is said to come from a URL."""
    return _hashes([f"address {url}"])[0] & _FINGERPRINT_MASK


def _winnow(hashes: list[int]) -> set[int]:
    if len(hashes) < WINNOW_SHINGLES:
        return {min(hashes)} if hashes else set()
    runs = zip(*(hashes[start:] for start in range(WINNOW_SHINGLES)), strict=False)
    return set(map(min, runs))


def _sample(hashes: list[int]) -> set[int]:
    return {number for number in hashes if not number & (SAMPLED_SHINGLES - 1)}


def _minhashes(phrases: list[str]) -> set[int]:
    sketch = CMinHash(MINHASH_COUNT, FINGERPRINT_VERSION)
    sketch.update(phrases)
    return {
        (minimum ^ (index * _GOLDEN_RATIO)) & _FINGERPRINT_MASK
        for index, minimum in enumerate(sketch.digest_u64())
    }


def _hashes(texts: list[str]) -> list[int]:
    hashed: list[list[int]] = RMinHash.hash_token_sets([texts])
    return hashed[0]
