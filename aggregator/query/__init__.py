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

from aggregator.query.documents import Document, Glimpse, article
from aggregator.query.explain import Explained, explain
from aggregator.query.rules import Hits, Rules
from aggregator.query.syntax import FIELDS, UNFIELDED, read
from aggregator.query.tree import And, Near, Node, Not, Or, Term, clauses, terms, written

__all__ = [
    "FIELDS", "UNFIELDED", "And", "Document", "Explained", "Glimpse", "Hits", "Near", "Node",
    "Not", "Or", "Query", "Rules", "Term", "article", "clauses", "explain", "parse", "terms",
    "written",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Query:
    """A query that has been read; `warnings` say what has no effect in it."""

    text: str
    root: Node
    warnings: tuple[str, ...] = ()

    def match(self, document: Document) -> Hits | None:
        """Where it was found, or None. `()` is a match by absence (`NOT sport`)."""
        return _alone(self.root).match(document).get(0)


@lru_cache(maxsize=1024)
def parse(text: str, language: str = "") -> Query:
    """Read a query; with a language, words are compared by their stems. Raises QueryError with
    the character that is wrong."""
    return Query(text, *read(text, language))


@lru_cache(maxsize=1024)
def _alone(root: Node) -> Rules:
    return Rules([root])
