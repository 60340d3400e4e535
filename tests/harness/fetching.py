"""Fetching in tests: one source, or several at once, over sockets on loopback."""

import asyncio
from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any, TypeAlias

from aggregator.demo.press import CannedResponse
from aggregator.ingest.fetch.client import open_fetcher
from aggregator.ingest.fetch.settings import FetchSettings
from aggregator.model import Backoff, Failed, Fetched, Source, Unchanged, Validators
from tests.harness.builders import NOW, source

__all__ = ["LOOPBACK", "FetchResult", "error_of", "fetch", "fetch_all", "redirect", "source_at"]

LOOPBACK = ip_network("127.0.0.0/8")
FetchResult: TypeAlias = Fetched | Unchanged | Failed | Backoff


def source_at(url: str, **keys: Any) -> Source:
    """A source with this feed URL."""
    return source(feed=url, **keys)


def fetch(
    listed: Source,
    validators: Validators = Validators(),  # noqa: B008 - frozen
    environment: Mapping[str, str] = {},
    **settings: Any,
) -> FetchResult:
    """Fetch a source once; loopback is allowed unless `settings` say otherwise."""

    async def once() -> FetchResult:
        given = FetchSettings(**{"user_agent": "tests/1 (+https://t.example)", "timeout": 2.0,
                          "allow_private": (LOOPBACK,), **settings})  # fmt: skip
        async with (
            open_fetcher(given, environment) as fetcher,
            fetcher.fetch(listed, validators, listed.feed, NOW) as result,
        ):
            return result

    return asyncio.run(once())


def fetch_all(sources: list[Source], **settings: Any) -> list[str]:
    """Fetch all sources at once; returns their URLs in the order of completion."""
    done: list[str] = []

    async def all_at_once() -> None:
        given = FetchSettings(**{"user_agent": "t", "allow_private": (LOOPBACK,), **settings})
        async with open_fetcher(given, {}) as fetcher:

            async def one(source: Source) -> None:
                async with fetcher.fetch(source, Validators(), source.feed, NOW) as result:
                    assert isinstance(result, Fetched)
                done.append(source.feed)

            await asyncio.gather(*map(one, sources))

    asyncio.run(all_at_once())
    return done


def error_of(result: FetchResult) -> str:
    """The error of a failed fetch; fails the test if the fetch did not fail."""
    assert isinstance(result, Failed)
    return result.error


def redirect(to: str) -> CannedResponse:
    """A temporary redirect."""
    return CannedResponse(status=302, headers={"Location": to})
