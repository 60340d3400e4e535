"""What two entries have in common: phrases, passages, titles."""

from collections.abc import Sequence, Set
from difflib import SequenceMatcher
from functools import cached_property

from aggregator.ingest.dedupe.features import TextFeatures

__all__ = ["NEAR_FULL_COVERAGE", "Overlap", "common_run", "fraction"]

MIN_OWN_PHRASES = 20
"""Phrases outside quotations by which texts are compared."""
MIN_COMMENT_PHRASES = 60
"""Phrases that a text has besides what it quotes, if it is an article of its own."""
QUOTED_SHARE = 0.8
"""Fraction of what two texts share that is quoted in one and written by the other."""
NEAR_FULL_COVERAGE = 0.9
MAX_LENGTH_RATIO = 1.5
"""How many times as long a text may be that is still the same as the other."""


class Overlap:
    """What two entries have in common; costly measures are computed on first use."""

    def __init__(self, a: TextFeatures, b: TextFeatures) -> None:
        self.a, self.b = a, b
        self._shorter, self._longer = sorted(
            (a, b), key=lambda text: (len(text.phrase_set), text.words)
        )
        self._common = self._shorter.phrase_set & self._longer.phrase_set
        self.phrase_count = len(self._common)
        self.shorter_phrase_count = len(self._shorter.phrase_set)
        """Phrases of the shorter text."""
        self.coverage = (
            self.phrase_count / self.shorter_phrase_count if self.shorter_phrase_count else 0.0
        )
        """Fraction of these phrases that the other text has."""
        self.longer_phrase_count = len(self._longer.phrase_set)
        self.is_same_text = (
            self.coverage >= NEAR_FULL_COVERAGE
            and self.longer_phrase_count < MAX_LENGTH_RATIO * self.shorter_phrase_count
        )
        """Whether the texts are the same, rather than one a part of the other."""

    @property
    def is_shorter_later(self) -> bool:
        """Whether the shorter text was published after the other."""
        return self._shorter.entry.published > self._longer.entry.published

    @cached_property
    def run_words(self) -> int:
        """Length in words of the longest run of phrases that the other text has too."""
        longest = run = 0
        for phrase in self._shorter.phrases:
            run = run + 1 if phrase in self._common else 0
            longest = max(longest, run)
        return longest + 2 if longest else 0

    @cached_property
    def own_coverage(self) -> float:
        """Fraction of the shorter text's phrases outside quotations that the other text has; two
        reports quote the same statement."""
        own = set(self._shorter.own_phrases)
        return len(own & self._longer.phrase_set) / len(own) if len(own) >= MIN_OWN_PHRASES else 1.0

    @cached_property
    def is_quotation(self) -> bool:
        """Whether one text quotes the other at length, and has words of its own besides."""
        return any(self._quotes(one, other) for one, other in ((self.a, self.b), (self.b, self.a)))

    def _quotes(self, one: TextFeatures, other: TextFeatures) -> bool:
        if one.entry.published < other.entry.published:
            return False
        own = set(one.own_phrases)
        quoted = self._common - own
        if len(quoted) < QUOTED_SHARE * len(self._common) or not quoted:
            return False
        from_other = quoted & set(other.own_phrases)
        is_article = len(from_other) >= QUOTED_SHARE * len(quoted)
        return is_article and len(own - self._common) >= MIN_COMMENT_PHRASES

    @cached_property
    def title_overlap(self) -> float:
        """Fraction of the shorter title's words that the other title has."""
        one, other = sorted((self.a.title_words, self.b.title_words), key=len)
        return fraction(one, other)

    @cached_property
    def title_in_text(self) -> float:
        """Fraction of the longer text's title that the shorter entry has in its title or text.

        The reverse is not evidence: a round-up contains the titles of all articles that it covers.
        """
        return fraction(self._longer.title_words, self._shorter.vocabulary)


def fraction(words: Set[str], others: Set[str]) -> float:
    """The fraction of the words that are among the others."""
    return len(words & others) / len(words) if words else 0.0


def common_run(words: Sequence[str], others: Sequence[str]) -> int:
    """Length of the longest run of words that both have."""
    return SequenceMatcher(None, words, others, autojunk=False).find_longest_match().size
