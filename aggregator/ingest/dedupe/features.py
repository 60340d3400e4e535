"""Text features of an entry, for comparing two of them."""

import re
from collections.abc import Set
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import TypeAlias

from aggregator.ingest.dedupe.numbers import numbers_in, series_part, strip_dates_and_times
from aggregator.model import Entry, Source
from aggregator.text.boilerplate import article_text, split_quotations, strip_title_affixes
from aggregator.text.tokens import content_words, folded_words

__all__ = ["Phrase", "TextFeatures"]

Phrase: TypeAlias = tuple[str, str, str]
"""Three words in a row; fingerprints use longer runs, but here every shared phrase counts."""
MAX_COMPARED_WORDS = 2_000
_LIVE_PAGE = re.compile(
    r"(?:the latest|live|live ?stream|watch live|as it happened|en direct|en vivo|en directo"
    r"|ao vivo|in diretta|liveticker)"
    r"\s*[:|–—-]|the latest on\b|as it happened\b|.*\b(?:live (?:updates?|blog)|updates live)\b",
    re.IGNORECASE,
)
"""Titles of pages to which an outlet or agency adds dispatch after dispatch."""
LEDE_CHARS = 400
"""Characters at the beginning of a text, about 60 words, that state the numbers of the news."""


@dataclass(frozen=True)
class TextFeatures:
    """Words and numbers of an entry, without boilerplate; each feature is computed on first use.

    `outlet` is None if it is not known, and has no site if it is not listed. `stock` are phrases
    that are not counted, because other articles of the outlet have them.
    """

    entry: Entry
    outlet: Source | None = None
    stock: Set[Phrase] = frozenset()

    @cached_property
    def _text(self) -> str:
        return article_text(self.entry.content or escape(self.entry.summary))

    @cached_property
    def words(self) -> list[str]:
        """The words of the text, in order."""
        return folded_words(self._text)[:MAX_COMPARED_WORDS]

    @cached_property
    def phrases(self) -> list[Phrase]:
        """Every three words of the text, in order."""
        words = self.words
        return list(zip(words, words[1:], words[2:], strict=False))

    @cached_property
    def phrase_set(self) -> Set[Phrase]:
        """The distinct phrases of the text."""
        return frozenset(self.phrases) - self.stock

    @cached_property
    def own_phrases(self) -> list[Phrase]:
        """Every three words outside quotations, in order: what others say is no one's own text."""
        parts = split_quotations(self._text)
        if len(parts) == 1:
            return [phrase for phrase in self.phrases if phrase not in self.stock]
        words = [folded_words(part)[:MAX_COMPARED_WORDS] for part in parts]
        phrases = (p for part in words for p in zip(part, part[1:], part[2:], strict=False))
        return [phrase for phrase in phrases if phrase not in self.stock]

    @cached_property
    def title(self) -> str:
        """The words of the title, without rubric and outlet."""
        return " ".join(folded_words(strip_title_affixes(self.entry.title)))

    @cached_property
    def title_words(self) -> Set[str]:
        """The content words of the title."""
        return frozenset(content_words(self.title.split()))

    @cached_property
    def is_live_page(self) -> bool:
        """True for a page of many dispatches, which others publish as articles too."""
        return _LIVE_PAGE.match(self.entry.title) is not None

    @cached_property
    def vocabulary(self) -> Set[str]:
        """The distinct words of title and text."""
        return frozenset(self.words).union(folded_words(self.entry.title))

    @cached_property
    def full_title(self) -> str:
        """The words of the title, with rubric and outlet."""
        return " ".join(folded_words(self.entry.title))

    @cached_property
    def part(self) -> tuple[str, str] | None:
        """The part of a series that the title names: `("part", "2")`."""
        return series_part(self.full_title)

    @cached_property
    def numbers(self) -> Set[str]:
        """All numbers in title and text."""
        return numbers_in(
            f"{self.entry.title} {self._text}", [*self.full_title.split(), *self.words]
        )

    @cached_property
    def headline_numbers(self) -> Set[str]:
        """The numbers in the title and the first sentences, without dates and times."""
        lede = self._text[:LEDE_CHARS]
        if len(self._text) > LEDE_CHARS:
            lede = lede.rpartition(" ")[0]  # not in the middle of a number
        head = strip_dates_and_times(f"{strip_title_affixes(self.entry.title)} {lede}")
        return numbers_in(head, folded_words(head))

    @cached_property
    def title_numbers(self) -> Set[str]:
        """The numbers in the title that are written in digits, without dates and times."""
        return numbers_in(strip_dates_and_times(strip_title_affixes(self.entry.title)), ())
