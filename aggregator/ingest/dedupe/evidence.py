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

from aggregator.ingest.dedupe.figures import is_counted_otherwise
from aggregator.ingest.dedupe.telling import Telling
from aggregator.model import Bond, Dedupe, Kind

__all__ = ["WINDOW", "allowed", "compare", "is_again", "still_alike"]

WINDOW = timedelta(days=14)
"""Articles that were published further apart are not compared by their words."""

LEAST_SHARED = 10
"""Phrases of three words; with fewer, independent reports of one event share as many."""
LEAST_COVERED = 0.5
"""Part of the shorter text that stands in the other."""
NEARLY_ALL = 0.9
SIZE = 1.5
"""How many times as long a text may be that has no more than the other."""
MOSTLY = 0.7
"""Part from which on many short runs will do; below, there must be a passage in common."""
PASSAGE = 11
"""Words in a row that two writers do not find by chance."""
ENOUGH = 0.9
"""Covered part + a fortieth for each word of the longest run + a little for the titles."""
RUN_COUNTS = 60
"""Words of a run after which a longer one proves no more."""
TITLES_COUNT = 0.15
LONG_TEXT = 150
"""Phrases; a shorter text may be all standing phrases, so its title must fit as well."""
LONG_RUN = 60
"""Words in a row; standing phrases are shorter."""
LONG_PASSAGE = 200
"""Words in a row; standing texts are shorter."""
TITLE_FITS = 0.2
"""Part of the longer text's title that the shorter entry has in its title or text."""
TITLES_ALIKE = 0.3
"""Part of the shorter title's words that the other title has."""
SAME_TITLE = 8
"""Words that make a title as good as unique."""
SAME_DAY = timedelta(days=2)
SENTENCE, LONG_SENTENCE = 5, 12
"""Words in a row that must stand in both texts as well, of short ones and of others: more than a
name or a turn of speech, and more than the standing line of a column."""
MUCH = 0.25
"""Part of a short text."""
LONG_ENOUGH = 30
"""Phrases of a text that would share some with another form of itself."""
UNLIKE = 0.1
"""Part of a text that another one on another matter has by chance."""
CLAIM_ALIKE = 0.3
CLAIM_FITS = 0.6
"""The same for a copy that names the original: less than is asked of others."""

_FEED = re.compile(r"(?:/feed|/rss|/atom|\.rss|\.atom|\.xml|\.rdf)/?(?:\?.*)?$|^feeds?\.", re.I)


class _Shared:
    """What two entries have in common; each figure is made when first asked for."""

    def __init__(self, a: Telling, b: Telling) -> None:
        self.a, self.b = a, b
        by_length = sorted((a, b), key=lambda telling: (len(telling.phrase_set), telling.words))
        self._shorter, longer = by_length
        self._common = self._shorter.phrase_set & longer.phrase_set
        self.phrases = len(self._common)
        self.shorter = len(self._shorter.phrase_set)
        """Phrases of the shorter text."""
        self.covered = self.phrases / self.shorter if self.shorter else 0.0
        """The part of them that the other text has."""
        self.is_all = self.covered >= NEARLY_ALL and len(longer.phrase_set) < SIZE * self.shorter
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
        return _part(one, other)

    @cached_property
    def title_fits(self) -> float:
        """How much of the longer text's title the shorter entry has in its title or text. The
        other way says nothing: a round-up has the titles of all that it rounds up."""
        longer = self.b if self._shorter is self.a else self.a
        return _part(longer.title_words, self._shorter.vocabulary)


def compare(a: Telling, b: Telling, window: timedelta = WINDOW) -> Bond | None:
    """The first evidence that holds that both are one article, if any does.

    It does not depend on the order of the two, nor on anything else that is stored.
    """
    shared = _Shared(a, b)
    is_near = _apart(a, b) <= window
    if _is_said_address(a, b) and (_may_be_one(shared) if is_near else _is_alike(shared)):
        return _bond(a, b, Kind.ADDRESS, 1.0 + shared.covered, f"same address {a.entry.address}")
    if not is_near or _are_parts(a, b) or _figures_differ(a, b):
        return None
    if claimed := _claimed(a, b, shared):
        return _bond(a, b, Kind.ATTRIBUTION, shared.covered, claimed)
    if score := _same_text(shared):
        return _bond(
            a, b, Kind.TEXT, score,
            f"{shared.covered:.0%} of the shorter text stands in the other, "
            f"{shared.run} words in a row",
        )  # fmt: skip
    if _same_title(a, b, shared):
        why = f"same title, and {shared.run} words in a row" if shared.run else "same title"
        return _bond(a, b, Kind.TITLE, shared.covered, f"{why}, within {SAME_DAY.days} days")
    return None


def is_again(a: Telling, b: Telling) -> bool:
    """True if two entries of one outlet are one article without doubt: its whole text, or its title
    at its address. Columns, series and live pages share an address, or much of a text."""
    shared = _Shared(a, b)
    is_one_text = shared.is_all and shared.shorter >= LEAST_SHARED
    same_title = a.title_words == b.title_words
    return is_one_text or (_is_said_address(a, b) and same_title)


def still_alike(a: Telling, b: Telling) -> bool:
    """True if two entries that were one article have still to do with each other."""
    return _is_said_address(a, b) or _is_alike(_Shared(a, b))


def allowed(bond: Bond, setting: Dedupe) -> bool:
    """True if an outlet's `dedupe` lets its entries be bound so."""
    if setting == "address":
        return bond.kind in (Kind.ADDRESS, Kind.ATTRIBUTION)
    return setting != "off"


def _bond(a: Telling, b: Telling, kind: Kind, score: float, why: str) -> Bond:
    first, second = sorted((a.entry.row, b.entry.row))
    return Bond(a=first, b=second, kind=kind, score=round(score, 3), why=why)


def _is_said_address(a: Telling, b: Telling) -> bool:
    return bool(a.entry.address) and a.entry.address == b.entry.address


def _apart(a: Telling, b: Telling) -> timedelta:
    """The time between both; of an article without a date, nobody knows."""
    if not (a.entry.is_dated and b.entry.is_dated):
        return timedelta()
    return abs(a.entry.published - b.entry.published)


def _claimed(a: Telling, b: Telling, shared: _Shared) -> str:
    """That one of them is said to be a copy of the other, and by whom; empty if none is. A link
    behind "first published" may lead to the source of a report, so the texts must have to do
    with each other; or the titles, where one has hardly any text."""
    for copy, original in ((a, b), (b, a)):
        address = original.entry.address
        if address and address in copy.entry.originals and _is_backed(copy, original, shared):
            return f"{copy.entry.source} says that it comes from {address}"
    return ""


def _is_backed(copy: Telling, original: Telling, shared: _Shared) -> bool:
    """What names several originals may be a round-up, so a title that it mentions is not
    enough; a feed that is named beside is not another original."""
    if shared.shorter >= LEAST_SHARED:
        return shared.covered >= CLAIM_ALIKE or shared.run >= PASSAGE
    named = [address for address in copy.entry.originals if not _FEED.search(address)]
    mentions = _part(original.title_words, copy.vocabulary)
    return shared.titles >= CLAIM_ALIKE or (len(named) == 1 and mentions >= CLAIM_FITS)


def _is_alike(shared: _Shared) -> bool:
    """An address that stands for years may have had several articles."""
    return max(shared.covered, shared.titles) >= CLAIM_ALIKE or shared.title_fits >= CLAIM_FITS


def _may_be_one(shared: _Shared) -> bool:
    """Not if two texts at one address have nothing to do with each other, but for turns of
    speech: it is the page of a programme, or of a live blog."""
    if shared.shorter < LONG_ENOUGH or shared.covered >= UNLIKE:
        return True
    return max(shared.titles, shared.title_fits) >= TITLES_ALIKE


def _figures_differ(a: Telling, b: Telling) -> bool:
    """True if they are two updates of one toll: each has a figure in its first sentences that
    the other does not have at all, or the titles have other figures, of which one is new."""
    have_both = a.headline_numbers and b.headline_numbers  # else no whole text is looked through
    if have_both and a.headline_numbers - b.numbers and b.headline_numbers - a.numbers:
        return True
    one, other = a.title_figures, b.title_figures
    return bool(one and other and one.isdisjoint(other) and (one - b.numbers or other - a.numbers))


def _are_parts(a: Telling, b: Telling) -> bool:
    """True if the titles say so: they are the same but for what counts them, or each names
    another part."""
    if a.part and b.part and a.part != b.part:
        return True
    titles = ((a.title, b.title), (a.whole_title, b.whole_title))
    return any(is_counted_otherwise(one, other) for one, other in titles)


def _same_text(shared: _Shared) -> float:
    """How sure it is that one text is the other or a part of it; 0 if it is not."""
    if shared.phrases < LEAST_SHARED or shared.covered < LEAST_COVERED:
        return 0.0
    score = shared.covered + min(shared.run, RUN_COUNTS) / 40 + TITLES_COUNT * shared.titles
    has_passage = shared.covered >= MOSTLY or shared.run >= PASSAGE
    fits = (
        _needs_no_title(shared) or shared.titles >= TITLES_ALIKE or shared.title_fits >= TITLE_FITS
    )
    return score if score >= ENOUGH and has_passage and fits else 0.0


def _needs_no_title(shared: _Shared) -> bool:
    """True if a text is too long, or too long a passage of both, for a standing one such as a
    paywall or a company's own description. What is told whole in a much longer text under
    another title is quoted there, as in a digest."""
    if shared.covered >= NEARLY_ALL:
        return shared.is_all and (shared.shorter >= LONG_TEXT or shared.run >= LONG_RUN)
    return shared.run >= LONG_PASSAGE


def _same_title(a: Telling, b: Telling, shared: _Shared) -> bool:
    """One long title on one day, and a sentence in common, or the title in the other's text."""
    if a.title != b.title or len(a.title.split()) < SAME_TITLE:
        return False
    is_bare = not (a.words and b.words)  # and the other's text says the title itself
    is_told = is_bare and f" {a.title} " in f" {' '.join(a.words or b.words)} "
    is_near = abs(a.entry.published - b.entry.published) <= SAME_DAY
    own = all(a.title in " ".join(words) for words in (a.words, b.words))  # both say it again
    sentence = SENTENCE if shared.covered >= MUCH else LONG_SENTENCE
    sentence += own * len(a.title.split())
    return is_near and (is_told or shared.run >= sentence)


def _part(words: Set[str], of: Set[str]) -> float:
    return len(words & of) / len(words) if words else 0.0
