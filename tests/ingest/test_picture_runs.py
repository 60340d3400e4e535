"""Pictures are fetched politely, and never keep an article or a feed waiting."""

import asyncio
import threading
import time
from collections import Counter
from contextlib import ExitStack
from datetime import timedelta

import pytest

import aggregator.app
from aggregator.app import fetch_pictures_once, open_runtime, run_once
from aggregator.demo.drawings import landscape
from aggregator.demo.press import CannedResponse, Request, open_press
from aggregator.ingest import picture_runs
from aggregator.ingest.workers import Workers
from aggregator.model import ALL
from tests.harness.newsroom import Newsroom, article

JPEG = {"Content-Type": "image/jpeg"}


def _publishes(newsroom: Newsroom, count: int) -> None:
    """Make the outlet publish so many articles, each with its own picture."""
    for number in range(count):
        path = f"/{number}.jpg"
        newsroom.press.put(path, CannedResponse(body=landscape(path), headers=JPEG))
    newsroom.publishes(
        "harbor",
        *(article(f"Story {n}", image=f"{newsroom.press.url}/{n}.jpg") for n in range(count)),
    )


def _thumbnail_count(newsroom: Newsroom) -> int:
    return len(list(newsroom.store.pictures.keys_with_thumbnails()))


def test_one_picture_of_a_host_is_fetched_at_a_time(newsroom: Newsroom) -> None:
    """Pictures of several hosts are fetched side by side, those of one after one another."""
    with open_press() as other:
        for number in range(3):
            for press in (newsroom.press, other):
                picture = CannedResponse(body=landscape(str(number)), headers=JPEG, delay=0.3)
                press.put(f"/{number}.jpg", picture)
        newsroom.lists("harbor", images='"own"')
        newsroom.publishes(
            "harbor",
            *(
                article(f"Story {n} of {press.url}", image=f"{press.url}/{n}.jpg")
                for n in range(3)
                for press in (newsroom.press, other)
            ),
        )
        newsroom.ingests()
        started = time.monotonic()
        assert newsroom.fetches_pictures() == 6
        seconds = time.monotonic() - started

    assert _thumbnail_count(newsroom) == 6
    assert 0.9 <= seconds < 6 * 0.3 + 3


def test_few_pictures_are_fetched_at_a_time(newsroom: Newsroom) -> None:
    """Of many hosts, too."""
    hosts = [f"127.0.0.{number}" for number in range(2, 13)]
    with ExitStack() as stack:
        presses = [stack.enter_context(open_press(host)) for host in hosts]
        active, most = 0, 0
        lock = threading.Lock()

        def slow(_: Request) -> CannedResponse:
            nonlocal active, most
            with lock:
                active += 1
                most = max(most, active)
            time.sleep(0.3)
            with lock:
                active -= 1
            return CannedResponse(body=landscape("a"), headers=JPEG)

        newsroom.lists("harbor", images='"own"')
        images = [press.put("/a.jpg", slow) for press in presses]
        newsroom.publishes(
            "harbor", *(article(f"Story {n}", image=i) for n, i in enumerate(images))
        )
        newsroom.ingests()
        assert newsroom.fetches_pictures() == len(hosts)

    assert 1 < most <= picture_runs.MAX_CONCURRENT


def test_the_pictures_of_the_newest_stories_come_first(newsroom: Newsroom) -> None:
    """The home page has its pictures while those of the archive are fetched."""
    newsroom.lists("harbor", images='"own"')
    _publishes(newsroom, 4)
    newsroom.ingests()
    newsroom.fetches_pictures()
    paths = [each.path for each in newsroom.press.requests if each.path.endswith(".jpg")]

    assert paths == ["/0.jpg", "/1.jpg", "/2.jpg", "/3.jpg"]


def test_a_single_run_fetches_pictures_too(
    newsroom: Newsroom, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a bounded time; the next run goes on."""
    newsroom.lists("harbor", images='"own"')
    _publishes(newsroom, 3)

    async def once() -> None:
        newsroom.store.sources.sync(newsroom.config.all_sources, newsroom.now)
        async with open_runtime(newsroom.config, newsroom.store, workers) as runtime:
            await run_once(runtime, lambda _: newsroom.config.sources)
        await fetch_pictures_once(newsroom.config, newsroom.store, workers)

    monkeypatch.setattr(aggregator.app, "PICTURE_SECONDS", 0.0)
    asyncio.run(once())
    assert (_thumbnail_count(newsroom), len(newsroom.store.lists.latest(ALL, 9))) == (0, 3)
    monkeypatch.setattr(aggregator.app, "PICTURE_SECONDS", 30.0)
    asyncio.run(once())
    assert _thumbnail_count(newsroom) == 3


def test_another_process_that_fetches_pictures_is_left_alone(newsroom: Newsroom) -> None:
    """Nothing is fetched twice."""
    newsroom.lists("harbor", images='"own"')
    _publishes(newsroom, 1)
    newsroom.ingests()
    with newsroom.store.maintenance.lock("pictures"):
        assert newsroom.fetches_pictures() == 0
    assert newsroom.fetches_pictures() == 1


def test_the_number_of_stored_articles_is_limited(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An outlet that permits thumbnails after years is not asked for all of its pictures."""
    monkeypatch.setattr(picture_runs, "MAX_STORED_ENTRIES", 2)
    newsroom.lists("harbor", images='"off"')
    _publishes(newsroom, 4)
    newsroom.ingests()
    newsroom.change('"off"', '"own"')

    assert newsroom.fetches_pictures() == 2


def test_secrets_of_a_source_are_not_sent_with_its_pictures(newsroom: Newsroom) -> None:
    """A picture may be on any host, and on the feed's own it is public."""
    newsroom.lists("harbor", images='"own"', basic_auth='"OUTLET_LOGIN"')
    _publishes(newsroom, 1)
    newsroom.ingests()
    newsroom.fetches_pictures()
    sent = {each.path: each.headers for each in newsroom.press.requests}

    assert "authorization" in sent["/harbor/feed"]
    assert "authorization" not in sent["/0.jpg"]
    assert sent["/0.jpg"]["accept"].startswith("image/")


def test_held_stories_wait_with_their_pictures(newsroom: Newsroom) -> None:
    """Nobody sees them yet."""
    newsroom.lists("harbor", images='"own"', max_new="2")
    _publishes(newsroom, 1)
    newsroom.ingests()
    assert newsroom.fetches_pictures() == 1
    _publishes(newsroom, 6)
    newsroom.ingests(later=timedelta(minutes=20))
    assert newsroom.fetches_pictures() == 0
    newsroom.store.stories.release("harbor", newsroom.now)
    assert newsroom.fetches_pictures() == 5
    counts = Counter(each.path for each in newsroom.press.requests if each.path.endswith(".jpg"))
    assert set(counts.values()) == {1}
