"""No outlet can hide, rewrite or take over what another publishes."""

from datetime import timedelta

import pytest

from aggregator.model import ALL
from tests.harness.builders import prose
from tests.harness.newsroom import Newsroom, article

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
VICTIM_URL = "https://harbor.example/2026/10/ports"


def _take_down(newsroom: Newsroom, title: str) -> None:
    story = next(s for s in newsroom.store.lists.latest(ALL, 99) if s.lead.title == title)
    newsroom.store.stories.take_down(story.id, "illegal", newsroom.now)


def test_a_takedown_does_not_hide_what_another_outlet_publishes_later(newsroom: Newsroom) -> None:
    """An item that names the future address of another outlet, and even guesses its title, hides
    nothing when it is taken down."""
    for outlet in ("evil", "harbor"):
        newsroom.lists(outlet)
        newsroom.publishes(outlet)
    newsroom.ingests()
    newsroom.publishes("evil", article("Ports reopen", "Illegal words. " * 50, link=VICTIM_URL))
    newsroom.ingests(later=HOUR)
    _take_down(newsroom, "Ports reopen")

    newsroom.publishes(
        "harbor", article("Ports reopen", prose(7), link=VICTIM_URL, published=newsroom.now)
    )
    newsroom.ingests(later=HOUR)

    assert newsroom.titles("/all.atom") == ["Ports reopen"]
    assert "Illegal words" not in newsroom.get("/all.atom").text


def test_a_takedown_spreads_to_a_copy_at_the_outlets_own_address(newsroom: Newsroom) -> None:
    """What another outlet republishes of it stays down too, as long as the words agree."""
    for outlet in ("harbor", "copies"):
        newsroom.lists(outlet)
        newsroom.publishes(outlet)
    newsroom.ingests()
    newsroom.publishes("harbor", article("Ports reopen", prose(7), link=VICTIM_URL))
    newsroom.ingests(later=HOUR)
    _take_down(newsroom, "Ports reopen")

    newsroom.publishes(
        "copies",
        article("Ports reopen, says union", prose(7)[:300], link=VICTIM_URL, id_="a"),
        article("A round-up of the week", prose(8), link=f"{VICTIM_URL}#week", id_="b"),
    )
    newsroom.ingests(later=HOUR)

    assert newsroom.titles("/all.atom") == ["A round-up of the week"]


def test_a_longer_copy_does_not_replace_a_full_text(newsroom: Newsroom) -> None:
    """Under the headline of an outlet that gives its full text there are its own words."""
    newsroom.lists("harbor", show='"full"')
    newsroom.lists("evil", show='"full"')
    newsroom.publishes("harbor", article("Ports reopen", prose(7), link=VICTIM_URL))
    newsroom.publishes("evil")
    newsroom.ingests()
    longer = f"{prose(7)} {'Buy our coins today. ' * 40}"
    newsroom.publishes("evil", article("Ports reopen", longer, link="https://evil.example/1"))
    newsroom.ingests(later=HOUR)

    (story,) = newsroom.store.lists.latest(ALL, 9)
    assert [entry.source for entry in story.entries] == ["harbor", "evil"]
    for path in ("/all.atom", "/all.rss", "/all.json", f"/stories/{story.id}"):
        assert "Buy our coins" not in newsroom.get(path).text


def test_a_backdated_copy_does_not_lead(newsroom: Newsroom) -> None:
    """What a new outlet dates before we knew it proves nothing against one that we knew."""
    newsroom.lists("harbor")
    newsroom.publishes("harbor")
    newsroom.ingests()
    newsroom.ingests(later=DAY)
    written = article("Ports reopen", prose(7), link=VICTIM_URL, published=newsroom.now)
    backdated = article(
        "Ports reopen", prose(7), link="https://evil.example/1", published=newsroom.now - 9 * DAY
    )
    newsroom.lists("evil", precedence="0")
    newsroom.publishes("evil", backdated)
    newsroom.publishes("harbor", written)
    newsroom.ingests("evil", later=HOUR)
    newsroom.ingests("harbor")

    (story,) = newsroom.store.lists.latest(ALL, 9)
    assert story.lead.source == "harbor"


def test_dates_count_among_outlets_that_are_new_together(newsroom: Newsroom) -> None:
    """In the first run of a newsroom, the older article leads."""
    newsroom.lists("copies")
    newsroom.lists("harbor")
    first = article("Ports reopen", prose(7), link=VICTIM_URL, published=newsroom.now - 9 * DAY)
    copy = article(
        "Ports reopen", prose(7), link="https://copies.example/1", published=newsroom.now - 8 * DAY
    )
    newsroom.publishes("copies", copy)
    newsroom.publishes("harbor", first)
    newsroom.ingests()

    (story,) = newsroom.store.lists.latest(ALL, 9)
    assert story.lead.source == "harbor"


def test_a_link_to_another_outlets_site_does_not_lead(newsroom: Newsroom) -> None:
    """Neither with a higher precedence nor with an earlier date."""
    newsroom.lists("evil", precedence="9")
    newsroom.lists("harbor")
    newsroom.publishes(
        "evil",
        article("Ports reopen", prose(7), link=VICTIM_URL, published=newsroom.now - 9 * DAY),
    )
    newsroom.publishes("harbor", article("Ports reopen", prose(7), link=VICTIM_URL, id_="x"))
    newsroom.ingests()

    (story,) = newsroom.store.lists.latest(ALL, 9)
    assert story.lead.source == "harbor"


@pytest.mark.parametrize("link", [VICTIM_URL, "https://evil.example/1"], ids=["address", "words"])
@pytest.mark.parametrize("is_first", [True, False], ids=["before", "after"])
def test_revising_what_was_taken_down_hides_nothing(
    newsroom: Newsroom, link: str, is_first: bool
) -> None:
    """An outlet whose item was taken down cannot hide another's story by copying its words into
    that item, neither before that is published nor after."""
    for outlet in ("evil", "harbor"):
        newsroom.lists(outlet)
        newsroom.publishes(outlet)
    newsroom.ingests()
    newsroom.publishes("evil", article("Illegal", "Illegal words. " * 50, link=link, id_="e"))
    newsroom.ingests(later=HOUR)
    _take_down(newsroom, "Illegal")
    copied = article("Ports reopen", prose(7), link=link, id_="e")
    written = article("Ports reopen", prose(7), link=VICTIM_URL)

    for outlet, item in (
        (("evil", copied), ("harbor", written))
        if is_first
        else (("harbor", written), ("evil", copied))
    ):
        newsroom.publishes(outlet, item)
        newsroom.ingests(outlet, later=HOUR)

    assert newsroom.titles("/all.atom") == ["Ports reopen"]


def test_a_text_that_was_left_out_is_not_borrowed(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a feed that has no room for the lead's text, no other stands under its headline."""
    newsroom.lists("harbor", show='"full"')
    newsroom.lists("evil", show='"full"')
    newsroom.publishes("harbor", article("Ports reopen", prose(7), link=VICTIM_URL))
    newsroom.publishes("evil")
    newsroom.ingests()
    newsroom.publishes(
        "evil", article("Ports reopen", prose(7)[:700], link="https://evil.example/1")
    )
    newsroom.ingests(later=HOUR)
    (story,) = newsroom.store.lists.latest(ALL, 9)
    limit = len(story.lead.content) - 1
    assert len(story.duplicates[0].content) < limit
    monkeypatch.setattr("aggregator.store.sqlite.lists.MAX_TEXT_CHARS", limit)
    newsroom.restarts()

    assert "content" not in newsroom.read("/all.atom").entries[0]
