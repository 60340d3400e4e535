"""Evidence that two entries of different outlets are one article.

    compare(a, b) -> Match or None

Each kind of evidence is a small function; the first that holds is returned. Contradicting numbers
outweigh similarity. A title alone is never enough: independent reports, columns and series share
titles. The limits were tuned on the development halves of the labelled sets (docs/measurements.md).
"""

import re
from collections import Counter
from collections.abc import Iterable, Set
from datetime import timedelta

from aggregator.ingest.dedupe.features import Phrase, TextFeatures
from aggregator.ingest.dedupe.numbers import differs_only_in_count
from aggregator.ingest.dedupe.overlap import NEAR_FULL_COVERAGE, Overlap, common_run, fraction
from aggregator.model import Dedupe, Entry, Match, MatchKind
from aggregator.text.boilerplate import strip_name
from aggregator.text.tokens import folded_words
from aggregator.text.urls import is_on_site

__all__ = [
    "COMPARISON_WINDOW",
    "compare",
    "do_words_agree",
    "is_headline_of",
    "is_match_allowed",
    "is_still_similar",
    "make_match",
    "may_be_one",
    "stock_phrases",
]

COMPARISON_WINDOW = timedelta(days=14)
"""The texts of articles that were published further apart are not compared."""

MIN_SHARED_PHRASES = 10
"""Phrases of three words; independent reports of one event share fewer."""
MIN_COVERAGE = 0.5
"""Fraction of the shorter text that is in the other."""
MIN_STOCK_ARTICLES = 2
WIRE_PHRASES = 60
"""Phrases; a longer text is no teaser or short agency report."""
MIN_WIRE_COVERAGE = 1.0
"""Sum of the fractions of two short texts that are in the other: two reports of one fact share a
sentence that states it, and a name, but each says something else besides."""
MIN_OWN_COVERAGE = 0.4
"""Fraction of the phrases outside quotations that is in the other text, if one is a copy."""
HIGH_COVERAGE = 0.7
"""Coverage at which short runs are enough; below it, the texts must share a passage."""
PASSAGE_WORDS = 11
"""Words in a row that two writers do not share by chance."""
MIN_TEXT_SCORE = 0.9
"""Coverage + a fortieth for each word of the longest run + TITLE_WEIGHT x title overlap."""
MAX_COUNTED_RUN_WORDS = 60
"""Words of a run that count; a longer one is not stronger evidence."""
TITLE_WEIGHT = 0.15
LONG_TEXT_PHRASES = 150
"""Phrases; a shorter text may be nothing but boilerplate, so its title must fit as well."""
LONG_RUN_WORDS = 60
"""Words in a row; stock phrases are shorter."""
LONG_PASSAGE_WORDS = 200
"""Words in a row; boilerplate is shorter, and two reports that differ in a number share fewer."""
EXCERPT_WORDS = 100
"""Words in a row of which an excerpt under another headline consists."""
MIN_TITLE_IN_TEXT = 0.2
"""Fraction of the longer text's title that the shorter entry has in its title or text."""
MIN_TITLE_OVERLAP = 0.3
"""Fraction of the shorter title's words that the other title has."""
MIN_HEADLINE_WORDS = 4
"""Words of a title that is one article's if its outlet is named too."""
UNIQUE_TITLE_WORDS = 8
"""Words that make a title practically unique."""
SAME_TITLE_WINDOW = timedelta(days=2)
SHORT_SENTENCE_WORDS, LONG_SENTENCE_WORDS = 5, 12
"""Words in a row that texts with the same title must share, if they are short and if not: more than
a name or an idiom, and more than the tagline of a column."""
SHORT_TEXT_COVERAGE = 0.25
"""Coverage from which SHORT_SENTENCE_WORDS are enough."""
MIN_COMPARABLE_PHRASES = 30
"""Phrases; a text with as many shares some with any other version of itself."""
CHANCE_COVERAGE = 0.1
"""Fraction of a text that an unrelated one has by chance."""
MIN_ATTRIBUTED_OVERLAP = 0.3
MIN_ATTRIBUTED_TITLE = 0.6
"""Lower limits for a copy that names its original, or has its URL."""

_FEED_URL = re.compile(r"(?:/feed|/rss|/atom|\.rss|\.atom|\.xml|\.rdf)/?(?:\?.*)?$|^feeds?\.", re.I)


def compare(
    a: TextFeatures, b: TextFeatures, window: timedelta = COMPARISON_WINDOW
) -> Match | None:
    """The first evidence that both are one article, or None.

    It depends neither on the order of the two nor on any other entry.
    """
    shared = Overlap(a, b)
    is_near = _time_between(a, b) <= window
    if _has_same_canonical_url(a, b) and (
        _could_be_same(shared) if is_near and _is_address_of_one(a, b) else _is_similar(shared)
    ):
        reason = f"same address {a.entry.canonical_url}"
        return make_match(a, b, MatchKind.ADDRESS, 1.0 + shared.coverage, reason)
    if not is_near:
        return None
    is_passage_shared = shared.run_words >= LONG_PASSAGE_WORDS  # which outweighs any number
    if not is_passage_shared and not may_be_one(a, b):
        return None
    if reason := _attribution(a, b, shared):
        return make_match(a, b, MatchKind.ATTRIBUTION, shared.coverage, reason)
    if score := _text_score(shared):
        reason = (
            f"{shared.coverage:.0%} of the shorter text is in the other, "
            f"{shared.run_words} words in a row"
        )
        return make_match(a, b, MatchKind.TEXT, score, reason)
    if _has_same_title(a, b, shared):
        common = f"same title, and {shared.run_words} words in a row"
        reason = common if shared.run_words else "same title"
        reason = f"{reason}, within {SAME_TITLE_WINDOW.days} days"
        return make_match(a, b, MatchKind.TITLE, shared.coverage, reason)
    return None


def do_words_agree(a: TextFeatures, b: TextFeatures) -> bool:
    """True if texts or titles are similar, whatever the addresses are."""
    return _is_similar(Overlap(a, b))


def is_still_similar(a: TextFeatures, b: TextFeatures) -> bool:
    """True if two entries that were matched before still have a URL or some text in common."""
    return _has_same_canonical_url(a, b) or _is_similar(Overlap(a, b))


def is_match_allowed(match: Match, setting: Dedupe) -> bool:
    """True if a source's `dedupe` setting allows this kind of match."""
    if setting == "address":
        return match.kind in (MatchKind.REPEAT, MatchKind.ADDRESS, MatchKind.ATTRIBUTION)
    return setting != "off"


def make_match(
    a: TextFeatures, b: TextFeatures, kind: MatchKind, score: float, reason: str
) -> Match:
    """A match of two entries."""
    first, second = sorted((a.entry.entry_id, b.entry.entry_id))
    return Match(entry_a=first, entry_b=second, kind=kind, score=round(score, 3), reason=reason)


def _has_same_canonical_url(a: TextFeatures, b: TextFeatures) -> bool:
    return bool(a.entry.canonical_url) and a.entry.canonical_url == b.entry.canonical_url


def _is_address_of_one(a: TextFeatures, b: TextFeatures) -> bool:
    """True if the address that two entries share is that of one of them.

    It is not if it lies on neither outlet's site: link blogs comment on the article of a third one.
    Nor if each has a file of its own: the episodes of two podcasts may have one page.
    """
    files = [{file.url for file in each.entry.enclosures} for each in (a, b)]
    if all(files) and files[0].isdisjoint(files[1]):
        return False
    sites = [each.outlet.site for each in (a, b) if each.outlet]
    return not sites or any(is_on_site(a.entry.canonical_url, site) for site in sites)


def _time_between(a: TextFeatures, b: TextFeatures) -> timedelta:
    """The time between publication of both; zero if one has no date."""
    if not (a.entry.is_dated and b.entry.is_dated):
        return timedelta()
    return abs(a.entry.published - b.entry.published)


def _attribution(a: TextFeatures, b: TextFeatures, shared: Overlap) -> str:
    """A sentence that says which source calls its entry a copy of the other; empty if neither does.

    A link after "first published" may lead to the source of a report, so the texts must have
    something in common; or the titles, where one has hardly any text.
    """
    for copy, original in ((a, b), (b, a)):
        url = original.entry.canonical_url
        is_named = bool(url) and url in copy.entry.source_urls
        if is_named and _is_attribution_backed(copy, original, shared):
            return f"{copy.entry.source} says that it comes from {url}"
        if original.outlet and is_headline_of(copy.entry, original.entry, original.outlet.name):
            return f"the title in {copy.entry.source} ends with the name of {original.entry.source}"
    return ""


def stock_phrases(a: TextFeatures, b: TextFeatures, others: Iterable[TextFeatures]) -> Set[Phrase]:
    """Phrases of two texts that belong to an outlet, not to an article: at least two other articles
    of these outlets have them, under titles about something else."""
    sources = {a.entry.source, b.entry.source}
    counts = Counter(
        phrase
        for other in others
        if other is not b
        and other.entry.source in sources
        and all(Overlap(other, each).title_overlap < MIN_TITLE_OVERLAP for each in (a, b))
        for phrase in other.phrase_set
    )
    common = a.phrase_set & b.phrase_set
    return {phrase for phrase in common if counts[phrase] >= MIN_STOCK_ARTICLES}


def is_headline_of(copy: Entry, original: Entry, name: str) -> bool:
    """True if a title is that of the other entry with the name of its outlet at the end, as news
    searches write it."""
    bare = strip_name(copy.title, name) if name else ""
    if len(bare.split()) < MIN_HEADLINE_WORDS:
        return False
    is_near = abs(copy.published - original.published) <= SAME_TITLE_WINDOW
    return is_near and folded_words(bare) == folded_words(original.title)


def _is_attribution_backed(copy: TextFeatures, original: TextFeatures, shared: Overlap) -> bool:
    """True if text or title support an attribution.

    A copy that names several originals may be a round-up, so mentioning the title is not enough;
    the URL of a feed does not count as another original.
    """
    if shared.shorter_phrase_count >= MIN_SHARED_PHRASES:
        return shared.coverage >= MIN_ATTRIBUTED_OVERLAP or shared.run_words >= PASSAGE_WORDS
    if shared.title_overlap >= MIN_ATTRIBUTED_OVERLAP:
        return True
    originals = [url for url in copy.entry.source_urls if not _FEED_URL.search(url)]
    mentioned = fraction(original.title_words, copy.vocabulary)
    return len(originals) == 1 and mentioned >= MIN_ATTRIBUTED_TITLE


def _is_similar(shared: Overlap) -> bool:
    """True if texts or titles are similar; over time, one URL may have had several articles."""
    return (
        max(shared.coverage, shared.title_overlap) >= MIN_ATTRIBUTED_OVERLAP
        or shared.title_in_text >= MIN_ATTRIBUTED_TITLE
    )


def _could_be_same(shared: Overlap) -> bool:
    """False if two texts at one URL are unrelated: it is the page of a programme or a live blog."""
    if shared.shorter_phrase_count < MIN_COMPARABLE_PHRASES or shared.coverage >= CHANCE_COVERAGE:
        return True
    return max(shared.title_overlap, shared.title_in_text) >= MIN_TITLE_OVERLAP


def may_be_one(a: TextFeatures, b: TextFeatures) -> bool:
    """False if numbers in titles or texts say that two entries are different articles."""
    return not (_are_different_parts(a, b) or _numbers_differ(a, b))


def _numbers_differ(a: TextFeatures, b: TextFeatures) -> bool:
    """True if two entries report different numbers, such as two updates of a death toll.

    Each has a number in its first sentences that the other does not have at all, or their titles
    have no number in common, and one of them is not in the other's text.
    """
    have_both = a.headline_numbers and b.headline_numbers  # spares looking through whole texts
    if have_both and a.headline_numbers - b.numbers and b.headline_numbers - a.numbers:
        return True
    one, other = a.title_numbers, b.title_numbers
    return bool(one and other and one.isdisjoint(other) and (one - b.numbers or other - a.numbers))


def _are_different_parts(a: TextFeatures, b: TextFeatures) -> bool:
    """True if two titles differ only in their number, or name different parts of a series."""
    if a.part and b.part and a.part != b.part:
        return True
    titles = ((a.title, b.title), (a.full_title, b.full_title))
    return any(differs_only_in_count(one, other) for one, other in titles)


def _text_score(shared: Overlap) -> float:
    """Score of the evidence that one text is the other or a part of it; 0 if it is not enough."""
    if shared.phrase_count < MIN_SHARED_PHRASES or shared.coverage < MIN_COVERAGE:
        return 0.0
    do_titles_fit = (
        shared.title_overlap >= MIN_TITLE_OVERLAP or shared.title_in_text >= MIN_TITLE_IN_TEXT
    )
    is_more_than_quoted = (
        shared.run_words >= LONG_RUN_WORDS and shared.phrase_count >= LONG_TEXT_PHRASES
    )
    if shared.longer_phrase_count < WIRE_PHRASES and _coverage_of_both(shared) < MIN_WIRE_COVERAGE:
        return 0.0
    if shared.own_coverage < MIN_OWN_COVERAGE and not is_more_than_quoted:
        return 0.0
    if shared.title_overlap < MIN_ATTRIBUTED_TITLE and shared.is_quotation:
        return 0.0
    if (shared.a.is_live_page or shared.b.is_live_page) and not shared.is_same_text:
        return 0.0
    counted_run = min(shared.run_words, MAX_COUNTED_RUN_WORDS)
    score = shared.coverage + counted_run / 40 + TITLE_WEIGHT * shared.title_overlap
    has_passage = shared.coverage >= HIGH_COVERAGE or shared.run_words >= PASSAGE_WORDS
    is_enough = has_passage and (do_titles_fit or _needs_no_title(shared))
    return score if score >= MIN_TEXT_SCORE and is_enough else 0.0


def _coverage_of_both(shared: Overlap) -> float:
    return shared.coverage + shared.phrase_count / shared.longer_phrase_count


def _needs_no_title(shared: Overlap) -> bool:
    """True if the shared text is too long for boilerplate, such as a paywall notice or a company's
    description of itself.

    A text that is a part of a much longer one under another title is quoted there, as in a digest,
    unless the longer one came first: then it is an excerpt.
    """
    if shared.coverage >= NEAR_FULL_COVERAGE:
        if not shared.is_same_text:
            return shared.is_shorter_later and shared.run_words >= EXCERPT_WORDS
        return (
            shared.shorter_phrase_count >= LONG_TEXT_PHRASES or shared.run_words >= LONG_RUN_WORDS
        )
    return shared.run_words >= LONG_PASSAGE_WORDS


def _has_same_title(a: TextFeatures, b: TextFeatures, shared: Overlap) -> bool:
    """True for one long title within two days, with a sentence in common; if one entry has no text,
    with the title in the text of the other. Titles that share a passage need no more."""
    if abs(a.entry.published - b.entry.published) > SAME_TITLE_WINDOW:
        return False
    if _do_titles_share_a_passage(a, b):
        return True
    if a.title != b.title or len(a.title.split()) < UNIQUE_TITLE_WORDS:
        return False
    is_one_without_text = not (a.words and b.words)
    if is_one_without_text and f" {a.title} " in f" {' '.join(a.words or b.words)} ":
        return True
    needed_words = (
        SHORT_SENTENCE_WORDS if shared.coverage >= SHORT_TEXT_COVERAGE else LONG_SENTENCE_WORDS
    )
    if all(a.title in " ".join(words) for words in (a.words, b.words)):
        needed_words += len(a.title.split())  # both texts repeat the title
    return shared.run_words >= needed_words


def _do_titles_share_a_passage(a: TextFeatures, b: TextFeatures) -> bool:
    titles = a.title.split(), b.title.split()
    return min(map(len, titles)) >= PASSAGE_WORDS and common_run(*titles) >= PASSAGE_WORDS
