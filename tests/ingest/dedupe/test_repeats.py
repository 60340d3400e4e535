"""Articles that one outlet lists again, and columns that only look so."""

from datetime import timedelta
from typing import Any

import pytest

from aggregator.ingest.dedupe.features import TextFeatures
from aggregator.ingest.dedupe.repeats import repeated
from aggregator.model import Enclosure, MatchKind
from tests.harness import newsroom as scene
from tests.harness.builders import NOW, article, prose, source
from tests.harness.newsroom import Newsroom

HARBOR = source("harbor")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TITLE = "The cranes of the harbor stand still"
TEASER = "Dockworkers have stopped work at all terminals."


def text_of(later: timedelta = timedelta(), **keys: Any) -> TextFeatures:
    """An article of the outlet, at its own address."""
    minutes = int(later / timedelta(minutes=1))
    given = {"title": TITLE, "text": prose(1, 90), "url": f"https://h.example/{minutes}", **keys}
    entry = article(
        given.pop("title"), "harbor", given.pop("text"), entry_id=minutes + 90_000,
        published=NOW - 10 * DAY + later, **given,
    )  # fmt: skip
    return TextFeatures(entry, HARBOR)


def is_repeat(one: TextFeatures, other: TextFeatures, *others: TextFeatures) -> bool:
    """True if they are one article, in either order."""
    found, turned = repeated(one, other, others), repeated(other, one, others)
    assert found == turned
    assert found is None or found.kind is MatchKind.REPEAT
    return found is not None


def test_an_article_with_a_new_link_and_a_new_date() -> None:
    """The same title and the same long text within a week."""
    assert is_repeat(text_of(), text_of(3 * DAY))
    assert not is_repeat(text_of(), text_of(8 * DAY))
    assert not is_repeat(text_of(), text_of(DAY, title="The cranes move again at last"))
    assert not is_repeat(text_of(), text_of(DAY, text=prose(2, 90)))


@pytest.mark.parametrize(
    ("later", "one", "other", "is_one"),
    [
        (timedelta(seconds=1), "world/cranes", "economy/cranes", True),
        (timedelta(minutes=40), "cranes", "cranes-rest", True),
        (4 * HOUR, "a-1/cranes", "b-2/cranes", True),
        (4 * HOUR, "cranes", "cranes-rest", False),
        (DAY, "1/briefing", "2/briefing", False),
    ],
    ids=["another section", "a new slug", "the same slug", "another slug", "a daily column"],
)
def test_a_teaser(later: timedelta, one: str, other: str, is_one: bool) -> None:
    """A short text says less, so the time must be the same, or nearly and the link too."""
    first = text_of(text=TEASER, url=f"https://h.example/{one}")
    second = text_of(later, text=TEASER, url=f"https://h.example/{other}")

    assert is_repeat(first, second) == is_one


def test_a_title_that_recurs_is_a_column() -> None:
    """A column, a live page or a programme has one title and one text every day."""
    text, again = text_of(), text_of(2 * HOUR)

    assert is_repeat(text, again)
    assert not is_repeat(text, again, text_of(-2 * DAY))
    assert is_repeat(text, again, text_of(HOUR))
    assert is_repeat(text, again, text_of(-2 * DAY, title="Another", text=prose(5, 90)))


def test_a_text_under_other_titles_is_a_stock_text() -> None:
    """The description of a programme says nothing about an episode."""
    other = text_of(-DAY, title="Live: the mayor on the budget")

    assert is_repeat(text_of(), text_of(2 * DAY))
    assert not is_repeat(text_of(), text_of(2 * DAY), other)


def test_numbers_and_files_of_their_own() -> None:
    """Two updates, two parts of a series, two episodes."""
    one, other = (
        (Enclosure(url=f"https://cdn.example/{name}.mp3", type="audio/mpeg"),) for name in "ab"
    )

    assert not is_repeat(text_of(enclosures=one), text_of(HOUR, enclosures=other))
    assert is_repeat(text_of(enclosures=one), text_of(HOUR, enclosures=one))
    assert not is_repeat(
        text_of(title="Cranes of the harbor, part 1"),
        text_of(HOUR, title="Cranes of the harbor, part 2"),
    )
    assert not is_repeat(text_of(title="Weather"), text_of(2 * HOUR, title="Weather"))
    live = "LIVESTREAM: The latest on the storm"
    assert not is_repeat(text_of(title=live), text_of(timedelta(minutes=1), title=live))


def test_readers_see_it_once(newsroom: Newsroom) -> None:
    """Listed again under another id, link and date, in one document or later, it is one story; an
    operator may separate them."""
    newsroom.lists("harbor", show='"full"')
    first, again = (
        scene.article(TITLE, prose(1, 90), link=f"https://h.example/{where}", id_=where,
                      published=newsroom.now + minutes * timedelta(minutes=1))
        for where, minutes in (("world/cranes", 0), ("economy/cranes", 1))
    )  # fmt: skip
    column = [
        scene.article("The briefing of the day", TEASER, link=f"https://h.example/b/{n}",
                      id_=f"b{n}", published=newsroom.now - n * DAY)
        for n in range(3)
    ]  # fmt: skip
    newsroom.publishes("harbor", first, again, *column)
    newsroom.ingests()
    later = scene.article(TITLE, prose(1, 90), link="https://h.example/x", id_="x",
                          published=newsroom.now + HOUR)  # fmt: skip
    newsroom.publishes("harbor", later, *column)
    newsroom.ingests(later=2 * HOUR)

    assert sorted(newsroom.titles("/all.atom")) == sorted([TITLE, *[column[0].title] * 3])
    item = next(
        item
        for item in newsroom.get("/all.json").get_json(force=True)["items"]
        if item["title"] == TITLE
    )
    assert item["url"] == "https://h.example/world/cranes"
    assert "also_at" not in item["_source"]
