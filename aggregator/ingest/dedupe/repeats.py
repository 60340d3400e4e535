"""Articles that one outlet publishes twice: under a new link, in another section, with a new id.

Within one outlet the title and the text of both must be the same, and more than that if the text
is only a teaser: columns, briefings and live pages have a fixed title and teaser, and a new article
each day. They recur; a repeat does not.
"""

from collections.abc import Sequence
from datetime import timedelta

from aggregator.ingest.dedupe.features import TextFeatures
from aggregator.ingest.dedupe.overlap import Overlap
from aggregator.ingest.dedupe.similarity import make_match, may_be_one
from aggregator.model import Match, MatchKind
from aggregator.text.urls import path_without_host

__all__ = ["is_same_article_again", "repeated"]

REPEAT_WINDOW = timedelta(days=7)
"""Time within which a text is published again."""
TEASER_WINDOW = timedelta(hours=12)
"""The same for a teaser, which a daily column has, too."""
SAME_HOUR = timedelta(hours=1)
"""Time within which a title and a teaser are the same article, whatever its link is."""
MIN_TEXT_PHRASES = 60
"""Phrases of three words that make a text an article's own, not a teaser."""
MIN_SHARED_PHRASES = 13
"""Phrases of a text that is compared at all."""
MIN_STOCK_COVERAGE = 0.5
"""Fraction of a text that an article of another title has, if it is a stock text."""
MIN_TITLE_WORDS = 3
"""Words of a title that is one article's; a shorter one is that of a programme, with a text that
describes it."""


def repeated(a: TextFeatures, b: TextFeatures, others: Sequence[TextFeatures]) -> Match | None:
    """The evidence that two entries of one outlet are one article, or None.

    `others` are more entries of the outlet that have the title or the text: they show whether it
    recurs.
    """
    gap = abs(a.entry.published - b.entry.published)
    if a.title != b.title or len(a.title.split()) < MIN_TITLE_WORDS or gap > REPEAT_WINDOW:
        return None
    if _have_other_files(a, b) or not may_be_one(a, b) or a.is_live_page or _recurs(a, b, others):
        return None
    if _is_own_text(a, b, others):
        return make_match(a, b, MatchKind.REPEAT, 2.0, "same outlet, title and text")
    is_same_link = bool(name := _name(a)) and name == _name(b)
    is_at_one_time = gap <= (TEASER_WINDOW if is_same_link else SAME_HOUR)
    if a.words == b.words and is_at_one_time:
        return make_match(a, b, MatchKind.REPEAT, 1.0, "same outlet, title, teaser and time")
    return None


def is_same_article_again(a: TextFeatures, b: TextFeatures) -> bool:
    """True if two entries of one outlet are certainly one article: they have the same text, or the
    same title and URL. Less is not enough: columns, series and live pages share a URL, or much of
    their text."""
    shared = Overlap(a, b)
    has_same_text = shared.is_same_text and shared.shorter_phrase_count >= MIN_SHARED_PHRASES
    has_same_title = a.title_words == b.title_words
    has_same_url = bool(a.entry.canonical_url) and a.entry.canonical_url == b.entry.canonical_url
    return has_same_text or (has_same_url and has_same_title)


def _is_own_text(a: TextFeatures, b: TextFeatures, others: Sequence[TextFeatures]) -> bool:
    """True if both have the text of one article: a long one that the outlet has under no other
    title, as it would have the description of a programme."""
    shared = Overlap(a, b)
    if not shared.is_same_text or shared.shorter_phrase_count < MIN_TEXT_PHRASES:
        return False
    return not any(
        other.title != a.title and Overlap(a, other).coverage >= MIN_STOCK_COVERAGE
        for other in others
    )


def _name(text: TextFeatures) -> str:
    """The last part of an article's address, which stays if it is moved to another section."""
    return path_without_host(text.entry.url).rstrip("/").rpartition("/")[2]


def _have_other_files(a: TextFeatures, b: TextFeatures) -> bool:
    """True if each has a file of its own: two episodes."""
    files = [{file.url for file in each.entry.enclosures} for each in (a, b)]
    return bool(files[0] and files[1] and files[0].isdisjoint(files[1]))


def _recurs(a: TextFeatures, b: TextFeatures, others: Sequence[TextFeatures]) -> bool:
    """True if the outlet has published the title at another time, as it does with a column."""
    return any(
        other.title == a.title
        and all(
            abs(other.entry.published - each.entry.published) > TEASER_WINDOW for each in (a, b)
        )
        for other in others
    )
