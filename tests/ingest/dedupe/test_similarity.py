"""Which two entries are one article, and which only look like it. Each case is symmetric."""

from datetime import timedelta
from typing import Any

import pytest

from aggregator.ingest.dedupe.features import TextFeatures
from aggregator.ingest.dedupe.similarity import compare
from aggregator.model import Entry, MatchKind
from tests.harness.builders import NOW, article, prose

TEXT = prose(1, 150)
LEDE = "Teachers and principals are bracing for all manner of reactions when 800,000 children"
EDITED_LEDE = (
    "Teachers and principals are bracing themselves for all manner of reactions when 800,000"
)
REST = "return to class today for the first time in eight weeks"
FOOTER = (
    "<p>This article was originally published by Harbor News and is republished here under a "
    "Creative Commons licence, with the kind permission of its authors and editors.</p>"
)
APPEAL = "<p>Sign up for our newsletter to get the week's best stories in your inbox, free.</p>"


def _kind(one: Entry, other: Entry) -> MatchKind | None:
    a, b = TextFeatures(one), TextFeatures(other)
    found, turned = compare(a, b), compare(b, a)
    assert (found and found.kind) == (turned and turned.kind)
    return found.kind if found else None


def _harbor(title: str, text: str = "", **keys: Any) -> Entry:
    return article(title, "harbor", text, entry_id=1, **keys)


def _commons(title: str, text: str = "", **keys: Any) -> Entry:
    return article(title, "commons", text, entry_id=2, **keys)


WORDS = TEXT.split()
SAME_ARTICLE = {
    "another date before the text": (
        _harbor("Cranes rest", f"Updated March 1, 2026, 10:40. {TEXT}"),
        _commons("Cranes rest", f"2 March 2026 at 8 pm. {TEXT}"),
    ),
    "another headline": (_harbor("Cranes rest", TEXT), _commons("Harbor stands still", TEXT)),
    "an excerpt of thirty words": (
        _harbor("Cranes rest in the harbor", f"<p>{TEXT}</p>"),
        _commons("Cranes rest in the harbor", " ".join(WORDS[:30]) + " […]"),
    ),
    "an excerpt after a byline": (
        _harbor("Cranes rest in the harbor", f"<p>{TEXT}</p>"),
        _commons("Cranes rest", f"<p>By Ana Reyes, Harbor. March 01, 2026</p><p>{TEXT[:200]}</p>"),
    ),
    "a sentence before the text": (
        _harbor("Cranes rest", f"<p>{TEXT}</p>"),
        _commons("Cranes rest", f"<p><strong>{' '.join(WORDS[90:110])}</strong></p><p>{TEXT}</p>"),
    ),
    "cut in the middle of a sentence": (
        _harbor("Cranes rest in the harbor", f"<p>{TEXT}</p>"),
        _commons("Cranes rest in the harbor", f"<p>{' '.join(WORDS[:70])} Continue reading</p>"),
    ),
    "a footer and an appeal": (
        _harbor("Cranes rest", f"<p>{TEXT}</p>"),
        _commons("Cranes rest", f"<p>{TEXT}</p>{APPEAL}{FOOTER}"),
    ),
    "an edited lede": (
        _harbor("800,000 children return to school", f"{LEDE} {REST}."),
        _commons("Truancy warning as kids are due back at school",
                 f"{EDITED_LEDE} children {REST}."),
    ),
    "a dateline in each": (
        _harbor("Cranes rest", f"<p>Posted on 25.11.2026, 14:32.</p><p>{prose(1, 200)}</p>"),
        _commons("Cranes rest", f"<p>Nov 24 (Reuters).</p><p>{prose(1, 200)}</p>"),
    ),
    "half of a long report": (
        _harbor("Cranes rest", f"{prose(1, 260)}"),
        _commons("Cranes rest", f"{' '.join(prose(1, 260).split()[60:220])} {prose(2, 90)}"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SAME_ARTICLE)
def test_shared_text_makes_one_article(case: str) -> None:
    """Shared text shows that two entries are one article, whatever an outlet adds."""
    assert _kind(*SAME_ARTICLE[case]) is MatchKind.TEXT


TOLL = "At least {} people have died and {} have lost their homes in the floods, officials said."
DIFFERENT_ARTICLES = {
    "a column with one title": (
        _harbor("The Daily Digest", prose(1, 60)),
        _commons("The Daily Digest", prose(2, 60)),
    ),
    "two reports of one event": (
        _harbor("Surfer killed in shark attack", "A surfer was killed by a shark on Saturday off "
                "Santa Cruz, the authorities said, and beaches will stay closed for five days."),
        _commons("Shark kills surfer in California", "A 26-year-old surfer has died after he was "
                 "attacked by a shark in northern California, park officials said on Sunday."),
    ),
    "two updates of one toll": (
        _harbor("UK death toll rises to 28,108", TOLL.format("28,108", "4,000")),
        _commons("UK death toll rises to 27,529", TOLL.format("27,529", "3,000")),
    ),
    "two parts of a series": (
        _harbor("All eyes on the harbor, Part 1", f"{prose(1, 40)} Part 1 of a series. {TEXT}"),
        _commons("All eyes on the harbor, Part 2", f"{prose(2, 40)} Part 2 of a series. {TEXT}"),
    ),
    "an appeal and a footer alone": (
        _harbor("Cranes rest", f"<p>{prose(1, 40)}</p>{APPEAL}{FOOTER}"),
        _commons("Teachers march", f"<p>{prose(2, 40)}</p>{APPEAL}{FOOTER}"),
    ),
    "one long title on one day": (
        _harbor("Morning briefing: what you need to know today", prose(1, 60)),
        _commons("Morning briefing: what you need to know today", prose(2, 60)),
    ),
    "headlines without text": (
        _harbor("Nine people you should know in the harbor"),
        _commons("Nine people you should know in the harbor", prose(1, 60)),
    ),
    "a round-up and what it rounds up": (
        _harbor("Dockers stop the cranes over night shifts", prose(1, 45)),
        _commons("Weekly review", f"Dockers stop the cranes over night shifts. {prose(1, 45)} "
                 f"Teachers march on the school board. {prose(2, 45)}"),
    ),
    "one title that each repeats in its text": (
        _harbor("Letters to the editor for the last week of November",
                f"Letters to the editor for the last week of November. {prose(1, 60)}"),
        _commons("Letters to the editor for the last week of November",
                 f"Letters to the editor for the last week of November. {prose(2, 60)}"),
    ),
    "one page of tickets, a year apart": (
        _harbor("Concert tonight in the park", prose(1, 40), url="https://tickets.example/buy"),
        _commons("Budget passes at last", prose(2, 40), url="https://tickets.example/buy",
                 published=NOW - timedelta(days=300)),
    ),
    "a part that says where the series began": (
        _harbor("All eyes on the docks, Part 1", TEXT, url="https://harbor.example/1"),
        _commons("All eyes on the docks, Part 2", f"<p>{prose(4, 90)}</p><p>First published at "
                 '<a href="https://harbor.example/1">Part 1</a>.</p>'),
    ),
    "the outlets' own name in both titles": (
        _harbor("Teachers march again | News Service", prose(1, 40), url="https://harbor.example/1"),
        _commons("Cranes rest at night | News Service",
                 f"<p>{prose(2, 40)}</p><p>First published at "
                 '<a href="https://harbor.example/1">Harbor</a>.</p>'),
    ),
    "a toll in another sentence, and otherwise one text": (
        _harbor("UK virus death toll reaches 27,529", f"The UK's toll is 27,529. {prose(1, 130)}"),
        _commons("Death toll from virus in UK rises to 28,108",
                 f"In the UK 28,108 people have died. {prose(1, 130)}"),
    ),
    "a toll that names the one before": (
        _harbor("12 people die in mill fire", f"A fire killed 12 people. {prose(1, 130)}"),
        _commons("Mill fire kills 14 people",
                 f"A fire killed 14 people, up from 12 on Monday. {prose(1, 130)}"),
    ),
    "tolls that are spelled out": (
        _harbor("Miners die in shaft", f"Two people died on Monday. {prose(1, 130)}"),
        _commons("Miners dead in shaft", f"Five people died on Monday. {prose(1, 130)}"),
    ),
    "parts in Roman numerals": (
        _harbor("All eyes on the harbor, part I", TEXT),
        _commons("All eyes on the harbor, part II", TEXT),
    ),
    "parts that are counted after a dash": (
        _harbor("All eyes on the harbor – Part One", TEXT),
        _commons("All eyes on the harbor – Part Two", TEXT),
    ),
    "parts with titles of their own": (
        _harbor("Episode 3: The harbor", TEXT),
        _commons("Episode 4: The sea", TEXT),
    ),
    "a paywall in place of the text": (
        _harbor("Mayor resigns over harbour deal", prose(1, 41)),
        _commons("Blizzard hits the southern coast", prose(1, 41)),
    ),
    "a legal text below both": (
        _harbor("Harbour pilots win", f"{prose(1, 100)} {prose(9, 160)}"),
        _commons("Glass museum burns", f"{prose(2, 100)} {prose(9, 160)}"),
    ),
    "a digest of two articles": (
        _harbor("Ferry strike hits islands", prose(1, 200)),
        _commons("Morning digest", f"<h2>Ferries</h2><p>{prose(1, 200)}</p><h2>Museum burns</h2>"
                 f"<p>{prose(2, 200)}</p>"),
    ),
    "one title over a standard first line": (
        _harbor("What we know about the war in the east today",
                f"The most important news of the day in brief. {prose(1, 60)}"),
        _commons("What we know about the war in the east today",
                 f"The most important news of the day in brief. {prose(2, 60)}"),
    ),
    "a passage that both quote": (
        _harbor("Mayor resigns", f"{prose(1, 200)} {prose(9, 40)}"),
        _commons("Council meets", f"{prose(2, 200)} {prose(9, 40)}"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", DIFFERENT_ARTICLES)
def test_similar_articles_stay_apart(case: str) -> None:
    """A title alone is never enough, and figures outweigh words.

    A wrong merge is the worse mistake: one of the articles is never read.
    """
    assert _kind(*DIFFERENT_ARTICLES[case]) is None


def test_a_long_title_and_a_sentence_match() -> None:
    """A long title on one day matches with a shared sentence, or if the other text repeats it."""
    title = "Harrison Ford again under FAA investigation after new aircraft incident"
    one = _harbor(title, f"{title}, an aircraft incident at Hawthorne Airport.")
    other = _commons(title, "The authorities look into an aircraft incident at Hawthorne Airport.")
    bare = _commons(title)
    late = _commons(title, "Another text altogether.", published=NOW - timedelta(days=9))

    assert _kind(one, other) is _kind(one, bare) is MatchKind.TITLE
    assert _kind(one, late) is None


URL_VARIANTS = [
    "http://harbor.example/2026/cranes",
    "https://www.harbor.example/2026/cranes/?utm_source=rss&utm_medium=feed",
    "https://harbor.example/2026/cranes/amp/",
    "https://amp.harbor.example/2026/cranes",
    "https://harbor.example/2026/cranes?amp=1",
    "https://harbor-example.cdn.ampproject.org/c/s/harbor.example/2026/cranes",
    "https://www.google.com/amp/s/harbor.example/2026/cranes",
    "https://harbor.example/2026/cranes#comments",
]


@pytest.mark.parametrize("link", URL_VARIANTS)
def test_one_url_matches(link: str) -> None:
    """Scheme, www, tracking, AMP and fragments do not make another URL."""
    one = _harbor("Cranes", url="https://harbor.example/2026/cranes")

    assert _kind(one, _commons("Why the cranes rest", url=link)) is MatchKind.ADDRESS


def test_an_attribution_matches_a_related_original() -> None:
    """A link in a sentence of credit names the original, if the two entries are related."""
    original = _harbor("Cranes rest in the harbor", prose(1, 40))
    credit = f'<p>First published at <a href="{original.url}">Harbor</a>.</p>'
    copy = _commons("Cranes rest: a view", f"<p>{prose(1, 20)} {prose(2, 40)}</p>{credit}")
    report = _commons("Cranes rest in the harbor again", f"<p>{prose(3, 40)}</p>{credit}")
    bare = _commons("Cranes rest in the harbor still", credit)
    stranger = _commons("Teachers march", f"<p>{prose(3, 40)}</p>{credit}")

    assert _kind(original, copy) is _kind(original, bare) is MatchKind.ATTRIBUTION
    assert _kind(original, report) is None
    assert _kind(original, stranger) is None


def test_a_named_feed_is_not_a_second_original() -> None:
    """A copy that names the original and its feed is not a round-up."""
    original = _harbor("Cranes rest in the harbor")
    named = (original.canonical_url, "harbor.example/feed")
    copy = _commons("Noted", "Cranes rest in the harbor, says Harbor.", source_urls=named)

    assert _kind(original, copy) is MatchKind.ATTRIBUTION


def test_unrelated_texts_at_one_url_stay_apart() -> None:
    """Two texts at one URL that have nothing in common are not one article."""
    page = "https://harbor.example/programme"
    one = _harbor("Cranes on air", f"{prose(1, 60)} one of the few", url=page)
    other = _commons("Teachers on air", f"{prose(2, 60)} one of the many", url=page)

    assert _kind(one, other) is None
    assert _kind(one, _commons("Teachers on air", prose(1, 60), url=page)) is MatchKind.ADDRESS


def test_a_round_up_matches_no_original() -> None:
    """An entry that credits several originals is not a copy of any of them."""
    one = _harbor("Dockers stop the cranes", prose(1, 90))
    other = article("Teachers march", "plains", prose(2, 90), entry_id=3)
    credits_ = "".join(
        f'<p>{e.title}. First published by <a href="{e.url}">them</a>.</p>' for e in (one, other)
    )
    round_up = _commons("What we liked", f"{credits_}<p>{prose(3, 20)}</p>")

    assert _kind(one, round_up) is None
    assert _kind(other, round_up) is None


def test_articles_far_apart_do_not_match() -> None:
    """An article that is repeated after a month is new; one without a date may match."""
    one = _harbor("Cranes rest", TEXT)
    again = _commons("Cranes rest", TEXT, published=NOW - timedelta(days=31))

    assert _kind(one, again) is None
    assert compare(TextFeatures(one), TextFeatures(again), timedelta(days=60)) is not None
    assert _kind(one, _commons("Cranes rest", TEXT, published=again.published, is_dated=False))


def test_a_long_text_is_compared_by_its_first_words() -> None:
    """Two thousand are enough to recognise an article."""
    words = " ".join(f"w{number}" for number in range(2_400))

    assert TextFeatures(_harbor("Cranes", words)).words == words.split()[:2000]
