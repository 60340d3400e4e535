"""The query language of topic rules, source filters and search.

The syntax is that of Lucene, known from search engines::

    text --parse--> Query --match(EntryFields)--> Hits: where each word was found, or None

        syntax     text -> syntax tree (luqum)
        ast        walking the tree
        fields     the fields of an entry
        evaluate   many queries in one pass
        explain    which parts of a query match

Words, "phrases", prefix*, AND OR NOT, + -, parentheses, "words close to each other"~5, and the
fields `title:`, `summary:`, `content:`, `tag:`, `source:`, `author:` and `lang:`. Words side by
side must all occur, as in a search engine. A word without a field is looked for in title, summary
and tags, because whole articles mention nearly everything somewhere. Case and accents never matter.
"""

from dataclasses import dataclass
from functools import lru_cache

from aggregator.model import EntryView, Node
from aggregator.query.ast import clauses, terms, to_text
from aggregator.query.evaluate import Hits, RuleSet
from aggregator.query.explain import Explanation, explain
from aggregator.query.fields import EntryFields, fields_of_entry, fields_of_view, view_of_entry
from aggregator.query.syntax import DEFAULT_FIELDS, FIELDS, parse_text

__all__ = [
    "DEFAULT_FIELDS", "FIELDS", "EntryFields", "Explanation", "Hits", "Query", "RuleSet",
    "clauses", "explain", "fields_of_entry", "fields_of_view", "parse", "terms", "to_text",
    "view_of_entry",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query; `warnings` name what has no effect."""

    text: str
    root: Node
    warnings: tuple[str, ...] = ()

    def match(self, fields: EntryFields) -> Hits | None:
        """Where the query was found, or None if it was not; `()` for a match like `NOT sport`."""
        return _single(self.root).match(fields).get(0)

    def match_entry(self, entry: EntryView) -> Hits | None:
        """Where the query was found in an entry, or None if it was not."""
        return self.match(fields_of_view(entry))


@lru_cache(maxsize=1024)
def parse(text: str, language: str = "") -> Query:
    """Parse a query; with a language, words are compared by their stems. Raises QueryError with the
    offending character."""
    return Query(text, *parse_text(text, language))


@lru_cache(maxsize=1024)
def _single(root: Node) -> RuleSet:
    return RuleSet([root])
