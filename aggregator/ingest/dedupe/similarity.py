"""Why two entries of two outlets are one article.

    compare(a, b) -> Bond or None

Each piece of evidence is a small function; the first that holds is the answer, and figures
that contradict each other outweigh likeness. A title alone is never enough: independent
reports, columns and series share titles. The limits were found on the open halves of the sets
of docs/measurements.md.
"""

import re
from collections.abc import Set
from datetime import timedelta
from functools import cached_property

from aggregator.ingest.dedupe.features import TextFeatures
from aggregator.ingest.dedupe.numbers import differs_only_in_count
from aggregator.model import Dedupe, Match, MatchKind

__all__ = [
    "COMPARISON_WINDOW",
    "compare",
    "is_match_allowed",
    "is_same_article_again",
    "is_still_similar",
]

COMPARISON_WINDOW = timedelta(days=14)
"""Articles that were published further apart are not compared by their words."""

MIN_SHARED_PHRASES = 10
"""Phrases of three words; with fewer, independent reports of one event share as many."""
MIN_COVERAGE = 0.5
"""Part of the shorter text that stands in the other."""
NEAR_FULL_COVERAGE = 0.9
MAX_LENGTH_RATIO = 1.5
"""How many times as long a text may be that has no more than the other."""
HIGH_COVERAGE = 0.7
"""Part from which on many short runs will do; below, there must be a passage in common."""
PASSAGE_WORDS = 11
"""Words in a row that two writers do not find by chance."""
MIN_TEXT_SCORE = 0.9
"""Covered part + a fortieth for each word of the longest run + a little for the titles."""
MAX_COUNTED_RUN_WORDS = 60
"""Words of a run after which a longer one proves no more."""
TITLE_WEIGHT = 0.15
LONG_TEXT_PHRASES = 150
"""Phrases; a shorter text may be all standing phrases, so its title must fit as well."""
LONG_RUN_WORDS = 60
"""Words in a row; standing phrases are shorter."""
LONG_PASSAGE_WORDS = 200
"""Words in a row; standing texts are shorter."""
MIN_TITLE_IN_TEXT = 0.2
"""Part of the longer text's title that the shorter entry has in its title or text."""
MIN_TITLE_OVERLAP = 0.3
"""Part of the shorter title's words that the other title has."""
UNIQUE_TITLE_WORDS = 8
"""Words that make a title as good as unique."""
SAME_TITLE_WINDOW = timedelta(days=2)
SHORT_SENTENCE_WORDS, LONG_SENTENCE_WORDS = 5, 12
"""Words in a row that must stand in both texts as well, of short ones and of others: more than a
name or a turn of speech, and more than the standing line of a column."""
SHORT_TEXT_COVERAGE = 0.25
"""Part of a short text."""
MIN_COMPARABLE_PHRASES = 30
"""Phrases of a text that would share some with another form of itself."""
CHANCE_COVERAGE = 0.1
"""Part of a text that another one on another matter has by chance."""
MIN_CLAIMED_OVERLAP = 0.3
MIN_CLAIMED_TITLE = 0.6
"""The same for a copy that names the original: less than is asked of others."""

_FEED_URL = re.compile(r"(?:/feed|/rss|/atom|\.rss|\.atom|\.xml|\.rdf)/?(?:\?.*)?$|^feeds?\.", re.I)


class _Overlap:
    """What two entries have in common; each figure is made when first asked for."""

    def __init__(self, a: TextFeatures, b: TextFeatures) -> None:
        self.a, self.b = a, b
        by_length = sorted((a, b), key=lambda telling: (len(telling.phrase_set), telling.words))
        self._shorter, longer = by_length
        self._common = self._shorter.phrase_set & longer.phrase_set
        self.phrases = len(self._common)
        self.shorter = len(self._shorter.phrase_set)
        """Phrases of the shorter text."""
        self.covered = self.phrases / self.shorter if self.shorter else 0.0
        """The part of them that the other text has."""
        self.is_all = (
            self.covered >= NEAR_FULL_COVERAGE
            and len(longer.phrase_set) < MAX_LENGTH_RATIO * self.shorter
        )
        """Whether both texts are one, and not a part of the other."""

    @cached_property
    def run(self) -> int:
        """Most words in a row of which every three stand in the other text."""
        longest = run = 0
        for phrase in self._shorter.phrases:
            run = run + 1 if phrase in self._common else 0
            longest = max(longest, run)
        return longest + 2 if longest else 0

    @cached_property
    def titles(self) -> float:
        """How much of the shorter title's words the other title has."""
        one, other = sorted((self.a.title_words, self.b.title_words), key=len)
        return _fraction(one, other)

    @cached_property
    def title_fits(self) -> float:
        """How much of the longer text's title the shorter entry has in its title or text. The
        other way says nothing: a round-up has the titles of all that it rounds up."""
        longer = self.b if self._shorter is self.a else self.a
        return _fraction(longer.title_words, self._shorter.vocabulary)


def compare(
    a: TextFeatures, b: TextFeatures, window: timedelta = COMPARISON_WINDOW
) -> Match | None:
    """The first evidence that holds that both are one article, if any does.

    It does not depend on the order of the two, nor on anything else that is stored.
    """
    shared = _Overlap(a, b)
    is_near = _time_between(a, b) <= window
    if _has_same_canonical_url(a, b) and (
        _could_be_same(shared) if is_near else _is_similar(shared)
    ):
        return _match(
            a, b, MatchKind.ADDRESS, 1.0 + shared.covered, f"same address {a.entry.canonical_url}"
        )
    if not is_near or _are_different_parts(a, b) or _numbers_differ(a, b):
        return None
    if claimed := _attribution(a, b, shared):
        return _match(a, b, MatchKind.ATTRIBUTION, shared.covered, claimed)
    if score := _same_text(shared):
        return _match(
            a, b, MatchKind.TEXT, score,
            f"{shared.covered:.0%} of the shorter text stands in the other, "
            f"{shared.run} words in a row",
        )  # fmt: skip
    if _same_title(a, b, shared):
        why = f"same title, and {shared.run} words in a row" if shared.run else "same title"
        return _match(
            a, b, MatchKind.TITLE, shared.covered, f"{why}, within {SAME_TITLE_WINDOW.days} days"
        )
    return None


def is_same_article_again(a: TextFeatures, b: TextFeatures) -> bool:
    """True if two entries of one outlet are one article without doubt: its whole text, or its title
    at its address. Columns, series and live pages share an address, or much of a text."""
    shared = _Overlap(a, b)
    is_one_text = shared.is_all and shared.shorter >= MIN_SHARED_PHRASES
    same_title = a.title_words == b.title_words
    return is_one_text or (_has_same_canonical_url(a, b) and same_title)


def is_still_similar(a: TextFeatures, b: TextFeatures) -> bool:
    """True if two entries that were one article have still to do with each other."""
    return _has_same_canonical_url(a, b) or _is_similar(_Overlap(a, b))


def is_match_allowed(bond: Match, setting: Dedupe) -> bool:
    """True if an outlet's `dedupe` lets its entries be bound so."""
    if setting == "address":
        return bond.kind in (MatchKind.ADDRESS, MatchKind.ATTRIBUTION)
    return setting != "off"


def _match(a: TextFeatures, b: TextFeatures, kind: MatchKind, score: float, why: str) -> Match:
    first, second = sorted((a.entry.entry_id, b.entry.entry_id))
    return Match(entry_a=first, entry_b=second, kind=kind, score=round(score, 3), reason=why)


def _has_same_canonical_url(a: TextFeatures, b: TextFeatures) -> bool:
    return bool(a.entry.canonical_url) and a.entry.canonical_url == b.entry.canonical_url


def _time_between(a: TextFeatures, b: TextFeatures) -> timedelta:
    """The time between both; of an article without a date, nobody knows."""
    if not (a.entry.is_dated and b.entry.is_dated):
        return timedelta()
    return abs(a.entry.published - b.entry.published)


def _attribution(a: TextFeatures, b: TextFeatures, shared: _Overlap) -> str:
    """That one of them is said to be a copy of the other, and by whom; empty if none is. A link
    behind "first published" may lead to the source of a report, so the texts must have to do
    with each other; or the titles, where one has hardly any text."""
    for copy, original in ((a, b), (b, a)):
        address = original.entry.canonical_url
        if (
            address
            and address in copy.entry.source_urls
            and _is_attribution_backed(copy, original, shared)
        ):
            return f"{copy.entry.source} says that it comes from {address}"
    return ""


def _is_attribution_backed(copy: TextFeatures, original: TextFeatures, shared: _Overlap) -> bool:
    """What names several originals may be a round-up, so a title that it mentions is not
    enough; a feed that is named beside is not another original."""
    if shared.shorter >= MIN_SHARED_PHRASES:
        return shared.covered >= MIN_CLAIMED_OVERLAP or shared.run >= PASSAGE_WORDS
    named = [address for address in copy.entry.source_urls if not _FEED_URL.search(address)]
    mentions = _fraction(original.title_words, copy.vocabulary)
    return shared.titles >= MIN_CLAIMED_OVERLAP or (
        len(named) == 1 and mentions >= MIN_CLAIMED_TITLE
    )


def _is_similar(shared: _Overlap) -> bool:
    """An address that stands for years may have had several articles."""
    return (
        max(shared.covered, shared.titles) >= MIN_CLAIMED_OVERLAP
        or shared.title_fits >= MIN_CLAIMED_TITLE
    )


def _could_be_same(shared: _Overlap) -> bool:
    """Not if two texts at one address have nothing to do with each other, but for turns of
    speech: it is the page of a programme, or of a live blog."""
    if shared.shorter < MIN_COMPARABLE_PHRASES or shared.covered >= CHANCE_COVERAGE:
        return True
    return max(shared.titles, shared.title_fits) >= MIN_TITLE_OVERLAP


def _numbers_differ(a: TextFeatures, b: TextFeatures) -> bool:
    """True if they are two updates of one toll: each has a figure in its first sentences that
    the other does not have at all, or the titles have other figures, of which one is new."""
    have_both = a.headline_numbers and b.headline_numbers  # else no whole text is looked through
    if have_both and a.headline_numbers - b.numbers and b.headline_numbers - a.numbers:
        return True
    one, other = a.title_figures, b.title_figures
    return bool(one and other and one.isdisjoint(other) and (one - b.numbers or other - a.numbers))


def _are_different_parts(a: TextFeatures, b: TextFeatures) -> bool:
    """True if the titles say so: they are the same but for what counts them, or each names
    another part."""
    if a.part and b.part and a.part != b.part:
        return True
    titles = ((a.title, b.title), (a.whole_title, b.whole_title))
    return any(differs_only_in_count(one, other) for one, other in titles)


def _same_text(shared: _Overlap) -> float:
    """How sure it is that one text is the other or a part of it; 0 if it is not."""
    if shared.phrases < MIN_SHARED_PHRASES or shared.covered < MIN_COVERAGE:
        return 0.0
    score = (
        shared.covered + min(shared.run, MAX_COUNTED_RUN_WORDS) / 40 + TITLE_WEIGHT * shared.titles
    )
    has_passage = shared.covered >= HIGH_COVERAGE or shared.run >= PASSAGE_WORDS
    fits = (
        _needs_no_title(shared)
        or shared.titles >= MIN_TITLE_OVERLAP
        or shared.title_fits >= MIN_TITLE_IN_TEXT
    )
    return score if score >= MIN_TEXT_SCORE and has_passage and fits else 0.0


def _needs_no_title(shared: _Overlap) -> bool:
    """True if a text is too long, or too long a passage of both, for a standing one such as a
    paywall or a company's own description. What is told whole in a much longer text under
    another title is quoted there, as in a digest."""
    if shared.covered >= NEAR_FULL_COVERAGE:
        return shared.is_all and (
            shared.shorter >= LONG_TEXT_PHRASES or shared.run >= LONG_RUN_WORDS
        )
    return shared.run >= LONG_PASSAGE_WORDS


def _same_title(a: TextFeatures, b: TextFeatures, shared: _Overlap) -> bool:
    """One long title on one day, and a sentence in common, or the title in the other's text."""
    if a.title != b.title or len(a.title.split()) < UNIQUE_TITLE_WORDS:
        return False
    is_bare = not (a.words and b.words)  # and the other's text says the title itself
    is_told = is_bare and f" {a.title} " in f" {' '.join(a.words or b.words)} "
    is_near = abs(a.entry.published - b.entry.published) <= SAME_TITLE_WINDOW
    own = all(a.title in " ".join(words) for words in (a.words, b.words))  # both say it again
    sentence = (
        SHORT_SENTENCE_WORDS if shared.covered >= SHORT_TEXT_COVERAGE else LONG_SENTENCE_WORDS
    )
    sentence += own * len(a.title.split())
    return is_near and (is_told or shared.run >= sentence)


def _fraction(words: Set[str], of: Set[str]) -> float:
    return len(words & of) / len(words) if words else 0.0
