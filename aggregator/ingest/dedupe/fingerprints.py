"""By what a text can be found again: a few numbers that its copies are likely to share.

    words --prints_of--> {48-bit numbers}

- Of the opening, fingerprints by winnowing (Schleimer, Wilkerson, Aiken 2003): any run of
  `SHINGLE + WINNOW - 1` words that two openings share gives them a number in common. They find
  an excerpt of thirty words in an article of two thousand.
- Of a longer text, its MinHash: each of the numbers is shared with the probability that is the
  Jaccard likeness of both texts. They find texts whose openings differ.
- Of the title and of each address that the article is said to come from, one.

What two entries share is no proof: dedupe compares them word by word. A number that many
entries share is that of a standing phrase, and is not looked at (see COMMON).
"""

from collections.abc import Sequence

from rensa import CMinHash, RMinHash

from aggregator.text.boilerplate import strip_title_affixes
from aggregator.text.tokens import folded_words

__all__ = [
    "COMMON_FINGERPRINT_ENTRIES",
    "FINGERPRINT_VERSION",
    "attribution_fingerprint",
    "compute_fingerprints",
    "shingles",
]

FINGERPRINT_VERSION = 2
"""Of this way to make prints; prints of different versions have nothing in common."""
COMMON_FINGERPRINT_ENTRIES = 64
"""Entries that may share a print before it stands for a phrase and not for an article."""

SHINGLE_WORDS = 5
"""Words; with four, three times as many entries share one by chance."""
WINNOW_SHINGLES = 6
"""Shingles of which one is kept."""
OPENING_WORDS = 48
"""Words, a generous excerpt."""
MINHASH_COUNT = 12
"""With so many, 98 of 100 pairs of a likeness of 0.3 share one: two texts of one length of which
half is the same."""
MIN_TITLE_WORDS = 5
"""Words of a title that may name one article."""
_FINGERPRINT_MASK = (1 << 48) - 1
"""Numbers of six bytes: SQLite keeps them shorter, and of a million entries two hardly agree
by chance."""
_GOLDEN_RATIO = 0x9E3779B97F4A7C15


def compute_fingerprints(title: str, text: str, originals: Sequence[str] = ()) -> tuple[int, ...]:
    """The prints of an article; `originals` are addresses that it is said to come from."""
    words = folded_words(text)
    phrases = shingles(words, SHINGLE_WORDS)
    found = _opening(phrases[: OPENING_WORDS - SHINGLE_WORDS + 1])
    if len(words) > OPENING_WORDS:
        found |= _whole(phrases)
    named = [f"address {address}" for address in originals]
    title_words = folded_words(strip_title_affixes(title))
    if len(title_words) >= MIN_TITLE_WORDS:
        named.append(f"title {' '.join(title_words)}")
    found |= set(_hashes(named))
    return tuple(sorted(number & _FINGERPRINT_MASK for number in found))


def shingles(words: Sequence[str], length: int) -> list[str]:
    """All runs of that many words."""
    runs = zip(*(words[start:] for start in range(length)), strict=False)
    return list(map(" ".join, runs))


def attribution_fingerprint(address: str) -> int:
    """The print of all that is said to come from an address."""
    return _hashes([f"address {address}"])[0] & _FINGERPRINT_MASK


def _opening(phrases: list[str]) -> set[int]:
    hashes = _hashes(phrases)
    if len(hashes) < WINNOW_SHINGLES:
        return {min(hashes)} if hashes else set()
    return set(map(min, zip(*(hashes[start:] for start in range(WINNOW_SHINGLES)), strict=False)))


def _whole(phrases: list[str]) -> set[int]:
    sketch = CMinHash(MINHASH_COUNT, FINGERPRINT_VERSION)
    sketch.update(phrases)
    return {
        (least ^ (place * _GOLDEN_RATIO)) & _FINGERPRINT_MASK
        for place, least in enumerate(sketch.digest_u64())
    }


def _hashes(texts: list[str]) -> list[int]:
    hashed: list[list[int]] = RMinHash.hash_token_sets([texts])
    return hashed[0]
