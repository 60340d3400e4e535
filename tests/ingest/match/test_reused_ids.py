"""An id that an outlet gives to a new article, months later."""

from datetime import timedelta

import pytest

from tests.harness.builders import prose
from tests.harness.newsroom import Newsroom, article
from tests.harness.scripts import prose_in

DAY = timedelta(days=1)
OLD, NEW = "Cranes stand still", "Budget vote on Monday"


def _publish(newsroom: Newsroom, title: str, text: str, link: str) -> None:
    newsroom.publishes(
        "harbor", article(title, text, link=link, id_="tag:h,2026:7", published=newsroom.now)
    )
    newsroom.ingests(later=timedelta(hours=1))


@pytest.mark.parametrize("link", ["https://h.example/b", "https://h.example/a"])
def test_a_new_article_under_an_old_id(newsroom: Newsroom, link: str) -> None:
    """Another title, text and date are another story; it is known from then on, and its id is."""
    newsroom.lists("harbor", show='"full"')
    _publish(newsroom, OLD, prose(1, 60), "https://h.example/a")
    newsroom.ingests(later=60 * DAY)
    _publish(newsroom, NEW, prose(2, 60), link)
    _publish(newsroom, NEW, prose(2, 60), link)

    assert newsroom.titles("/all.atom") == [NEW, OLD]
    assert len(set(newsroom.ids())) == 2
    _publish(newsroom, f"{NEW}, says council", prose(2, 60), link)
    assert newsroom.titles("/all.atom") == [f"{NEW}, says council", OLD]


@pytest.mark.parametrize(
    ("texts", "titles"),
    [
        ([prose_in("Chinese", seed, 80) for seed in (1, 2)], ("罢工进入第三天", "学校的新预算")),
        (["", ""], (OLD, NEW)),
    ],
    ids=["without spaces", "headlines alone"],
)
def test_texts_of_other_kinds(
    newsroom: Newsroom, texts: list[str], titles: tuple[str, str]
) -> None:
    """A script without spaces, and a feed of headlines."""
    newsroom.lists("harbor", show='"full"')
    _publish(newsroom, titles[0], texts[0], "https://h.example/a")
    newsroom.ingests(later=60 * DAY)
    _publish(newsroom, titles[1], texts[1], "https://h.example/b")

    assert newsroom.titles("/all.atom") == [titles[1], titles[0]]


@pytest.mark.parametrize(
    ("later", "title", "text"),
    [
        (DAY, NEW, prose(2, 60)),
        (60 * DAY, "Cranes of the harbor stand still", prose(2, 60)),
        (60 * DAY, NEW, prose(1, 60) + " And more."),
    ],
    ids=["soon", "a title that is brought up to date", "the same text"],
)
def test_a_revision(newsroom: Newsroom, later: timedelta, title: str, text: str) -> None:
    """An article that was rewritten in part, or soon, is the same one."""
    newsroom.lists("harbor", show='"full"')
    _publish(newsroom, OLD, prose(1, 60), "https://h.example/a")
    newsroom.ingests(later=later)
    _publish(newsroom, title, text, "https://h.example/a")

    assert newsroom.titles("/all.atom") == [title]


def test_the_id_of_a_story_that_was_deleted(newsroom: Newsroom) -> None:
    """A story that was purged hides no new one; one that was taken down does not come back."""
    newsroom.lists("harbor", show='"full"')
    _publish(newsroom, OLD, prose(1, 60), "https://h.example/a")
    newsroom.ingests(later=60 * DAY)
    newsroom.store.stories.purge(30 * DAY, newsroom.now)
    _publish(newsroom, NEW, prose(2, 60), "https://h.example/b")
    assert newsroom.titles("/all.atom") == [NEW]

    (story,) = newsroom.get("/all.json").get_json(force=True)["items"]
    newsroom.store.stories.take_down(story["url"] and _story_id(newsroom), "asked", newsroom.now)
    newsroom.ingests(later=60 * DAY)
    _publish(newsroom, "Another name for it", prose(2, 60), "https://h.example/c")
    assert newsroom.titles("/all.atom") == []
    newsroom.ingests(later=60 * DAY)
    _publish(newsroom, "Cranes move again at last", prose(3, 60), "https://h.example/d")
    assert newsroom.titles("/all.atom") == ["Cranes move again at last"]


def _story_id(newsroom: Newsroom) -> str:
    (id_,) = newsroom.store.stories.ids()
    return id_
