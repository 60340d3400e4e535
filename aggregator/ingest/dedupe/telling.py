"""What an entry is compared by."""

import re
from collections.abc import Set
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import TypeAlias

from aggregator.ingest.boilerplate import article_text, bare_title
from aggregator.model import Entry
from aggregator.words import folded_words, meaningful

__all__ = ["Telling"]

Phrase: TypeAlias = tuple[str, str, str]
"""Shorter than those that are looked for, since here every shared phrase counts."""
MOST_WORDS = 2_000
HEAD = 400
"""Characters of a text whose numbers are those of the news: about the first 60 words."""

_NUMBER = re.compile(r"\d[\d.,]*")


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
    def numbers(self) -> Set[str]:
        """All numbers of title and text; "28,131" is one."""
        return _numbers(f"{self.entry.title} {self._text}")

    @cached_property
    def headline_numbers(self) -> Set[str]:
        """Those of the title and the first sentences, where news has its figures."""
        return _numbers(f"{bare_title(self.entry.title)} {self._text[:HEAD]}")

    @cached_property
    def title_numbers(self) -> Set[str]:
        return _numbers(self.entry.title)


def _numbers(text: str) -> Set[str]:
    return frozenset(number.replace(",", "").rstrip(".") for number in _NUMBER.findall(text))
