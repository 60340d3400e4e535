"""What is evidence that two entries are one article, and what is not: addresses, names, numbers."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from aggregator.ingest.dedupe.features import TextFeatures
from aggregator.ingest.dedupe.similarity import compare, stock_phrases
from aggregator.model import Enclosure, Entry, MatchKind
from tests.harness.builders import NOW, article, prose, source
from tests.harness.scripts import WORDS, prose_in

HARBOR, COMMONS = source("harbor", name="Harbor News"), source("commons")
PAGE = "https://bigpaper.example/2026/dam-report"
EARLIER = NOW - timedelta(hours=5)


def kind(one: Entry, other: Entry) -> MatchKind | None:
    """The kind of evidence, which does not depend on the order."""
    a, b = TextFeatures(one, HARBOR), TextFeatures(other, COMMONS)
    found, turned = compare(a, b), compare(b, a)
    assert (found and found.kind) == (turned and turned.kind)
    return found.kind if found else None


def harbor(title: str, text: str = "", **keys: Any) -> Entry:
    """An entry of one outlet."""
    return article(title, "harbor", text, entry_id=1, published=EARLIER, **keys)


def commons(title: str, text: str = "", **keys: Any) -> Entry:
    """An entry of another, an hour later."""
    return article(
        title, "commons", text, entry_id=2, published=EARLIER + timedelta(hours=1), **keys
    )


def episode(name: str) -> tuple[Enclosure, ...]:
    """The file of an episode."""
    return (Enclosure(url=f"https://cdn.example/{name}.mp3", type="audio/mpeg"),)


def test_comments_on_a_third_papers_article() -> None:
    """Link blogs say something of their own: the address that they share is not theirs."""
    one = harbor("Why nobody inspected the dam", prose(1, 30), url=PAGE)
    other = commons("Weekend reading: rivers and ruin", prose(2, 30), url=PAGE)

    assert kind(one, other) is None


@pytest.mark.parametrize(
    ("title", "text"),
    [("Dam report published today", ""), ("Read this", prose(1, 30)), ("Dam report", prose(2, 9))],
    ids=["the title agrees", "the text agrees", "a title that is a part of the other"],
)
def test_links_to_one_article(title: str, text: str) -> None:
    """With a title or a text in common, they are one story."""
    one = harbor("Dam report published", prose(1, 30), url=PAGE)

    assert kind(one, commons(title, text, url=PAGE)) is MatchKind.ADDRESS


def test_an_address_of_one_of_them() -> None:
    """An outlet's own address binds, whatever another outlet says about its article."""
    url = "https://harbor.example/2026/dam-report"

    assert kind(harbor("Dam report", prose(1, 20), url=url),
                commons("They knew", prose(2, 20), url=url)) is MatchKind.ADDRESS  # fmt: skip


def test_two_podcasts_with_one_page() -> None:
    """Each episode keeps its own sound and its own text."""
    url = "https://harbor.example/shows"
    one = harbor("Wards", prose(1, 20), url=url, enclosures=episode("wards"))
    other = commons("Rivers", prose(2, 20), url=url, enclosures=episode("rivers"))
    copy = commons("Rivers", prose(2, 20), url=url, enclosures=episode("wards"))

    assert kind(one, other) is None
    assert kind(one, copy) is MatchKind.ADDRESS


@pytest.mark.parametrize("mark", [" - ", " | ", " – ", " — "])
def test_a_headline_with_the_name_of_its_outlet(mark: str) -> None:
    """As news searches list it: the entry says whose article it is."""
    title = "Teachers in three states vote to strike"
    one = harbor(title, prose(1, 20))

    assert kind(one, commons(f"{title}{mark}Harbor News", title)) is MatchKind.ATTRIBUTION
    assert kind(one, commons(f"{title}{mark}Herald", title)) is None
    assert kind(harbor("Strike", prose(1, 20)), commons(f"Strike{mark}Harbor News")) is None


def test_a_number_is_not_cut() -> None:
    """The first sentences end with a whole word: a year is not a 2."""
    text = f"{'x' * 360} {'y' * 30} 2012 {prose(1, 60)}"
    at_400 = text.index("2012") + 1

    for shift in range(4):
        moved = "z" * (400 - at_400 - shift) + text
        one = harbor("Council votes on the budget", f"<p>{moved}</p>")
        assert kind(one, commons("Council votes on the budget", f"<p>{moved}</p>"))


def test_a_long_passage_outweighs_a_number() -> None:
    """A headline that is brought up to date; a short text with another number is another report."""
    long, short = prose(1, 300), prose(1, 60)

    assert kind(harbor("Dam: 12 dead", long), commons("Dam: 15 dead", long)) is MatchKind.TEXT
    assert kind(harbor("Dam: 12 dead", short), commons("Dam: 15 dead", short)) is None


def test_an_excerpt_under_another_headline() -> None:
    """A part of an older text, word for word; a digest that quotes the older text is none."""
    whole, part = prose(1, 900), " ".join(prose(1, 900).split()[300:520])

    assert kind(harbor("Cranes rest", whole), commons("What we read", part)) is MatchKind.TEXT
    assert kind(harbor("What we read", part), commons("Cranes rest", whole)) is None


def test_quoting_is_not_copying() -> None:
    """Two reports of one statement, each with words of its own."""
    statement = f"“{prose(7, 80)[:-1]}”"
    one = harbor("Mayor blames the river", f"<p>{prose(1, 45)} {statement}, he said.</p>")
    other = commons("River to blame", f"<p>{prose(2, 60)} {statement}, said the mayor.</p>")
    copy = commons("River to blame", f"<p>{prose(1, 45)} {statement}, he said.</p>")

    assert kind(one, other) is None
    assert kind(one, copy) is MatchKind.TEXT


def test_a_long_quotation_is_a_copy() -> None:
    """Half of a long text, in passages longer than anyone quotes."""
    statement = f"“{prose(7, 190)[:-1]}”"
    one = harbor("Mayor blames the river", f"<p>{prose(1, 60)} {statement}, he said.</p>")
    other = commons("River to blame, says mayor", f"<p>{statement}. {prose(2, 60)}</p>")

    assert kind(one, other) is MatchKind.TEXT


def test_two_short_reports_of_one_fact() -> None:
    """They share a sentence that states it; a copy shares most of both."""
    fact = "a court in the capital has sentenced the former minister to nine years in prison"
    one = harbor("Nine years for minister", f"After a trial of two months {fact} {prose(1, 12)}")
    other = commons("Minister gets nine years", f"{fact} {prose(2, 14)}")
    copy = commons("Minister gets nine years", f"{fact} {prose(1, 12)}")

    assert kind(one, other) is None
    assert kind(one, copy) is MatchKind.TEXT


def test_titles_with_a_passage_in_common() -> None:
    """Eleven words in a row are no chance, whatever the texts are."""
    title = "Village chief in Hagonoy took half of the aid that was given to its residents"

    assert kind(harbor(title), commons(f"Watch: {title}", prose(2, 30))) is MatchKind.TITLE
    assert kind(harbor(title), commons("Village chief took half of the aid", prose(2, 30))) is None
    assert kind(harbor(f"{title}, part 1"), commons(f"{title}, part 2")) is None


@pytest.mark.parametrize("title", ["The Latest: Cranes rest", "Live updates: the harbor strike"])
def test_a_page_of_dispatches(title: str) -> None:
    """It has dispatches that others publish as articles, and is a copy of none of them."""
    page = harbor(title, prose(1, 400))
    dispatch = commons("Cranes rest", " ".join(prose(1, 400).split()[100:260]))

    assert kind(page, dispatch) is None
    assert kind(page, commons(title, prose(1, 400))) is MatchKind.TEXT


def test_links_to_other_articles_are_not_the_article() -> None:
    """Lists of related articles bind nothing; a link blog's text is its links."""
    links = "".join(
        f'<li><a href="https://h.example/{n}">{prose(9 + n, 14)}</a></li>' for n in range(4)
    )
    related = f"<h3>Related stories</h3><ul>{links}</ul>"
    one = harbor("Cranes of the harbor", f"<p>{prose(1, 30)}</p>{related}")
    other = commons("Cranes and a budget", f"<p>{prose(2, 30)}</p><p>Read more:</p>{related}")

    assert kind(one, other) is None
    assert kind(harbor("Our links", related), commons("Our links", related)) is MatchKind.TEXT


@pytest.mark.parametrize("beside", ["3 hours ago", "(Reuters)"])
def test_what_stands_beside_links_to_other_articles(beside: str) -> None:
    """A time or a name there makes no sentence."""
    links = "".join(
        f'<li><a href="https://h.example/{n}">{prose(9 + n, 14)}</a> {beside}</li>'
        for n in range(4)
    )
    one = harbor("Cranes of the harbor", f"<p>{prose(1, 30)}</p><ul>{links}</ul>")
    other = commons("Cranes and a budget", f"<p>{prose(2, 30)}</p><ul>{links}</ul>")

    assert kind(one, other) is None


@pytest.mark.parametrize(("before", "after"), [("<blockquote>", "</blockquote>"), ("“", "”")])
def test_a_post_that_quotes_at_length(before: str, after: str) -> None:
    """It is an article of its own, if it has a title and words of its own; else a copy."""
    words = prose(1, 600).split()
    quoted = " ".join(words[100:310])
    quote = f"{before}{quoted}{after}"
    original = harbor("Cranes stand still in the harbor", prose(1, 600))

    comment = commons("What the council left out", f"<p>{prose(2, 120)}</p>{quote}")
    assert kind(original, comment) is None
    excerpt = commons("What the council left out", f"<p>{prose(2, 12)}</p>{quote}")
    assert kind(original, excerpt) is MatchKind.TEXT


def test_phrases_of_an_outlet_are_no_evidence() -> None:
    """What an outlet has in articles about other things belongs to it, not to an article."""
    about_us = f"<p>{prose(7, 40)}</p>"
    one = commons(
        "Cranes of the harbor",
        f"<p>{prose(1, 20)}</p>{about_us}",
    )
    other = harbor("The cranes and the budget", f"<p>{prose(2, 20)}</p>{about_us}")
    more = [
        harbor(title, f"<p>{prose(seed, 30)}</p>{about_us}")
        for seed, title in ((3, "Rain on Sunday"), (4, "A new school for the north"))
    ]

    a, b = TextFeatures(one, COMMONS), TextFeatures(other, HARBOR)
    assert compare(a, b)
    assert not stock_phrases(a, b, [TextFeatures(more[0], HARBOR)])
    stock = stock_phrases(a, b, [TextFeatures(each, HARBOR) for each in more])
    assert compare(replace(a, stock=stock), replace(b, stock=stock)) is None
    similar = [harbor(f"The cranes: day {day}", f"{prose(1, 20)} {about_us}") for day in (2, 3)]
    assert not stock_phrases(a, b, [TextFeatures(each, HARBOR) for each in similar])


@pytest.mark.parametrize("language", WORDS)
def test_copies_in_every_script(language: str) -> None:
    """A copy under another title, an excerpt and an unrelated report, in scripts without spaces,
    with particles and with vowel signs; candidates are found by fingerprints."""
    text = prose_in(language, 1, 120)
    one = harbor(prose_in(language, 5, 8), f"<p>{text}</p>")
    copy = commons(prose_in(language, 6, 8), f"<p>{prose_in(language, 7, 10)}</p><p>{text}</p>")
    excerpt = commons(one.title, f"<p>{text[: len(text) // 3]}</p>")
    other = commons(prose_in(language, 6, 8), f"<p>{prose_in(language, 2, 120)}</p>")

    assert kind(one, copy) is MatchKind.TEXT
    assert kind(one, excerpt) is MatchKind.TEXT
    assert kind(one, other) is None
    for each in (copy, excerpt):
        assert set(one.fingerprints) & set(each.fingerprints)
