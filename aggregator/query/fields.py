"""The fields of an entry that queries search."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aggregator.model import Entry, EntryView, Source
from aggregator.text.html import plain_text
from aggregator.text.languages import canonical_language
from aggregator.text.tokens import fold, stem_words

__all__ = ["VALUE_SEPARATOR", "EntryFields", "fields_of_entry", "fields_of_view", "view_of_entry"]

VALUE_SEPARATOR = "|"
"""Separates two tags; no folded phrase contains it."""


@dataclass(slots=True)
class EntryFields:
    """The fields of an entry, folded on first use.

    In a field folded to `" word word "`, every word, phrase or prefix is a substring.
    """

    values: Mapping[str, str | tuple[str, ...] | Callable[[], str]]
    _folded: dict[tuple[str, str], str] = field(default_factory=dict, init=False)

    def folded(self, name: str, language: str = "") -> str:
        """The folded text of a field, stemmed if a language is given.

        The values of a field with several are separated by VALUE_SEPARATOR.
        """
        key = (name, language)
        if key not in self._folded:
            self._folded[key] = self._stemmed(name, language) if language else self._fold(name)
        return self._folded[key]

    def _fold(self, name: str) -> str:
        value = self.values.get(name, "")
        value = value() if callable(value) else value
        return (
            fold(value) if isinstance(value, str) else f" {VALUE_SEPARATOR} ".join(map(fold, value))
        )

    def _stemmed(self, name: str, language: str) -> str:
        return f" {' '.join(stem_words(self.folded(name).split(), language))} "


def fields_of_view(entry: EntryView) -> EntryFields:
    """The fields of an entry as rules see it."""
    return EntryFields(
        {
            "title": entry.title,
            "summary": entry.summary,
            "content": lambda: plain_text(entry.content),
            "tag": entry.tags,
            "source": tuple(filter(None, (entry.source, entry.source_name))),
            "author": entry.author,
            "lang": canonical_language(entry.language),
        }
    )


def view_of_entry(entry: Entry, source: Source | None) -> EntryView:
    """An entry as rules see it. Without a source (it is unlisted), only its id is searched."""
    return EntryView(
        entry_id=entry.entry_id,
        source=entry.source,
        source_name=source.name if source else "",
        title=entry.title,
        summary=entry.summary,
        content=entry.content,
        tags=entry.tags,
        author=entry.author,
        language=entry.language,
    )


def fields_of_entry(entry: Entry, source: Source | None) -> EntryFields:
    """The fields of a clean entry."""
    return fields_of_view(view_of_entry(entry, source))
