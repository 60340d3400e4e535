"""What is evidence that two entries are one article, and what is not: addresses, names, numbers."""

from datetime import timedelta
from typing import Any

import pytest

from aggregator.ingest.dedupe.features import TextFeatures
from aggregator.ingest.dedupe.similarity import compare
from aggregator.model import Enclosure, Entry, MatchKind
from tests.harness.builders import NOW, article, prose, source

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
