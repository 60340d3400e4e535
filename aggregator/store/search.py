"""Full-text search: the tree of a query finds the entries that it matches.

    Node --narrowed--> FTS5 expression --> entries that may match --Rules--> those that do

The index has the folded words of title, teaser, tags and author, but not where they stand: it
leaves out what cannot match, and the rest is evaluated as if it had just come in. So search and
topic rules give the same answer.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from aggregator.query import And, Document, Hits, Near, Node, Not, Or, Query, Rules, Term, article
from aggregator.store import rows
from aggregator.store.reading import many_rows
from aggregator.words import is_indexed, stemmed

__all__ = ["Glimpse", "glimpses", "search"]

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
    tags: tuple[str, ...]
    document: Document


def search(db: Database, query: Query) -> Iterator[tuple[Glimpse, Hits]]:
    """The published entries that a query matches, the oldest first, and where."""
    rules = Rules([query.root])
    for glimpse in glimpses(db, [query.root]):
        hits = rules.match(glimpse.document).get(0)
        if hits is not None:
            yield glimpse, hits


def glimpses(
    db: Database, roots: Sequence[Node], sources: Collection[str] = ()
) -> Iterator[Glimpse]:
    """The published entries that one of the queries may match, and all of some sources."""
    names = dict(db.execute("select id, name from sources"))
    narrow = _either([narrowed(root, lambda stem, tag: _forms(db, stem, tag)) for root in roots])
    found: Iterator[rows.Row]
    if roots and narrow is None:
        found = db.query(f"select {_COLUMNS} from entries where {_LISTED} order by id")  # noqa: S608 - our own words
    else:
        numbers = _numbers(db, narrow) | _of_sources(db, sources)
        found = many_rows(
            db,
            f"select {_COLUMNS} from entries where id in ({{many}}) and {_LISTED} order by id",  # noqa: S608 - our own words
            numbers,
        )
    return (_glimpse(row, names) for row in found)


def _glimpse(row: rows.Row, names: Mapping[str, str]) -> Glimpse:
    tags = tuple(json.loads(row["tags"]))
    return Glimpse(
        entry=row["id"],
        story=row["story"],
        source=row["source"],
        tags=tags,
        document=article(
            title=row["title"],
            summary=row["summary"],
            content=row["content"],
            tags=tags,
            source=(row["source"], names.get(row["source"], "")),
            author=row["author"],
            language=row["language"],
        ),
    )


def _numbers(db: Database, narrow: str | None) -> set[int]:
    if narrow is None:
        return set()
    return {row for (row,) in db.execute("select rowid from words where words match ?", [narrow])}


def _of_sources(db: Database, sources: Collection[str]) -> set[int]:
    found: set[int] = set()
    for source in sources:
        sql = "select id from entries where source = ?"
        found.update(row for (row,) in db.execute(sql, [source]))
    return found


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
        return _all([_either([_word(w) for w in forms(word, term.language)]) for word in words])
    is_prefix = not term.needle.endswith(" ")
    return _all([_word(w) for w in words[:-1]] + [_word(words[-1], "*" if is_prefix else "")])


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
