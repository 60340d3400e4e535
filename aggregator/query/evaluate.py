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
Needles: TypeAlias = tuple[str, ...]
_Key: TypeAlias = tuple[str, int]
"""The form of a term, and the index of the term in the automaton of that form."""


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
                self._searched_fields |= {(term.form, name): None for name in term.fields}

    def match(self, fields: EntryFields) -> dict[int, Hits]:
        """The queries that match, by index. `()` is a match by absence (`NOT sport`)."""
        found = _FieldHits(fields, self._automata)
        possible = set(self._without_required_terms)
        for form, name in self._searched_fields:
            for term in found.in_field(form, name):
                possible.update(self._queries_requiring.get((form, term), ()))
        results = ((query, self._matchers[query](found)) for query in sorted(possible))
        return {query: hits for query, hits in results if hits is not None}


class _Automata:
    """The needles of all terms: one automaton for each form of words."""

    def __init__(self, terms: Iterable[Term]) -> None:
        self._indexes: dict[str, dict[tuple[str, ...], int]] = defaultdict(dict)
        for term in terms:
            indexes = self._indexes[term.form]
            indexes.setdefault(term.needles, len(indexes))
        self._automata: dict[str, AhoCorasick] = {}
        self._terms_of_needles: dict[str, list[int]] = {}
        for form, indexes in self._indexes.items():
            pairs = [(needle, index) for needles, index in indexes.items() for needle in needles]
            self._automata[form] = AhoCorasick([needle for needle, _ in pairs])
            self._terms_of_needles[form] = [index for _, index in pairs]

    def key(self, term: Term) -> _Key:
        return term.form, self._indexes[term.form][term.needles]

    def find(self, text: str, form: str) -> frozenset[int]:
        """The indexes of the terms that a text contains."""
        terms = self._terms_of_needles[form]
        found = self._automata[form].find_matches_as_indexes(text, overlapping=True)
        return frozenset([terms[index] for index, _, _ in found])


class _FieldHits:
    """The terms found in each field of one entry; each field is searched once."""

    def __init__(self, fields: EntryFields, automata: _Automata) -> None:
        self.fields = fields
        self._automata = automata
        self._found: dict[tuple[str, str], frozenset[int]] = {}

    def in_field(self, form: str, name: str) -> frozenset[int]:
        """The indexes of the terms in a field."""
        found = self._found.get((form, name))
        if found is None:
            text = self.fields.folded(name, form)
            found = self._found[form, name] = self._automata.find(text, form)
        return found


_Matcher: TypeAlias = Callable[[_FieldHits], Hits | None]


def _required_terms(node: Node) -> tuple[Term, ...] | None:
    """Terms of which every match contains at least one; None if there are no such terms."""
    match node:
        case Term():
            return (node,)
        case Near():
            return (max(node.words, key=_min_length),)
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
    return in_content, len(terms) * 100 - min(map(_min_length, terms))


def _min_length(term: Term) -> int:
    return min(map(len, term.needles))


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
    form, index = automata.key(term)

    def matcher(found: _FieldHits) -> Hits | None:
        hits = [
            f"{name}: {term.raw}" for name in term.fields if index in found.in_field(form, name)
        ]
        return tuple(hits) or None

    return matcher


def _match_near(near: Near, automata: _Automata) -> _Matcher:
    keys = [automata.key(term) for term in near.words]
    words = Counter(term.needles for term in near.words)
    form = near.words[0].form

    def matcher(found: _FieldHits) -> Hits | None:
        hits = [
            f"{name}: {near.raw}"
            for name in near.fields
            if all(index in found.in_field(form, name) for form, index in keys)
            and _are_close(found.fields.folded(name, form).split(), words, near.slop)
        ]
        return tuple(hits) or None

    return matcher


def _are_close(text: Sequence[str], words: Counter[Needles], slop: int) -> bool:
    """True if all the words occur in a stretch of text with at most `slop` others."""
    max_length = words.total() + slop
    starting = _by_first_letter(words)
    positions: deque[tuple[int, Needles]] = deque()
    counts: Counter[Needles] = Counter()
    for position, word in enumerate(text):
        if word == VALUE_SEPARATOR:
            positions.clear()
            counts.clear()
            continue
        found = {
            needles
            for needle, needles in starting.get(word[0], ())
            if _begins_with(text, position, needle)
        }
        for needles in found:
            positions.append((position, needles))
            counts[needles] += 1
        while positions and position - positions[0][0] >= max_length:
            counts[positions.popleft()[1]] -= 1
        if found and counts >= words:
            return True
    return False


def _by_first_letter(words: Iterable[Needles]) -> dict[str, list[tuple[str, Needles]]]:
    """Each needle with the needles of its word, by its first letter."""
    starting: dict[str, list[tuple[str, Needles]]] = defaultdict(list)
    for needles in words:
        for needle in needles:
            starting[needle[1]].append((needle, needles))
    return starting


def _begins_with(text: Sequence[str], position: int, needle: str) -> bool:
    """True if a needle begins at a word of the text."""
    length = needle.count(" ")
    return f" {' '.join(text[position : position + length])} ".startswith(needle)


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
