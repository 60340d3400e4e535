"""What an entry is compared by."""

from collections.abc import Set
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import TypeAlias

from aggregator.ingest.boilerplate import article_text, bare_title
from aggregator.ingest.dedupe.figures import figures_in, part_of, without_times
from aggregator.model import Entry
from aggregator.words import folded_words, meaningful

__all__ = ["Telling"]

Phrase: TypeAlias = tuple[str, str, str]
"""Shorter than those that are looked for, since here every shared phrase counts."""
MOST_WORDS = 2_000
HEAD = 400
"""Characters of a text whose numbers are those of the news: about the first 60 words."""


@dataclass(frozen=True)
class Telling:
    """One entry's words, without what its outlet has added to them. Made when first asked for."""

    entry: Entry

    @cached_property
    def _text(self) -> str:
        return article_text(self.entry.content or escape(self.entry.summary))

    @cached_property
    def words(self) -> list[str]:
        """Of the text, in order."""
        return folded_words(self._text)[:MOST_WORDS]

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
        return " ".join(folded_words(bare_title(self.entry.title)))

    @cached_property
    def title_words(self) -> Set[str]:
        """Those that mean something."""
        return frozenset(meaningful(self.title.split()))

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
        return part_of(self.whole_title)

    @cached_property
    def numbers(self) -> Set[str]:
        """All figures of title and text."""
        return figures_in(
            f"{self.entry.title} {self._text}", [*self.whole_title.split(), *self.words]
        )

    @cached_property
    def headline_numbers(self) -> Set[str]:
        """Those of the title and the first sentences, where news has its figures."""
        head = without_times(f"{bare_title(self.entry.title)} {self._text[:HEAD]}")
        return figures_in(head, folded_words(head))

    @cached_property
    def title_figures(self) -> Set[str]:
        """Those of the title that are written in digits."""
        return figures_in(without_times(bare_title(self.entry.title)), ())
