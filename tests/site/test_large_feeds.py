"""A feed of many long texts stays small, and says what it leaves out."""

import pytest

from tests.harness.newsroom import Newsroom, article

WORDS = "Long words about the strike. " * 40


@pytest.mark.parametrize("extension", ["rss", "atom", "json"])
def test_a_feed_says_what_it_leaves_out(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch, extension: str
) -> None:
    """Every story is there; the newest have their text, the others their summary."""
    newsroom.lists("harbor", show='"full"')
    newsroom.lists("plains", show='"excerpt"')
    newsroom.publishes("harbor", *(article(f"Strike {n}", WORDS) for n in range(5)))
    newsroom.publishes("plains", *(article(f"Harvest {n}", WORDS) for n in range(2)))
    newsroom.ingests()
    whole = newsroom.get(f"/all.{extension}").text
    monkeypatch.setattr("aggregator.store.sqlite.lists.MAX_TEXT_CHARS", 6000)
    newsroom.restarts()
    newsroom.ingests()

    short = newsroom.get(f"/all.{extension}").text

    note = "To limit its size, this feed leaves out the full text"
    assert note in short
    assert note not in whole
    assert all(f"Strike {n}" in short for n in range(5))
    assert 0 < short.count(WORDS[:-1]) < whole.count(WORDS[:-1])


def test_a_list_of_excerpts_leaves_nothing_out(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Texts that are not published are not missed."""
    newsroom.lists("harbor", show='"excerpt"')
    newsroom.publishes("harbor", *(article(f"Strike {n}", WORDS) for n in range(5)))
    newsroom.ingests()
    before = newsroom.get("/all.atom").data
    monkeypatch.setattr("aggregator.store.sqlite.lists.MAX_TEXT_CHARS", 10)
    newsroom.restarts()

    assert newsroom.get("/all.atom").data == before
