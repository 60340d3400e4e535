"""The fields of an entry that queries search."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aggregator.model import EXACT, Entry, EntryView, Source
from aggregator.text.html import plain_text
from aggregator.text.languages import canonical_language
from aggregator.text.tokens import fold, stemmed_words, written_words

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

    def folded(self, name: str, form: str = "") -> str:
        """The text of a field in one of the forms of `Term`: folded, stemmed or as it is written.

        The values of a field with several are separated by VALUE_SEPARATOR.
        """
        key = (name, form)
        if key not in self._folded:
            value = self.values.get(name, "")
            value = value() if callable(value) else value
            values = (value,) if isinstance(value, str) else value
            self._folded[key] = f" {VALUE_SEPARATOR} ".join(_in_form(text, form) for text in values)
        return self._folded[key]


def _in_form(text: str, form: str) -> str:
    if not form:
        return fold(text)
    words = written_words(text) if form == EXACT else stemmed_words(text, form)
    return f" {' '.join(words)} "


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
