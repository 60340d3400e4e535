"""Many sources on one host, and servers that ask for a pause."""

import asyncio
import time
from dataclasses import replace
from datetime import timedelta

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


def test_waiting_for_a_busy_host_does_not_fail(press: Press) -> None:
    """Requests to one host wait for each other without timing out."""
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


def test_requests_to_one_host_are_limited(press: Press) -> None:
    """A host gets at most two connections at a time, and a pause between two requests.

    FreshRSS#6973 wants 1-2 s; mediacloud/backend#136: 1,155 requests a day, then blocked.
    """
    at_once: list[int] = []
    started: list[float] = []
    running = 0

    def slow(_: Request) -> CannedResponse:
        nonlocal running
        running += 1
        at_once.append(running)
        started.append(time.monotonic())
        time.sleep(0.6)
        running -= 1
        return CannedResponse(body=b"<rss/>")

    for n in range(6):
        press.put(f"/{n}", slow)
    fetch_all([source_at(f"{press.url}/{n}") for n in range(6)], spacing=0.4)

    assert max(at_once) == 2
    assert started[-1] - started[0] > 4 * 0.4  # five pauses; 1.2 seconds without any


def test_a_slow_host_does_not_delay_others(press: Press) -> None:
    """Many sources on one slow host leave slots for other hosts."""
    with open_press("127.0.0.2") as other:
        for n in range(6):
            press.put(f"/{n}", CannedResponse(body=b"<rss/>", delay=0.5))
        slow = [source_at(f"{press.url}/{n}") for n in range(6)]
        quick = source_at(other.put("/f", CannedResponse(body=b"<rss/>")))
        done = fetch_all([*slow, quick], per_host=1, concurrency=2)

    assert done.index(quick.feed) < 2


def test_a_429_pauses_its_domain(press: Press) -> None:
    """A 429 pauses all sources of its domain in this run (FreshRSS#8925: too narrow).

    On a private network, other paths are other feeds (FreshRSS#7870: too wide).
    """
    settings = {"user_agent": "t", "allow_private": (LOOPBACK,), "per_host": 1}
    busy = CannedResponse(status=429, headers={"Retry-After": "60"})
    press.put("/busy", busy)
    press.put("/fine", CannedResponse(body=b"<rss/>"))

    async def fetch_paths(domain: str) -> list[FetchResult]:
        results = []
        async with open_fetcher(FetchSettings(**settings), {}) as fetcher:  # type: ignore[arg-type]
            for path in ("/busy", "/busy", "/fine"):
                listed = source_at(f"{press.url}{path}")
                async with fetcher.fetch(listed, Validators(), listed.feed, NOW) as result:
                    results.append(result)
                if isinstance(result, Failed) and result.backoff and domain:
                    fetcher.backoffs[f"{press.url}/fine"] = replace(result.backoff, domain=domain)
        return results

    first, second, fine = asyncio.run(fetch_paths(""))
    assert isinstance(first, Failed)
    assert first.backoff == Backoff(domain=f"{press.url}/busy", until=NOW + timedelta(seconds=60))
    assert second == first.backoff
    assert isinstance(fine, Fetched)
    assert isinstance(asyncio.run(fetch_paths("tumblr.com"))[2], Backoff)
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


@pytest.mark.parametrize(("url", "domain"), DOMAINS)
def test_a_url_has_a_domain(url: str, domain: str) -> None:
    """A public host has a registrable domain; a private one is known only by its URL."""
    assert registrable_domain(url) == domain


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("120", 120),
        ("316800", 86400),
        ("Mon, 05 Oct 2026 13:00:00 GMT", 3600),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("soon", 0),
    ],
    ids=["seconds", "88 hours", "a date", "a past date", "invalid"],
)
def test_retry_after_is_limited(press: Press, given: str, seconds: int) -> None:
    """Retry-After is seconds or a date, and counts up to a day."""
    url = press.put("/f", CannedResponse(status=429, headers={"Retry-After": given}))

    result = fetch(source_at(url))

    assert isinstance(result, Failed)
    assert result.retry_after == seconds
