"""What an entry is compared by."""

from collections.abc import Set
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import TypeAlias

from aggregator.ingest.dedupe.numbers import numbers_in, series_part, strip_dates_and_times
from aggregator.model import Entry
from aggregator.text.boilerplate import article_text, strip_title_affixes
from aggregator.text.tokens import content_words, folded_words

__all__ = ["TextFeatures"]

Phrase: TypeAlias = tuple[str, str, str]
"""Shorter than those that are looked for, since here every shared phrase counts."""
MAX_COMPARED_WORDS = 2_000
LEDE_CHARS = 400
"""Characters of a text whose numbers are those of the news: about the first 60 words."""


@dataclass(frozen=True)
class TextFeatures:
    """One entry's words, without what its outlet has added to them. Made when first asked for."""

    entry: Entry

    @cached_property
    def _text(self) -> str:
        return article_text(self.entry.content or escape(self.entry.summary))

    @cached_property
    def words(self) -> list[str]:
        """Of the text, in order."""
        return folded_words(self._text)[:MAX_COMPARED_WORDS]

    @cached_property
    def phrases(self) -> list[Phrase]:
        """Every three words of the text, in order."""
        words = self.words
        return list(zip(words, words[1:], words[2:], strict=False))

    @cached_property
    def phrase_set(self) -> Set[Phrase]:
        return frozenset(self.phrases)

    @cached_property
    def title(self) -> str:
        """Words of the title alone, without rubric and outlet."""
        return " ".join(folded_words(strip_title_affixes(self.entry.title)))

    @cached_property
    def title_words(self) -> Set[str]:
        """Those that mean something."""
        return frozenset(content_words(self.title.split()))

    @cached_property
    def vocabulary(self) -> Set[str]:
        """The words of title and text."""
        return frozenset(self.words).union(folded_words(self.entry.title))

    @cached_property
    def whole_title(self) -> str:
        """Its words, with rubric and outlet."""
        return " ".join(folded_words(self.entry.title))

    @cached_property
    def part(self) -> tuple[str, str] | None:
        """The part of a series that the title names: `("part", "2")`."""
        return series_part(self.whole_title)

    @cached_property
    def numbers(self) -> Set[str]:
        """All figures of title and text."""
        return numbers_in(
            f"{self.entry.title} {self._text}", [*self.whole_title.split(), *self.words]
        )

    @cached_property
    def headline_numbers(self) -> Set[str]:
        """Those of the title and the first sentences, where news has its figures."""
        head = strip_dates_and_times(
            f"{strip_title_affixes(self.entry.title)} {self._text[:LEDE_CHARS]}"
        )
        return numbers_in(head, folded_words(head))

    @cached_property
    def title_figures(self) -> Set[str]:
        """Those of the title that are written in digits."""
        return numbers_in(strip_dates_and_times(strip_title_affixes(self.entry.title)), ())
