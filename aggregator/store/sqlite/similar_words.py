"""Words of the index that a misspelt one may stand for."""

from collections.abc import Collection, Iterator
from difflib import SequenceMatcher

from sqlite_utils import Database

__all__ = ["similar_words"]

MAX_LENGTH_DIFFERENCE = 2
MIN_WORD_CHARS = 4
"""Shorter words are not corrected: too many others are like them."""
MIN_COMMON_TRIGRAMS = 0.2
"""Share of the trigrams of two words that both have: a quick test of whether to compare them."""
MIN_SIMILARITY = 0.75
"""Of words, by their longest common parts (difflib)."""
MAX_COMPARED_WORDS = 50_000


def similar_words(db: Database, words: Collection[str]) -> dict[str, str]:
    """For each folded word that no entry has, the most similar one that some have, if there is one;
    of equally similar ones, the most frequent."""
    found = {}
    for word in words:
        if len(word) >= MIN_WORD_CHARS and not _is_known(db, word):
            best = max(_candidates(db, word), default=None)
            if best:
                found[word] = best[2]
    return found


def _is_known(db: Database, word: str) -> bool:
    sql = "select exists (select 1 from entry_search_terms where term = ?)"
    return bool(db.execute(sql, [word]).fetchone()[0])


def _candidates(db: Database, word: str) -> Iterator[tuple[float, int, str]]:
    """Similarity, number of entries, and word, of those that begin with the same letter."""
    sql = """select term, doc from entry_search_terms where term >= ? and term < ?
             and length(term) between ? and ? limit ?"""
    first, length = word[0], len(word)
    given = [first, f"{first}\U0010ffff", length - MAX_LENGTH_DIFFERENCE]
    given_max = [length + MAX_LENGTH_DIFFERENCE, MAX_COMPARED_WORDS]
    own, matcher = _trigrams(word), SequenceMatcher(b=word, autojunk=False)
    for term, doc in db.execute(sql, [*given, *given_max]):
        theirs = _trigrams(term)
        if len(own & theirs) < MIN_COMMON_TRIGRAMS * len(own | theirs):
            continue
        matcher.set_seq1(term)
        if (similarity := matcher.ratio()) >= MIN_SIMILARITY:
            yield similarity, doc, term


def _trigrams(word: str) -> frozenset[str]:
    padded = f"  {word} "
    return frozenset(padded[start : start + 3] for start in range(len(padded) - 2))
