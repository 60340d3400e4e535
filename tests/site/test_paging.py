"""Archive documents: a reader can page through everything that was ever published."""

import asyncio
from datetime import timedelta

import pytest

from aggregator.app import open_runtime
from aggregator.ingest.workers import Workers
from tests.harness.newsroom import Newsroom, article

HOUR = timedelta(hours=1)


def test_archives_lead_to_every_story(newsroom: Newsroom) -> None:
    """Links from the feed lead through all archives (RFC 5005, 4), and full ones never change."""
    newsroom.lists("harbor")
    newsroom.publishes_at_most(10)
    titles = [f"Story {number}" for number in range(27)]
    for number, title in enumerate(titles):
        newsroom.publishes("harbor", article(title, published=newsroom.now))
        newsroom.ingests(later=HOUR)
        newsroom.store.lists.archive(10, newsroom.now)
        if number == 12:
            full = newsroom.get("/all/archive/1.atom")

    for end in ("atom", "rss"):
        found, path, seen = [], f"/all.{end}", 0
        while path:
            parsed = newsroom.read(path)
            found += [item.title for item in parsed.entries]
            links = {link.rel: link.href for link in parsed.feed.links}
            assert (links.get("current") is not None) == ("archive" in path)
            path = links.get("prev-archive", "").removeprefix("https://commons.example")
            seen += 1
        assert seen == 3
        assert set(found) == set(titles)
    document = newsroom.get("/all.json").get_json(force=True)
    assert document["next_url"].startswith("https://commons.example/all.json?before=")
    archived = newsroom.get("/all/archive/2.json").get_json(force=True)
    assert archived["next_url"] == "https://commons.example/all/archive/1.json"
    again = newsroom.get("/all/archive/1.atom")
    assert (again.data, again.headers["ETag"]) == (full.data, full.headers["ETag"])
    assert again.headers["Last-Modified"] == full.headers["Last-Modified"]
    assert b"<fh:archive/>" in again.data
    following = newsroom.get("/all/archive/3.atom")
    assert (following.status_code, following.headers["Location"]) == (302, "/all.atom")
    assert newsroom.get("/all/archive/4.atom").status_code == 404
    assert newsroom.get("/sources/harbor/archive/1.atom").status_code == 200


def test_a_longer_feed_has_archives_of_fifty(newsroom: Newsroom, workers: Workers) -> None:
    """An archive document has at most fifty stories, however many the feed has."""
    newsroom.lists("harbor")
    newsroom.publishes_at_most(70)
    articles = [
        article(f"Story {number}", published=newsroom.now - number * HOUR) for number in range(130)
    ]
    newsroom.publishes("harbor", *articles)
    newsroom.ingests()

    async def keep_house() -> None:
        async with open_runtime(newsroom.config, newsroom.store, workers) as runtime:
            runtime.housekeeping(newsroom.now)

    asyncio.run(keep_house())

    counts = [len(newsroom.titles(f"/all/archive/{page}.atom")) for page in (1, 2)]
    assert (counts, len(newsroom.titles("/all.atom"))) == ([50, 50], 70)


def test_a_daily_reader_misses_nothing(newsroom: Newsroom) -> None:
    """A feed has all stories of the last day, however many; pages and ?limit= do not."""
    newsroom.lists("harbor")
    newsroom.lists("plains")
    newsroom.publishes_at_most(5)
    newsroom.has_topic("labor", "strike")
    published, read = set(), set()
    for hour in range(72):
        titles = {f"Strike {hour} {part}" for part in "ab"}
        published |= titles
        articles = [article(title, published=newsroom.now) for title in sorted(titles)]
        newsroom.publishes("harbor", *articles)
        newsroom.ingests(later=HOUR)
        if hour % 24 == 23:
            read |= set(newsroom.titles("/all.rss"))

    assert read == published
    last_day = 50  # those of 24 hours, and of the hour before
    assert len(newsroom.titles("/all.atom")) == last_day
    assert len(newsroom.titles("/topics/labor.rss")) == last_day
    assert len(newsroom.titles("/all.rss?without=plains")) == last_day
    assert len(newsroom.titles("/all.rss?limit=5")) == 5
    assert newsroom.get("/all?lang=en").text.count("<article") == 5
    assert newsroom.get("/all").text.count("<article") == 15


def test_a_feed_has_a_thousand_stories_at_most(newsroom: Newsroom) -> None:
    """However many arrive in a day; and filters read as many, though the usual number is small."""
    newsroom.lists("harbor", max_new="2000")
    newsroom.lists("plains")
    newsroom.publishes_at_most(5)
    newsroom.publishes("harbor", *(article(f"Story {number}") for number in range(1_030)))
    newsroom.ingests(later=HOUR)
    newsroom.publishes("plains", article("Grain", published=newsroom.now))
    newsroom.ingests(later=HOUR)

    assert len(newsroom.titles("/all.rss")) == 1_000
    assert len(newsroom.titles("/all.rss?without=plains")) == 999
    assert len(newsroom.titles("/all.rss?limit=5")) == 5


def test_every_story_is_in_one_document(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the feed to the first document, every story is found; documents are closed by their
    number of stories or by their text, and none leaves out a text."""
    monkeypatch.setattr("aggregator.store.sqlite.archives.MAX_TEXT_CHARS", 2_000)
    monkeypatch.setattr("aggregator.store.sqlite.lists.MAX_TEXT_CHARS", 2_000)
    newsroom.lists("harbor", show='"full"')
    newsroom.publishes_at_most(4)
    titles = [f"Story {number}" for number in range(31)]
    for number, title in enumerate(titles):
        text = f"Words about it {number}. " * (150 if number == 9 else 45 if number % 3 else 1)
        newsroom.publishes("harbor", article(title, text, published=newsroom.now))
        newsroom.ingests(later=HOUR)
        newsroom.store.lists.archive(4, newsroom.now)

    documents, path = [], "/all.atom"
    while path:
        parsed = newsroom.read(path)
        documents.append([item.title for item in parsed.entries])
        links = {link.rel: link.href for link in parsed.feed.links}
        path = links.get("prev-archive", "").removeprefix("https://commons.example")
        if "archive" in path and "leaves out" in newsroom.get(path).text:
            assert newsroom.titles(path) == ["Story 9"]  # longer than a whole document
    archived = [title for document in documents[1:] for title in document]

    assert {len(document) for document in documents[1:]} <= {1, 2, 3, 4}
    assert len({len(document) for document in documents[1:]}) > 1
    assert len(archived) == len(set(archived))
    assert set(titles) == {*documents[0], *archived}
