"""Archive documents: a reader can page through everything that was ever published."""

import asyncio
from datetime import timedelta

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
    assert document["next_url"] == "https://commons.example/all/archive/2.json"
    again = newsroom.get("/all/archive/1.atom")
    assert (again.data, again.headers["ETag"]) == (full.data, full.headers["ETag"])
    assert again.headers["Last-Modified"] == full.headers["Last-Modified"]
    assert b"<fh:archive/>" in again.data
    following = newsroom.get("/all/archive/3.atom")
    assert (following.status_code, following.headers["Location"]) == (302, "/all.atom")
    assert newsroom.get("/all/archive/4.atom").status_code == 404
    assert newsroom.get("/sources/harbor/archive/1.atom").status_code == 200
    page = newsroom.get("/all").text
    assert 'href="/all/archive/2" rel="prev">Older stories' in page
    assert 'href="/all/archive/1" rel="prev"' in newsroom.get("/all/archive/2").text


def test_a_longer_feed_has_archives_of_fifty(newsroom: Newsroom, workers: Workers) -> None:
    """An archive document has at most fifty stories, however many the feed has."""
    newsroom.lists("harbor")
    newsroom.publishes_at_most(70)
    titles = [f"Story {number}" for number in range(130)]
    newsroom.publishes("harbor", *map(article, titles))
    newsroom.ingests()

    async def keep_house() -> None:
        async with open_runtime(newsroom.config, newsroom.store, workers) as runtime:
            runtime.housekeeping(newsroom.now)

    asyncio.run(keep_house())

    counts = [len(newsroom.titles(f"/all/archive/{page}.atom")) for page in (1, 2)]
    assert (counts, len(newsroom.titles("/all.atom"))) == ([50, 50], 70)
