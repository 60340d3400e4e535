"""What a query looks at."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aggregator.text.html import plain_text
from aggregator.text.tokens import fold, stem_words

__all__ = ["BARRIER", "EntryFields", "EntryView", "make_entry_fields"]

BARRIER = "|"
"""Stands between two tags; no folded phrase contains it."""


@dataclass(slots=True)
class EntryFields:
    """What a query looks at; each field is made and folded when first asked for.

    Folded once into `" word word "`, text has word, phrase and prefix as one substring each.
    """

    values: Mapping[str, str | tuple[str, ...] | Callable[[], str]]
    _folded: dict[tuple[str, str], str] = field(default_factory=dict, init=False)

    def folded(self, name: str, language: str = "") -> str:
        """The folded text of a field, its words brought to their stems if there is a language;
        the items of a many-valued field are kept apart."""
        key = (name, language)
        if key not in self._folded:
            self._folded[key] = self._stemmed(name, language) if language else self._fold(name)
        return self._folded[key]

    def text(self, name: str) -> str:
        """The text of a field that has one value, as it was given."""
        value = self.values.get(name, "")
        return value if isinstance(value, str) else ""

    def items(self, name: str) -> tuple[str, ...]:
        """The items of a many-valued field, as they were given."""
        value = self.values.get(name, ())
        return value if isinstance(value, tuple) else ()

    def _fold(self, name: str) -> str:
        value = self.values.get(name, "")
        value = value() if callable(value) else value
        return fold(value) if isinstance(value, str) else f" {BARRIER} ".join(map(fold, value))

    def _stemmed(self, name: str, language: str) -> str:
        return f" {' '.join(stem_words(self.folded(name).split(), language))} "


@dataclass(frozen=True, slots=True, eq=False)
class EntryView:
    """As much of an entry as rules need: its row, its outlet, and if it is stored its story's row
    and when it was published (UTC, as text that sorts)."""

    entry_id: int
    story_number: int
    source: str
    fields: EntryFields
    published: str = ""


def make_entry_fields(
    *,
    title: str,
    summary: str,
    content: str,
    tags: tuple[str, ...],
    source: tuple[str, ...],
    author: str,
    language: str,
) -> EntryFields:
    """An article; `content` is HTML, `source` the outlet's id and name."""
    return EntryFields(
        {
            "title": title,
            "summary": summary,
            "content": lambda: plain_text(content),
            "tag": tags,
            "source": source,
            "author": author,
            "lang": language,
        }
    )
