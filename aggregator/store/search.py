"""Full-text search: the tree of a query finds the entries that it matches.

    Node --narrowed--> FTS5 expression --> entries that may match --Rules--> those that do

The index has the folded words of title, teaser, tags and author, but not where they stand: it
leaves out what cannot match, and the rest is evaluated as if it had just come in. So search and
topic rules give the same answer.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TypeAlias

from sqlite_utils import Database

from aggregator.model import ALL
from aggregator.query import And, EntryView, Hits, Near, Node, Not, Or, Query, Term, terms
from aggregator.store.reading import glimpses, listed, many
from aggregator.store.shares import admitted
from aggregator.text.tokens import is_indexed, stem_words

__all__ = ["may_match", "newest", "search"]

INDEXED = frozenset(("title", "summary", "tag", "author"))
"""Fields whose words the index has."""
LOOKED_AT, AT_ONCE = 5_000, 200
"""Stories that are looked at for one search on the web, and how many of them at a time."""
_Forms: TypeAlias = Mapping[tuple[str, str], Sequence[str]]


def search(db: Database, query: Query) -> Iterator[tuple[EntryView, Hits]]:
    """The published entries that a query matches, the oldest first, and where."""
    found = may_match(db, [query.root])
    for told in glimpses(db, listed(db, found, ALL)):
        for glimpse in told:
            hits = query.match(glimpse.fields)
            if hits is not None:
                yield glimpse, hits


def newest(
    db: Database, query: Query, limit: int, language: str, without: Collection[str]
) -> list[int]:
    """The rows of the stories that a query matches, the newest arrivals first. Of the stories that
    may match by their words, the newest `LOOKED_AT` are looked at."""
    found: list[int] = []
    may = _newest_that_may(db, narrowed(query.root, _forms(db, [query.root])))
    for start in range(0, len(may), AT_ONCE):
        some = admitted(db, may[start : start + AT_ONCE], language, without)
        matched = {
            told[0].story_number
            for told in glimpses(db, some)
            if any(query.match(glimpse.fields) is not None for glimpse in told)
        }
        found += [story for story in some if story in matched]
        if len(found) >= limit:
            break
    return found[:limit]


def _newest_that_may(db: Database, narrow: str | None) -> list[int]:
    """Published stories that have the words, the newest arrivals first; without words, all."""
    if narrow is None:
        sql = """select story from listings where scope = ?
                 order by arrived desc, published desc limit ?"""
        return [story for (story,) in db.execute(sql, [ALL, LOOKED_AT])]
    sql = """select listings.story from listings join
               (select distinct story from entries where id in
                  (select rowid from words where words match ?2 order by rowid desc limit ?3)
               ) as may on may.story = listings.story
             where scope = ?1 order by arrived desc, published desc"""
    return [story for (story,) in db.execute(sql, [ALL, narrow, LOOKED_AT])]


def may_match(db: Database, roots: Sequence[Node]) -> set[int] | None:
    """The rows of the stories that one of these may match; None if only looking at all of them
    tells."""
    found: set[int] = set()
    forms = _forms(db, roots)
    for root in roots:
        narrow = narrowed(root, forms)
        if narrow is None:
            return None
        numbers = db.execute("select rowid from words where words match ?", [narrow])
        sql = "select story from entries where id in ({many})"
        found.update(story for (story,) in many(db, sql, [n for (n,) in numbers]))
    return found


def narrowed(node: Node, forms: _Forms) -> str | None:
    """An FTS5 expression that finds whatever the node matches, and more; None if only looking at
    all of them does. `forms` has the words of the index for each stem and language."""
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


def _term(term: Term, forms: _Forms) -> str | None:
    if not INDEXED.issuperset(term.fields):
        return None
    words = term.needle.split()
    if term.language:
        return _all([_any_form(word, forms[word, term.language]) for word in words])
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


def _forms(db: Database, roots: Sequence[Node]) -> _Forms:
    """For each stem that is looked for, with its language, the words of the index that have it."""
    forms: dict[tuple[str, str], list[str]] = {
        (stem, term.language): []
        for root in roots
        for term in terms(root)
        if term.language
        for stem in term.needle.split()
    }
    languages = {language for _, language in forms}
    known = [term for (term,) in db.execute("select term from words_terms")] if languages else []
    for language in languages:
        for word, stem in zip(known, stem_words(known, language), strict=True):
            if (stem, language) in forms:
                forms[stem, language].append(word)
    return forms
