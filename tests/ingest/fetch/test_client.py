"""Fetching one feed, over real sockets on loopback."""

import gzip
import socket
import time
import zlib
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import brotli
import pytest
from backports import zstd

from aggregator.demo.press import CannedResponse, Press
from aggregator.model import Failed, Fetched, HubLink, Unchanged, Validators
from tests.harness.fetching import error_of, fetch, redirect, source_at


def test_body_and_validators_are_unchanged(press: Press) -> None:
    """Body and validators are returned byte for byte, and the server learns who we are.

    (rachelbythebay.com/w/feed)
    """
    headers = {"ETag": 'W/"a b"', "Last-Modified": "whenever", "Content-Type": "text/xml"}
    url = press.put("/f", CannedResponse(body=b"<rss/>", headers=headers))

    result = fetch(source_at(url))

    assert isinstance(result, Fetched)
    assert (result.body, result.content_type, result.url) == (b"<rss/>", "text/xml", url)
    assert (result.validators.etag, result.validators.last_modified) == ('W/"a b"', "whenever")
    (request,) = press.requests
    assert request.headers["user-agent"] == "tests/1 (+https://t.example)"
    assert "if-none-match" not in request.headers


def test_a_304_keeps_the_validators(press: Press) -> None:
    """The request is conditional, and a 304 may bring newer validators (Miniflux handler.go)."""
    url = press.put("/f", CannedResponse(status=304, headers={"Last-Modified": "newer"}))
    old = Validators(etag='"x"', last_modified="older", body_hash="h")

    result = fetch(source_at(url), old)

    assert result == Unchanged(
        status=304, validators=Validators(etag='"x"', last_modified="newer", body_hash="h")
    )
    assert press.requests[0].headers["if-none-match"] == '"x"'
    assert press.requests[0].headers["if-modified-since"] == "older"


@pytest.mark.parametrize(("length", "is_kept"), [(1000, True), (1001, False)])
def test_a_long_validator_is_not_kept(press: Press, length: int, is_kept: bool) -> None:
    """It would be stored, and sent with every request."""
    etag = f'"{"x" * (length - 2)}"'
    url = press.put("/f", CannedResponse(body=b"<rss/>", headers={"ETag": etag}))

    result = fetch(source_at(url))

    assert isinstance(result, Fetched)
    assert result.validators.etag == (etag if is_kept else "")


def test_the_same_bytes_are_not_parsed_again(press: Press) -> None:
    """An identical body is unchanged, even if the server never answers 304."""
    url = press.put("/f", CannedResponse(body=b"<rss/>"))
    first = fetch(source_at(url))
    assert isinstance(first, Fetched)

    again = fetch(source_at(url), Validators(body_hash=first.validators.body_hash))

    assert isinstance(again, Unchanged)


@pytest.mark.parametrize(
    ("encoding", "compressed"),
    [
        ("gzip", gzip.compress(b"<rss/>")),
        ("deflate", zlib.compress(b"<rss/>")),
        ("br", brotli.compress(b"<rss/>")),
        ("zstd", zstd.compress(b"<rss/>")),
    ],
    ids=["gzip", "deflate", "brotli", "zstd"],
)
def test_a_compressed_body_is_decompressed(press: Press, encoding: str, compressed: bytes) -> None:
    """Every encoding that we accept is decompressed."""
    url = press.put("/f", CannedResponse(body=compressed, headers={"Content-Encoding": encoding}))

    result = fetch(source_at(url))

    assert isinstance(result, Fetched)
    assert result.body == b"<rss/>"
    assert encoding in press.requests[0].headers["accept-encoding"]


def test_a_body_that_is_too_large_fails(press: Press) -> None:
    """The limit applies after decompression, and the error names it.

    (newsboat PR#3428, thane PR#514, commafeed#1580)
    """
    bomb = gzip.compress(b"x" * 5_000_000)
    url = press.put("/f", CannedResponse(body=bomb, headers={"Content-Encoding": "gzip"}))

    error = error_of(fetch(source_at(url), max_bytes=100_000))

    assert error.startswith("The feed is larger than 100,000 bytes; to allow this, raise")


def test_a_slow_response_times_out(press: Press) -> None:
    """A slow response fails at the timeout."""
    url = press.put("/f", CannedResponse(body=b"<rss/>", delay=3.0))

    began = time.monotonic()
    error = error_of(fetch(source_at(url), timeout=0.3))

    assert error == "No complete response within 0.3 seconds."
    assert time.monotonic() - began < 2


def test_a_slow_connection_times_out() -> None:
    """The connection has a timeout of its own."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as held:
        address = full.getsockname()
        for _ in range(4):  # it accepts none, and its backlog is full
            caller = held.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(address)
        url = f"http://127.0.0.1:{address[1]}/f"

        error = error_of(fetch(source_at(url), connect_timeout=0.3))

    assert error == "No connection within 0.3 seconds."


_IN_AN_HOUR = "in an hour"


FRESHNESS_HEADERS = [
    ("max-age", {"Cache-Control": "public, max-age=600"}, 600),
    ("max-age minus Age", {"Cache-Control": "max-age=600", "Age": "200"}, 400),
    ("no-cache", {"Cache-Control": "no-cache, max-age=600"}, 0),
    ("Expires", {"Expires": _IN_AN_HOUR}, 3600),
    ("max-age overrides Expires", {"Cache-Control": "max-age=5", "Expires": _IN_AN_HOUR}, 5),
    ("Expires in the past", {"Expires": "0"}, 0),
    ("invalid", {"Cache-Control": 'max-age="a lot", ,=', "Expires": "soon"}, 0),
    ("none", {}, 0),
]  # fmt: skip


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [c[1:] for c in FRESHNESS_HEADERS],
    ids=[c[0] for c in FRESHNESS_HEADERS],
)
@pytest.mark.parametrize("status", [200, 304])
def test_freshness_is_read_from_the_headers(
    press: Press, headers: dict[str, str], seconds: int, status: int
) -> None:
    """Cache-Control, Age and Expires say how long a response is fresh (RFC 9111)."""
    body = b"<rss/>" if status == 200 else b""
    hence = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    headers = {name: value.replace(_IN_AN_HOUR, hence) for name, value in headers.items()}
    url = press.put("/f", CannedResponse(body=body, status=status, headers=headers))

    result = fetch(source_at(url), Validators(etag='"x"'))

    assert isinstance(result, Fetched | Unchanged)
    assert seconds - 60 <= result.fresh_seconds <= seconds


def test_a_hub_is_read_from_the_headers(press: Press) -> None:
    """Link headers name the hub and the topic URL (WebSub 4)."""
    link = '<https://hub.example/>; rel="hub", </feed.xml>; rel="self"'
    url = press.put("/f", CannedResponse(body=b"<rss/>", headers={"Link": link}))

    result = fetch(source_at(url))

    assert isinstance(result, Fetched)
    assert result.hub_link == HubLink(hub="https://hub.example/", topic=f"{press.url}/feed.xml")


def test_the_same_bytes_keep_their_validators(press: Press) -> None:
    """An identical body of an unconditional request is unchanged, and keeps the validators."""
    url = press.put("/f", CannedResponse(body=b"<rss/>"))
    first = fetch(source_at(url))
    assert isinstance(first, Fetched)

    again = fetch(source_at(url), Validators(body_hash=first.validators.body_hash))

    assert isinstance(again, Unchanged)
    assert (again.status, again.validators) == (200, first.validators)
    assert "if-none-match" not in press.requests[-1].headers


STATUSES = [
    (404, "There is no feed at this address. (404 Not Found)"),
    (410, "The outlet has removed this feed for good. (410 Gone)"),
    (403, "The server refuses us"),
    (500, "The server responded with an error. (500 Internal Server Error)"),
]


@pytest.mark.parametrize(("status", "sentence"), STATUSES, ids=[str(s) for s, _ in STATUSES])
def test_an_error_status_is_explained(press: Press, status: int, sentence: str) -> None:
    """The operator reads a sentence, not a number."""
    result = fetch(source_at(press.put("/f", CannedResponse(status=status))))

    assert isinstance(result, Failed)
    assert result.status == status
    assert result.error.startswith(sentence)


def test_an_unreachable_host_is_explained() -> None:
    """A closed port and an unknown host name have different errors."""
    assert "could not be reached" in error_of(fetch(source_at("http://127.0.0.1:1/")))
    assert "host name nowhere.invalid does not resolve" in error_of(
        fetch(source_at("http://nowhere.invalid/"))
    )


def test_an_address_that_a_server_sends_is_quoted_in_part(press: Press) -> None:
    """An operator reads the beginning of it."""
    url = press.put("/f", redirect("http://[" + "x" * 5000))

    error = error_of(fetch(source_at(url)))

    assert error.startswith("The server redirects to 'http://[xxx")
    assert len(error) < 200
