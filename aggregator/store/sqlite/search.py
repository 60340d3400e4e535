"""Full-text search: a query's syntax tree finds the entries that it matches.

    Node --fts_expression--> FTS5 --> entries that may match --Query--> those that do

The index has the words of title, summary, tags and author, but not where they are: it excludes
what cannot match, and the rest is evaluated as if it had just come in. So search and topic rules
give the same answer.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TypeAlias

from sqlite_utils import Database

from aggregator.model import EXACT, And, Near, Node, Not, Or, Term
from aggregator.query import Query, terms
from aggregator.store.sqlite.queries import entry_views, is_indexed, query_in
from aggregator.store.sqlite.window import listed_between, place_of
from aggregator.text.tokens import folded_words, stems_of_words

__all__ = ["fts_expression", "newest_matching", "stories_that_may_match"]

INDEXED_FIELDS = frozenset(("title", "summary", "tag", "author"))
"""Fields whose words are in the index."""
MAX_SEARCHED_STORIES = 5_000
"""Stories that one search on the web looks at."""
STORIES_PER_STEP = 50
"""A step is short, so that other searches need not wait: 30 ms if the articles are long."""
_Forms: TypeAlias = Mapping[tuple[str, str], Sequence[str]]
"""(stem, language) -> words of the index that have it."""


def newest_matching(
    db: Database,
    root: Node,
    limit: int,
    keep: Callable[[Database, Sequence[int]], Sequence[int]],
    step: Callable[[], AbstractContextManager[None]],
    before: str = "",
    since: datetime | None = None,
) -> list[int]:
    """Numbers of the stories that a query matches, newest first; only those listed before the story
    with the id `before`, and after the time `since`. Of the stories that may match by their words,
    the newest `MAX_SEARCHED_STORIES` are looked at, as far as `keep` keeps them; `step` surrounds
    each part of the work, and may raise."""
    query = Query("", root)
    found: list[int] = []
    with step():
        between = listed_between(place_of(db, before) if before else None, since)
        candidates = _newest_candidates(db, fts_expression(root, _forms(db, [root])), *between)
    for start in range(0, len(candidates), STORIES_PER_STEP):
        with step():
            some = keep(db, candidates[start : start + STORIES_PER_STEP])
            matched = {
                entries[0].story_number
                for entries in entry_views(db, some)
                if any(query.match_entry(entry) is not None for entry in entries)
            }
        found += [number for number in some if number in matched]
        if len(found) >= limit:
            break
    return found[:limit]


def _newest_candidates(
    db: Database, expression: str | None, condition: str, values: Sequence[object]
) -> list[int]:
    """Published stories that have the words, newest first; without words, all."""
    published = f"list_kind = 'all' and list_name = '' and visibility = 'published'{condition}"
    if expression is None:
        sql = f"""select story_number from listings where {published}
                  order by listed_at desc, published desc, story_number limit ?"""  # noqa: S608 - constants
        return [number for (number,) in db.execute(sql, [*values, MAX_SEARCHED_STORIES])]
    sql = f"""select story_number from listings join
                (select distinct story_number as candidate from entries where id in
                   (select rowid from entry_search where entry_search match ?
                    order by rowid desc limit ?)
                ) on candidate = story_number
              where {published} order by listed_at desc, published desc, story_number"""  # noqa: S608 - constants
    given = [expression, MAX_SEARCHED_STORIES, *values]
    return [number for (number,) in db.execute(sql, given)]


def stories_that_may_match(db: Database, roots: Sequence[Node]) -> set[int] | None:
    """Numbers of the stories that one of these may match; None if the index cannot tell."""
    found: set[int] = set()
    forms = _forms(db, roots)
    for root in roots:
        expression = fts_expression(root, forms)
        if expression is None:
            return None
        ids = db.execute("select rowid from entry_search where entry_search match ?", [expression])
        sql = "select story_number from entries where id in ({values})"
        found.update(number for (number,) in query_in(db, sql, [id_ for (id_,) in ids]))
    return found


def fts_expression(node: Node, forms: _Forms) -> str | None:
    """An FTS5 expression that finds whatever the node matches, and more; None if there is none."""
    match node:
        case Term():
            return _term(node, forms)
        case Near():
            return _all([_term(word, forms) for word in node.words])
        case And():
            return _all([fts_expression(part, forms) for part in node.parts])
        case Or():
            return _any([fts_expression(part, forms) for part in node.parts])
        case Not():
            return None


def _term(term: Term, forms: _Forms) -> str | None:
    if not INDEXED_FIELDS.issuperset(term.fields):
        return None
    return _any([_needle(needle, term.form, forms) for needle in _shortest(term.needles)])


def _shortest(needles: Sequence[str]) -> list[str]:
    """Needles that find what these do, and more: one that begins others stands for all of them, as
    a Korean word does for those with a particle."""
    found: list[str] = []
    for needle in sorted(needles):
        begin = found[-1].rstrip(" ") if found else ""
        if begin and needle.startswith(begin):
            found[-1] = begin
        else:
            found.append(needle)
    return found


def _needle(needle: str, form: str, forms: _Forms) -> str | None:
    """An expression for the words of a needle."""
    if form not in ("", EXACT):
        return _all([_any_form(stem, forms[stem, form]) for stem in needle.split()])
    words = needle.split() if not form else folded_words(needle)
    if needle.endswith(" "):
        return _all([_word(word) for word in words])
    return _all([_word(word) for word in words[:-1]] + [_word(word, "*") for word in words[-1:]])


def _any_form(stem: str, forms: Sequence[str]) -> str | None:
    """An expression for all forms of a stem; None if the index does not know its letters."""
    return _any([_word(form) for form in forms]) if is_indexed(stem) else None


def _word(word: str, star: str = "") -> str | None:
    return f'"{word}"{star}' if is_indexed(word) else None


def _all(parts: Sequence[str | None]) -> str | None:
    known = [part for part in parts if part]
    return f"({' AND '.join(known)})" if known else None


def _any(parts: Sequence[str | None]) -> str | None:
    known = [part for part in parts if part]
    if len(known) < len(parts):
        return None
    return f"({' OR '.join(known)})" if known else '""'


def _forms(db: Database, roots: Sequence[Node]) -> _Forms:
    """For each stem in the queries, the words of the index that have it."""
    forms: dict[tuple[str, str], list[str]] = {key: [] for key in _stems(roots)}
    languages = {language for _, language in forms}
    sql = "select term from entry_search_terms"
    words = [word for (word,) in db.execute(sql)] if languages else []
    for language in languages:
        for word, stem in zip(words, stems_of_words(words, language), strict=True):
            if (stem, language) in forms:
                forms[stem, language].append(word)
    return forms


def _stems(roots: Sequence[Node]) -> Iterator[tuple[str, str]]:
    for root in roots:
        for term in terms(root):
            if term.form not in ("", EXACT):
                yield from ((stem, term.form) for needle in term.needles for stem in needle.split())
