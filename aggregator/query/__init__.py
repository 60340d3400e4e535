"""The one query language, of topic rules, source filters and search.

Lucene syntax as people know it from search engines::

    text --parse--> Query --match(Document)--> Hits: where each word was found, or None

        syntax     text -> tree (luqum)
        tree       what a query is made of
        documents  what it looks at
        rules      many queries evaluated in one pass
        explain    what each part of one says

Words, "phrases", prefix*, AND OR NOT, + -, parentheses, "words that stand close"~5, and the
fields `title:`, `summary:`, `content:`, `tag:`, `source:`, `author:` and `lang:`. Words that
stand side by side must all occur, as in a search engine. A word without a field is looked for
in title, summary and tags, because whole articles mention nearly everything somewhere.
Case and accents never matter.
"""

from dataclasses import dataclass
from functools import lru_cache

from aggregator.query.ast import And, Near, Node, Not, Or, Term, clauses, terms, to_text
from aggregator.query.evaluate import Hits, RuleSet
from aggregator.query.explain import Explanation, explain
from aggregator.query.fields import EntryFields, EntryView, make_entry_fields
from aggregator.query.syntax import DEFAULT_FIELDS, FIELDS, parse_text

__all__ = [
    "DEFAULT_FIELDS",
    "FIELDS",
    "And",
    "EntryFields",
    "EntryView",
    "Explanation",
    "Hits",
    "Near",
    "Node",
    "Not",
    "Or",
    "Query",
    "RuleSet",
    "Term",
    "clauses",
    "explain",
    "make_entry_fields",
    "parse",
    "terms",
    "to_text",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Query:
    """A query that has been read; `warnings` say what has no effect in it."""

    text: str
    root: Node
    warnings: tuple[str, ...] = ()

    def match(self, document: EntryFields) -> Hits | None:
        """Where it was found, or None. `()` is a match by absence (`NOT sport`)."""
        return _alone(self.root).match(document).get(0)


@lru_cache(maxsize=1024)
def parse(text: str, language: str = "") -> Query:
    """Read a query; with a language, words are compared by their stems. Raises QueryError with
    the character that is wrong."""
    return Query(text, *parse_text(text, language))


@lru_cache(maxsize=1024)
def _alone(root: Node) -> RuleSet:
    return RuleSet([root])
