"""Many queries evaluated in one pass over a document.

    queries --Rules--> match(Document) -> {number of a query: where it was found}

All words, phrases and prefixes of all queries are looked for together (Aho, Corasick 1975), so
the time depends on the document. Then only those queries are evaluated of which something was
found that they cannot do without.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from ahocorasick_rs import AhoCorasick

from aggregator.query.ast import And, Near, Node, Not, Or, Term, terms
from aggregator.query.fields import BARRIER, EntryFields

__all__ = ["Hits", "RuleSet"]

Hits: TypeAlias = tuple[str, ...]
"""Where a query was found: `title: fentanyl`, `tag: "drug policy"`."""
_Key: TypeAlias = tuple[str, int]
"""A language, and the number of a needle."""


class RuleSet:
    """Queries, compiled together."""

    def __init__(self, roots: Sequence[Node]) -> None:
        self._words = _Automata(term for root in roots for term in terms(root))
        self._matchers = [_matcher(root, self._words) for root in roots]
        self._waiting: dict[_Key, list[int]] = defaultdict(list)
        self._always: list[int] = []
        self._looked_at: dict[tuple[str, str], None] = {}
        for number, root in enumerate(roots):
            needed = _required_terms(root)
            if needed is None:
                self._always.append(number)
            for term in needed or ():
                self._waiting[self._words.key(term)].append(number)
                self._looked_at |= {(term.language, name): None for name in term.fields}

    def match(self, document: EntryFields) -> dict[int, Hits]:
        """The queries that match, by their numbers. `()` is a match by absence (`NOT sport`)."""
        seen = _FieldHits(document, self._words)
        worth = set(self._always)
        for language, name in self._looked_at:
            for number in seen.in_field(language, name):
                worth.update(self._waiting.get((language, number), ()))
        answers = ((number, self._matchers[number](seen)) for number in sorted(worth))
        return {number: hits for number, hits in answers if hits is not None}


class _Automata:
    """All that is looked for: one automaton for each language of stems."""

    def __init__(self, terms: Iterable[Term]) -> None:
        self._numbers: dict[str, dict[str, int]] = defaultdict(dict)
        for term in terms:
            numbers = self._numbers[term.language]
            numbers.setdefault(term.needle, len(numbers))
        self._automata = {
            language: AhoCorasick(list(numbers)) for language, numbers in self._numbers.items()
        }

    def key(self, term: Term) -> _Key:
        return term.language, self._numbers[term.language][term.needle]

    def found_in(self, text: str, language: str) -> frozenset[int]:
        found = self._automata[language].find_matches_as_indexes(text, overlapping=True)
        return frozenset([number for number, _, _ in found])


class _FieldHits:
    """What was found in one document, each field being looked through once."""

    def __init__(self, document: EntryFields, words: _Automata) -> None:
        self.document = document
        self._words = words
        self._found: dict[tuple[str, str], frozenset[int]] = {}

    def in_field(self, language: str, name: str) -> frozenset[int]:
        """The numbers of the needles that are in a field."""
        found = self._found.get((language, name))
        if found is None:
            text = self.document.folded(name, language)
            found = self._found[language, name] = self._words.found_in(text, language)
        return found


_Matcher: TypeAlias = Callable[[_FieldHits], Hits | None]


def _required_terms(node: Node) -> tuple[Term, ...] | None:
    """Terms of which one is in whatever the node matches; None if there are none such."""
    match node:
        case Term():
            return (node,)
        case Near():
            return (max(node.words, key=lambda term: len(term.needle)),)
        case And():
            each = [needed for part in node.parts if (needed := _required_terms(part)) is not None]
            return min(each, key=_term_frequency_rank) if each else None
        case Or():
            found: list[Term] = []
            for part in node.parts:
                needed = _required_terms(part)
                if needed is None:
                    return None
                found += needed
            return tuple(found)
    return None


def _term_frequency_rank(terms: tuple[Term, ...]) -> tuple[int, int]:
    """How often some terms will be found, by how many and how short they are; those in whole
    articles come last."""
    in_articles = sum("content" in term.fields for term in terms)
    return in_articles, len(terms) * 100 - min(len(term.needle) for term in terms)


def _matcher(node: Node, words: _Automata) -> _Matcher:
    match node:
        case Term():
            return _match_term(node, words)
        case Near():
            return _match_near(node, words)
        case And():
            return _match_all([_matcher(part, words) for part in node.parts])
        case Or():
            return _match_any([_matcher(part, words) for part in node.parts])
        case Not():
            return _match_none(_matcher(node.part, words))


def _match_term(term: Term, words: _Automata) -> _Matcher:
    language, number = words.key(term)

    def matcher(seen: _FieldHits) -> Hits | None:
        return (
            tuple(
                [
                    f"{name}: {term.raw}"
                    for name in term.fields
                    if number in seen.in_field(language, name)
                ]
            )
            or None
        )

    return matcher


def _match_near(near: Near, words: _Automata) -> _Matcher:
    keys = [words.key(term) for term in near.words]
    sought = Counter(term.needle.strip() for term in near.words)

    def matcher(seen: _FieldHits) -> Hits | None:
        hits = [
            f"{name}: {near.raw}"
            for name in near.fields
            if all(number in seen.in_field(language, name) for language, number in keys)
            and _are_close(seen.document.folded(name, keys[0][0]).split(), sought, near.slop)
        ]
        return tuple(hits) or None

    return matcher


def _are_close(text: Sequence[str], sought: Counter[str], slop: int) -> bool:
    """True if all sought words stand in a stretch with at most that many others."""
    longest = sought.total() + slop
    places: deque[int] = deque()
    have: Counter[str] = Counter()
    for place, word in enumerate(text):
        if word == BARRIER:
            places.clear()
            have.clear()
            continue
        if word not in sought:
            continue
        places.append(place)
        have[word] += 1
        while place - places[0] >= longest:
            have[text[places.popleft()]] -= 1
        if have >= sought:
            return True
    return False


def _match_all(parts: Sequence[_Matcher]) -> _Matcher:
    def matcher(seen: _FieldHits) -> Hits | None:
        found: list[str] = []
        for part in parts:
            hits = part(seen)
            if hits is None:
                return None
            found.extend(hits)
        return tuple(found)

    return matcher


def _match_any(parts: Sequence[_Matcher]) -> _Matcher:
    def matcher(seen: _FieldHits) -> Hits | None:
        answers = [hits for part in parts if (hits := part(seen)) is not None]
        return tuple([hit for hits in answers for hit in hits]) if answers else None

    return matcher


def _match_none(part: _Matcher) -> _Matcher:
    def matcher(seen: _FieldHits) -> Hits | None:
        return () if part(seen) is None else None

    return matcher
