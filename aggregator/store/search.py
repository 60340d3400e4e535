"""Full-text search: the tree of a query finds the entries that it matches.

    Node --narrowed--> FTS5 expression --> entries that may match --Rules--> those that do

The index has the folded words of title, teaser, tags and author, but not where they stand: it
leaves out what cannot match, and the rest is evaluated as if it had just come in. So search and
topic rules give the same answer.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from aggregator.query import And, Document, Hits, Near, Node, Not, Or, Query, Term, article
from aggregator.store import rows
from aggregator.store.reading import many_rows
from aggregator.words import is_indexed, stemmed

__all__ = ["Glimpse", "search"]

INDEXED = frozenset(("title", "summary", "tag", "author"))
"""Fields whose words the index has."""
_COLUMNS = "entries.id, story, source, title, summary, content, tags, author, language"
_LISTED = """exists (select 1 from listings
                     where listings.story = entries.story and scope = 'all')"""


@dataclass(frozen=True, slots=True)
class Glimpse:
    """As much of a published entry as rules need; `story` is its story's row."""

    entry: int
    story: int
    source: str
    document: Document


def search(db: Database, query: Query) -> Iterator[tuple[Glimpse, Hits]]:
    """The published entries that a query matches, the oldest first, and where."""
    for glimpse in _glimpses(db, query.root):
        hits = query.match(glimpse.document)
        if hits is not None:
            yield glimpse, hits


def _glimpses(db: Database, root: Node) -> Iterator[Glimpse]:
    """The published entries that a query may match."""
    names = dict(db.execute("select id, name from sources"))
    narrow = narrowed(root, lambda stem, language: _forms(db, stem, language))
    found: Iterator[rows.Row]
    if narrow is None:
        found = db.query(f"select {_COLUMNS} from entries where {_LISTED} order by id")  # noqa: S608 - our own words
    else:
        numbers = db.execute("select rowid from words where words match ?", [narrow])
        found = many_rows(
            db,
            f"select {_COLUMNS} from entries where id in ({{many}}) and {_LISTED} order by id",  # noqa: S608 - our own words
            [number for (number,) in numbers],
        )
    return (_glimpse(row, names) for row in found)


def _glimpse(row: rows.Row, names: Mapping[str, str]) -> Glimpse:
    return Glimpse(
        entry=row["id"],
        story=row["story"],
        source=row["source"],
        document=article(
            title=row["title"],
            summary=row["summary"],
            content=row["content"],
            tags=tuple(json.loads(row["tags"])),
            source=(row["source"], names.get(row["source"], "")),
            author=row["author"],
            language=row["language"],
        ),
    )


def narrowed(node: Node, forms: Callable[[str, str], list[str]]) -> str | None:
    """An FTS5 expression that finds whatever the node matches, and more; None if only looking at
    all of them does. `forms` gives the words of the index that have a stem in a language."""
    match node:
        case Term():
            return _term(node, forms)
        case Near():
            return _all([_term(word, forms) for word in node.words])
        case And():
            return _all([narrowed(part, forms) for part in node.parts])
        case Or():
            return _either([narrowed(part, forms) for part in node.parts])
        case Not():
            return None


def _term(term: Term, forms: Callable[[str, str], list[str]]) -> str | None:
    if not INDEXED.issuperset(term.fields):
        return None
    words = term.needle.split()
    if term.language:
        return _all([_any_form(word, forms(word, term.language)) for word in words])
    is_prefix = not term.needle.endswith(" ")
    return _all([_word(w) for w in words[:-1]] + [_word(words[-1], "*" if is_prefix else "")])


def _any_form(stem: str, forms: Sequence[str]) -> str | None:
    """A stem with letters that the index does not know cannot be looked for among its words."""
    return _either([_word(form) for form in forms]) if is_indexed(stem) else None


def _word(word: str, star: str = "") -> str | None:
    return f'"{word}"{star}' if is_indexed(word) else None


def _all(parts: Sequence[str | None]) -> str | None:
    known = [part for part in parts if part]
    return f"({' AND '.join(known)})" if known else None


def _either(parts: Sequence[str | None]) -> str | None:
    known = [part for part in parts if part]
    if len(known) < len(parts):
        return None
    return f"({' OR '.join(known)})" if known else '""'


def _forms(db: Database, stem: str, language: str) -> list[str]:
    """The words of the index that have this stem."""
    terms = [term for (term,) in db.execute("select term from words_terms")]
    return [t for t, own in zip(terms, stemmed(terms, language), strict=True) if own == stem]
