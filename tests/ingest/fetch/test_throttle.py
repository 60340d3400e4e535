"""Many sources of one host, and servers that ask for a pause."""

import asyncio
import time
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from aggregator.demo.press import CannedResponse, Press, Request, open_press
from aggregator.ingest.fetch.client import open_fetcher
from aggregator.ingest.fetch.settings import FetchSettings
from aggregator.model import Backoff, Failed, Fetched, Source, Validators
from aggregator.text.urls import registrable_domain
from tests.harness.builders import NOW
from tests.harness.fetching import (
    LOOPBACK,
    FetchResult,
    fetch,
    fetch_all,
    source_at,
)


def test_a_busy_host(press: Press) -> None:
    """Many feeds of one host are asked a few at a time, and waiting for a turn is no failure."""
    for n in range(6):
        press.put(f"/{n}", CannedResponse(body=b"<rss/>", delay=0.25))

    async def all_at_once() -> list[FetchResult]:
        settings = FetchSettings(user_agent="t", timeout=0.6, per_host=1, allow_private=(LOOPBACK,))
        async with open_fetcher(settings, {}) as fetcher:

            async def one(listed: Source) -> FetchResult:
                async with fetcher.fetch(listed, Validators(), listed.feed, NOW) as result:
                    return result

            return await asyncio.gather(*(one(source_at(f"{press.url}/{n}")) for n in range(6)))

    assert all(isinstance(result, Fetched) for result in asyncio.run(all_at_once()))


def test_one_host_is_not_crowded(press: Press) -> None:
    """No more than two connections at a time, and a while between two requests (FreshRSS
    #6973 wants 1-2 s, mediacloud/backend#136: 1,155 requests a day, then blocked)."""
    at_once: list[int] = []
    started: list[float] = []
    running = 0

    def slow(_: Request) -> CannedResponse:
        nonlocal running
        running += 1
        at_once.append(running)
        started.append(time.monotonic())
        time.sleep(0.25)
        running -= 1
        return CannedResponse(body=b"<rss/>")

    for n in range(6):
        press.put(f"/{n}", slow)
    fetch_all([source_at(f"{press.url}/{n}") for n in range(6)], spacing=0.1)

    gaps = [later - earlier for earlier, later in pairwise(started)]
    assert max(at_once) == 2
    assert min(gaps) > 0.08


def test_a_busy_host_keeps_nobody_waiting(press: Press) -> None:
    """Many sources of one slow host leave the places in a run to others."""
    with open_press("127.0.0.2") as other:
        for n in range(6):
            press.put(f"/{n}", CannedResponse(body=b"<rss/>", delay=0.5))
        slow = [source_at(f"{press.url}/{n}") for n in range(6)]
        quick = source_at(other.put("/f", CannedResponse(body=b"<rss/>")))
        done = fetch_all([*slow, quick], per_host=1, concurrency=2)

    assert done.index(quick.feed) < 2


def test_a_domain_that_asks_for_a_pause(press: Press) -> None:
    """One source's 429 holds the others of the domain that wait for their turn, in this run
    (FreshRSS#8925: too narrow) - but on a private network, other paths are other feeds
    (FreshRSS#7870: too wide)."""
    settings = {"user_agent": "t", "allow_private": (LOOPBACK,), "per_host": 1}
    busy = CannedResponse(status=429, headers={"Retry-After": "60"})
    press.put("/busy", busy)
    press.put("/fine", CannedResponse(body=b"<rss/>"))

    async def scene(domain: str) -> list[FetchResult]:
        results = []
        async with open_fetcher(FetchSettings(**settings), {}) as fetcher:  # type: ignore[arg-type]
            for path in ("/busy", "/busy", "/fine"):
                listed = source_at(f"{press.url}{path}")
                async with fetcher.fetch(listed, Validators(), listed.feed, NOW) as result:
                    results.append(result)
                if isinstance(result, Failed) and result.backoff and domain:
                    fetcher.backoffs[f"{press.url}/fine"] = replace(result.backoff, domain=domain)
        return results

    first, second, fine = asyncio.run(scene(""))
    assert isinstance(first, Failed)
    assert first.backoff == Backoff(domain=f"{press.url}/busy", until=NOW + timedelta(seconds=60))
    assert second == first.backoff
    assert isinstance(fine, Fetched)
    assert isinstance(asyncio.run(scene("tumblr.com"))[2], Backoff)
    assert [r.path for r in press.requests] == ["/busy", "/fine", "/busy"]


DOMAINS = [
    ("https://a.tumblr.com/rss", "tumblr.com"),
    ("https://www.guardian.co.uk/rss", "guardian.co.uk"),
    ("http://example.org:8080/x", "example.org"),
    ("http://127.0.0.1:99/a", "http://127.0.0.1:99/a"),
    ("http://[::1]/a", "http://[::1]/a"),
    ("http://desk/a", "http://desk/a"),
    ("http://localhost/a", "http://localhost/a"),
]


@pytest.mark.parametrize(("address", "domain"), DOMAINS)
def test_whose_server(address: str, domain: str) -> None:
    """The registrable domain of a public host; of a private one, the address alone."""
    assert registrable_domain(address) == domain


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("120", 120),
        ("316800", 86400),
        ("Mon, 05 Oct 2026 13:00:00 GMT", 3600),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("soon", 0),
    ],
    ids=["seconds", "88 hours", "a date", "a date gone by", "nonsense"],
)
def test_retry_after(press: Press, given: str, seconds: int) -> None:
    """The wish is granted, up to a day."""
    url = press.put("/f", CannedResponse(status=429, headers={"Retry-After": given}))

    result = fetch(source_at(url))

    assert isinstance(result, Failed)
    assert result.retry_after == seconds
