"""Evaluate many queries in one pass over an entry.

    queries --RuleSet--> match(EntryFields) -> {index of a query: where it was found}

All words, phrases and prefixes of all queries are searched together (Aho, Corasick 1975), so the
time depends on the entry rather than on the queries. Then only those queries are evaluated of which
a required term was found.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from ahocorasick_rs import AhoCorasick

from aggregator.model import And, Near, Node, Not, Or, Term
from aggregator.query.ast import terms
from aggregator.query.fields import VALUE_SEPARATOR, EntryFields

__all__ = ["Hits", "RuleSet"]

Hits: TypeAlias = tuple[str, ...]
"""Where a query was found: `title: fentanyl`, `tag: "drug policy"`."""
_Key: TypeAlias = tuple[str, int]
"""A language, and the index of a needle in its automaton."""


class RuleSet:
    """Queries, compiled together."""

    def __init__(self, roots: Sequence[Node]) -> None:
        self._automata = _Automata(term for root in roots for term in terms(root))
        self._matchers = [_matcher(root, self._automata) for root in roots]
        self._queries_requiring: dict[_Key, list[int]] = defaultdict(list)
        self._without_required_terms: list[int] = []
        self._searched_fields: dict[tuple[str, str], None] = {}
        for query, root in enumerate(roots):
            required = _required_terms(root)
            if required is None:
                self._without_required_terms.append(query)
            for term in required or ():
                self._queries_requiring[self._automata.key(term)].append(query)
                self._searched_fields |= {(term.language, name): None for name in term.fields}

    def match(self, fields: EntryFields) -> dict[int, Hits]:
        """The queries that match, by index. `()` is a match by absence (`NOT sport`)."""
        found = _FieldHits(fields, self._automata)
        possible = set(self._without_required_terms)
        for language, name in self._searched_fields:
            for needle in found.in_field(language, name):
                possible.update(self._queries_requiring.get((language, needle), ()))
        results = ((query, self._matchers[query](found)) for query in sorted(possible))
        return {query: hits for query, hits in results if hits is not None}


class _Automata:
    """The needles of all queries: one automaton for each language, whose words are stemmed."""

    def __init__(self, terms: Iterable[Term]) -> None:
        self._indexes: dict[str, dict[str, int]] = defaultdict(dict)
        for term in terms:
            indexes = self._indexes[term.language]
            indexes.setdefault(term.needle, len(indexes))
        self._automata = {
            language: AhoCorasick(list(indexes)) for language, indexes in self._indexes.items()
        }

    def key(self, term: Term) -> _Key:
        return term.language, self._indexes[term.language][term.needle]

    def find(self, text: str, language: str) -> frozenset[int]:
        """The indexes of the needles that a text contains."""
        found = self._automata[language].find_matches_as_indexes(text, overlapping=True)
        return frozenset([index for index, _, _ in found])


class _FieldHits:
    """The needles found in each field of one entry; each field is searched once."""

    def __init__(self, fields: EntryFields, automata: _Automata) -> None:
        self.fields = fields
        self._automata = automata
        self._found: dict[tuple[str, str], frozenset[int]] = {}

    def in_field(self, language: str, name: str) -> frozenset[int]:
        """The indexes of the needles in a field."""
        found = self._found.get((language, name))
        if found is None:
            text = self.fields.folded(name, language)
            found = self._found[language, name] = self._automata.find(text, language)
        return found


_Matcher: TypeAlias = Callable[[_FieldHits], Hits | None]


def _required_terms(node: Node) -> tuple[Term, ...] | None:
    """Terms of which every match contains at least one; None if there are no such terms."""
    match node:
        case Term():
            return (node,)
        case Near():
            return (max(node.words, key=lambda term: len(term.needle)),)
        case And():
            options = [
                required for part in node.parts if (required := _required_terms(part)) is not None
            ]
            return min(options, key=_expected_frequency) if options else None
        case Or():
            alternatives: list[Term] = []
            for part in node.parts:
                required = _required_terms(part)
                if required is None:
                    return None
                alternatives += required
            return tuple(alternatives)
    return None


def _expected_frequency(terms: tuple[Term, ...]) -> tuple[int, int]:
    """A sort key for how often terms will be found: often if they are many or short, most often in
    whole articles."""
    in_content = sum("content" in term.fields for term in terms)
    return in_content, len(terms) * 100 - min(len(term.needle) for term in terms)


def _matcher(node: Node, automata: _Automata) -> _Matcher:
    match node:
        case Term():
            return _match_term(node, automata)
        case Near():
            return _match_near(node, automata)
        case And():
            return _match_all([_matcher(part, automata) for part in node.parts])
        case Or():
            return _match_any([_matcher(part, automata) for part in node.parts])
        case Not():
            return _match_none(_matcher(node.part, automata))


def _match_term(term: Term, automata: _Automata) -> _Matcher:
    language, needle = automata.key(term)

    def matcher(found: _FieldHits) -> Hits | None:
        hits = [
            f"{name}: {term.raw}"
            for name in term.fields
            if needle in found.in_field(language, name)
        ]
        return tuple(hits) or None

    return matcher


def _match_near(near: Near, automata: _Automata) -> _Matcher:
    keys = [automata.key(term) for term in near.words]
    words = Counter(term.needle.strip() for term in near.words)

    def matcher(found: _FieldHits) -> Hits | None:
        hits = [
            f"{name}: {near.raw}"
            for name in near.fields
            if all(needle in found.in_field(language, name) for language, needle in keys)
            and _are_close(found.fields.folded(name, keys[0][0]).split(), words, near.slop)
        ]
        return tuple(hits) or None

    return matcher


def _are_close(text: Sequence[str], words: Counter[str], slop: int) -> bool:
    """True if all the words occur in a stretch of text with at most `slop` others."""
    max_length = words.total() + slop
    positions: deque[int] = deque()
    counts: Counter[str] = Counter()
    for position, word in enumerate(text):
        if word == VALUE_SEPARATOR:
            positions.clear()
            counts.clear()
            continue
        if word not in words:
            continue
        positions.append(position)
        counts[word] += 1
        while position - positions[0] >= max_length:
            counts[text[positions.popleft()]] -= 1
        if counts >= words:
            return True
    return False


def _match_all(parts: Sequence[_Matcher]) -> _Matcher:
    def matcher(found: _FieldHits) -> Hits | None:
        all_hits: list[str] = []
        for part in parts:
            hits = part(found)
            if hits is None:
                return None
            all_hits.extend(hits)
        return tuple(all_hits)

    return matcher


def _match_any(parts: Sequence[_Matcher]) -> _Matcher:
    def matcher(found: _FieldHits) -> Hits | None:
        results = [hits for part in parts if (hits := part(found)) is not None]
        return tuple([hit for hits in results for hit in hits]) if results else None

    return matcher


def _match_none(part: _Matcher) -> _Matcher:
    def matcher(found: _FieldHits) -> Hits | None:
        return () if part(found) is None else None

    return matcher
