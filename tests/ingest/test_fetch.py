"""Fetching, over real sockets on loopback."""

import asyncio
import gzip
import time
from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any

import brotli
import pytest

from aggregator.demo.press import Answer, Press, Request
from aggregator.ingest.fetch import Limits, open_fetcher
from aggregator.model import Failed, Fetched, Hold, Source, Unchanged, Validators
from tests.builders import NOW, source

LOOPBACK = ip_network("127.0.0.0/8")
Result = Fetched | Unchanged | Failed | Hold


def _fetch(
    listed: Source,
    validators: Validators = Validators(),  # noqa: B008 - frozen
    environment: Mapping[str, str] = {},
    **limits: Any,
) -> Result:
    async def once() -> Result:
        given = Limits(**{"user_agent": "tests/1 (+https://t.example)", "timeout": 2.0,
                          "allow_private": (LOOPBACK,), **limits})  # fmt: skip
        async with (
            open_fetcher(given, environment) as fetcher,
            fetcher.fetch(listed, validators, listed.feed, NOW) as result,
        ):
            return result

    return asyncio.run(once())


def _at(url: str, **keys: Any) -> Source:
    return source(feed=url, **keys)


def _error(result: Result) -> str:
    assert isinstance(result, Failed)
    return result.error


def test_a_body(press: Press) -> None:
    """It arrives whole, with validators byte for byte; the server learns who we are."""
    headers = {"ETag": 'W/"a b"', "Last-Modified": "whenever", "Content-Type": "text/xml"}
    url = press.put("/f", Answer(body=b"<rss/>", headers=headers))

    result = _fetch(_at(url))

    assert isinstance(result, Fetched)
    assert (result.body, result.content_type, result.url) == (b"<rss/>", "text/xml", url)
    assert (result.validators.etag, result.validators.last_modified) == ('W/"a b"', "whenever")
    (request,) = press.requests
    assert request.headers["user-agent"] == "tests/1 (+https://t.example)"
    assert "if-none-match" not in request.headers


def test_a_304_keeps_the_validators(press: Press) -> None:
    """The next request is conditional, and the answer may bring newer validators."""
    url = press.put("/f", Answer(status=304, headers={"Last-Modified": "newer"}))
    old = Validators(etag='"x"', last_modified="older", body_hash="h")

    result = _fetch(_at(url), old)

    assert result == Unchanged(
        status=304, validators=Validators(etag='"x"', last_modified="newer", body_hash="h")
    )
    assert press.requests[0].headers["if-none-match"] == '"x"'
    assert press.requests[0].headers["if-modified-since"] == "older"


def test_the_same_bytes_without_validators(press: Press) -> None:
    """A server that knows no 304 costs no parsing either."""
    url = press.put("/f", Answer(body=b"<rss/>"))
    first = _fetch(_at(url))
    assert isinstance(first, Fetched)

    again = _fetch(_at(url), Validators(body_hash=first.validators.body_hash))

    assert isinstance(again, Unchanged)


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [("gzip", gzip.compress(b"<rss/>")), ("br", brotli.compress(b"<rss/>"))],
    ids=["gzip", "brotli"],
)
def test_compressed(press: Press, encoding: str, packed: bytes) -> None:
    """What comes packed is unpacked."""
    url = press.put("/f", Answer(body=packed, headers={"Content-Encoding": encoding}))

    result = _fetch(_at(url))

    assert isinstance(result, Fetched)
    assert result.body == b"<rss/>"


def test_too_large(press: Press) -> None:
    """The limit is on what comes out of the packing, and it fails in clear words."""
    bomb = gzip.compress(b"x" * 5_000_000)
    url = press.put("/f", Answer(body=bomb, headers={"Content-Encoding": "gzip"}))

    error = _error(_fetch(_at(url), max_bytes=100_000))

    assert error.startswith("The feed is larger than 100,000 bytes; raise [fetch] max_bytes")


def test_too_slow(press: Press) -> None:
    """A server that takes its time does not take ours."""
    url = press.put("/f", Answer(body=b"<rss/>", delay=3.0))

    began = time.monotonic()
    error = _error(_fetch(_at(url), timeout=0.3))

    assert error == "No complete answer within 0.3 seconds."
    assert time.monotonic() - began < 2


def test_a_busy_host(press: Press) -> None:
    """Many feeds of one host are asked a few at a time, and waiting for a turn is no failure."""
    for n in range(6):
        press.put(f"/{n}", Answer(body=b"<rss/>", delay=0.25))

    async def all_at_once() -> list[Result]:
        limits = Limits(user_agent="t", timeout=0.6, per_host=1, allow_private=(LOOPBACK,))
        async with open_fetcher(limits, {}) as fetcher:

            async def one(listed: Source) -> Result:
                async with fetcher.fetch(listed, Validators(), listed.feed, NOW) as result:
                    return result

            return await asyncio.gather(*(one(_at(f"{press.url}/{n}")) for n in range(6)))

    assert all(isinstance(result, Fetched) for result in asyncio.run(all_at_once()))


STATUSES = [
    (404, "There is no feed at this address any more. (404 Not Found)"),
    (410, "The outlet has removed this feed for good. (410 Gone)"),
    (403, "The server refuses us"),
    (500, "The server could not answer. (500 Internal Server Error)"),
]


@pytest.mark.parametrize(("status", "sentence"), STATUSES, ids=[str(s) for s, _ in STATUSES])
def test_a_status(press: Press, status: int, sentence: str) -> None:
    """The operator reads a sentence, not a number."""
    result = _fetch(_at(press.put("/f", Answer(status=status))))

    assert isinstance(result, Failed)
    assert result.status == status
    assert result.error.startswith(sentence)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("120", 120), ("316800", 86400), ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("soon", 0)],
    ids=["seconds", "88 hours", "a date gone by", "nonsense"],
)
def test_retry_after(press: Press, given: str, seconds: int) -> None:
    """The wish is granted, up to a day."""
    url = press.put("/f", Answer(status=429, headers={"Retry-After": given}))

    result = _fetch(_at(url))

    assert isinstance(result, Failed)
    assert result.retry_after == seconds


# ---- redirects and private addresses -------------------------------------------------


def _redirect(to: str) -> Answer:
    return Answer(status=302, headers={"Location": to})


def test_a_redirect(press: Press) -> None:
    """It is followed, relative or not, and the last address is the base of the feed."""
    press.put("/old", _redirect("/new?x=1"))
    press.put("/new?x=1", Answer(body=b"<rss/>"))

    result = _fetch(_at(f"{press.url}/old"))

    assert isinstance(result, Fetched)
    assert result.url == f"{press.url}/new?x=1"


def test_a_redirect_loop(press: Press) -> None:
    """It ends."""
    press.put("/a", _redirect("/b"))
    press.put("/b", _redirect("/a"))

    assert "More than 5 redirects" in _error(_fetch(_at(f"{press.url}/a")))
    assert len(press.requests) == 6


PRIVATE = [
    "http://127.0.0.1:1/", "http://10.0.0.1/", "http://192.168.1.1/", "http://169.254.169.254/",
    "http://100.64.0.1/", "http://0.0.0.0/", "http://224.0.0.1/", "http://[::1]/", "http://[fd00::1]/",
    "http://[::ffff:10.0.0.1]/", "http://[64:ff9b::a00:1]/", "http://[2002:a00:1::]/",
    "http://localhost:1/", "http://2130706433/", "http://0x7f.1/",
]  # fmt: skip


@pytest.mark.parametrize("url", PRIVATE)
def test_a_private_address(url: str) -> None:
    """We are no way into the operator's network, however the address is written."""
    error = _error(_fetch(_at(url), allow_private=()))

    assert "stands in a private network and is not asked" in error or "not one that can" in error


@pytest.mark.parametrize("url", [*PRIVATE[:2], "file:///etc/passwd", "gopher://x.example/", "//["])
def test_a_redirect_to_a_private_address(press: Press, url: str) -> None:
    """Nor by a redirect from an address that may be asked."""
    here = ip_network("127.0.0.1/32")
    target = url.replace("127.0.0.1", "127.0.0.2")
    press.put("/f", _redirect(target))

    error = _error(_fetch(_at(f"{press.url}/f"), allow_private=(here,)))

    assert "not asked" in error or "no http or https" in error or "no address" in error


def test_a_name_that_stands_for_a_private_address(press: Press) -> None:
    """What counts is the address that the connection goes to."""
    port = press.url.rpartition(":")[2]
    press.put("/f", Answer(body=b"<rss/>"))
    url = f"http://localhost:{port}/f"

    assert "not asked" in _error(_fetch(_at(url), allow_private=()))
    assert isinstance(_fetch(_at(url), allow_private=(LOOPBACK, ip_network("::1/128"))), Fetched)


# ---- secrets ---------------------------------------------------------------------------


def test_a_login(press: Press) -> None:
    """Login and headers come from the environment and go to the source's own host only."""
    press.put("/f", _redirect("http://127.0.0.2:1/elsewhere"))
    listed = _at(f"{press.url}/f", basic_auth="LOGIN", headers={"X-Key": "KEY"})

    _fetch(listed, environment={"LOGIN": "user:secret", "KEY": "k"})

    (request,) = press.requests
    assert request.headers["authorization"] == "Basic dXNlcjpzZWNyZXQ="
    assert request.headers["x-key"] == "k"


def test_a_login_stays_at_home(press: Press) -> None:
    """A redirect to another host does not take the secret along."""
    seen: list[Request] = []

    def remember(request: Request) -> Answer:
        seen.append(request)
        return Answer(body=b"<rss/>")

    port = press.url.rpartition(":")[2]
    press.put("/f", _redirect(f"http://localhost:{port}/g"))
    press.put("/g", remember)

    _fetch(
        _at(f"{press.url}/f", basic_auth="LOGIN"),
        environment={"LOGIN": "user:secret"},
        allow_private=(LOOPBACK, ip_network("::1/128")),
    )

    assert "authorization" not in seen[0].headers


def test_a_login_that_is_not_set(press: Press) -> None:
    """The source fails with the name of the variable, and nothing is sent."""
    error = _error(_fetch(_at(f"{press.url}/f", basic_auth="LOGIN")))

    assert error.startswith("The environment variable LOGIN")
    assert press.requests == []


def test_nobody_there() -> None:
    """A closed port and an unknown name are told apart."""
    assert "could not be reached" in _error(_fetch(_at("http://127.0.0.1:1/")))
    assert "no server called nowhere.invalid" in _error(_fetch(_at("http://nowhere.invalid/")))
