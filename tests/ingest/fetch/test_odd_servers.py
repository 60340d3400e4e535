"""What servers do to a feed on its way, and how it is read all the same."""

import gzip
import socket
import zlib
from datetime import timedelta

import brotli
import pytest

from aggregator.demo.press import CannedResponse, Press, Request
from aggregator.ingest.fetch.decompress import DecompressedTooLarge, decompress
from aggregator.ingest.fetch.request_urls import parse_url
from aggregator.ingest.fetch.settings import FetchBlocked
from aggregator.model import Failed, Fetched
from tests.harness.builders import NOW
from tests.harness.fetching import error_of, fetch, redirect, source_at
from tests.harness.hostile_server import Script, open_hostile_press, reply

FEED = b"<rss><channel><title>T</title></channel></rss>"
RAW_DEFLATE = zlib.compress(FEED)[2:-4]

ENCODINGS = [
    ("a charset by mistake", "UTF-8", FEED),
    ("none", "none", FEED),
    ("identity", "identity", FEED),
    ("an old name", "x-gzip", gzip.compress(FEED)),
    ("twice", "gzip, gzip", gzip.compress(gzip.compress(FEED))),
    ("two kinds", "gzip, br", brotli.compress(gzip.compress(FEED))),
    ("deflate inside gzip", "deflate, gzip", gzip.compress(zlib.compress(FEED))),
    ("raw deflate", "deflate", RAW_DEFLATE),
    ("raw deflate inside gzip", "deflate, gzip", gzip.compress(RAW_DEFLATE)),
    ("a stored file", "", gzip.compress(FEED)),
    ("a stored file that is compressed again", "gzip", gzip.compress(gzip.compress(FEED))),
    ("two members", "", gzip.compress(FEED[:9]) + gzip.compress(FEED[9:])),
    ("padding after it", "", gzip.compress(FEED) + b"\0\0"),
]


@pytest.mark.parametrize(
    ("header", "body"), [case[1:] for case in ENCODINGS], ids=[case[0] for case in ENCODINGS]
)
def test_a_content_coding(press: Press, header: str, body: bytes) -> None:
    """Whatever the header says, the feed is read."""
    headers = {"Content-Encoding": header} if header else {}

    result = fetch(source_at(press.put("/f", CannedResponse(body=body, headers=headers))))

    assert isinstance(result, Fetched), result
    assert result.body == FEED


BROKEN_ENCODINGS = [
    ("cut off", "", gzip.compress(FEED)[:-12], "is not compressed as"),
    ("damaged", "x-gzip", gzip.compress(FEED)[:20] + b"xxxxxxxx", "is not compressed as"),
    ("plain text that is called br, gzip", "gzip, br", FEED, "is not compressed as"),
    ("brotli that is cut off", "identity, br", brotli.compress(FEED)[:-3], "is not compressed as"),
    ("a bomb", "", gzip.compress(b"x" * 5_000_000), "larger than 100,000 bytes"),
    ("a bomb in a bomb", "br, gzip", gzip.compress(brotli.compress(b"x" * 5_000_000)),
     "larger than 100,000 bytes"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("header", "body", "sentence"),
    [case[1:] for case in BROKEN_ENCODINGS],
    ids=[case[0] for case in BROKEN_ENCODINGS],
)
def test_a_broken_content_coding(press: Press, header: str, body: bytes, sentence: str) -> None:
    """It is named, and a bomb is not unpacked beyond the limit."""
    headers = {"Content-Encoding": header} if header else {}
    url = press.put("/f", CannedResponse(body=body, headers=headers))

    assert sentence in error_of(fetch(source_at(url), max_bytes=100_000))


def test_a_body_is_decompressed_three_times_at_most() -> None:
    """A server may not make us work for ever."""
    body = b"x"
    for _ in range(4):
        body = gzip.compress(body)

    assert gzip.decompress(decompress(body, [], 1000)) == b"x"
    with pytest.raises(ValueError, match="too many times"):
        decompress(body, ["gzip"] * 4, 1000)
    with pytest.raises(DecompressedTooLarge):
        decompress(gzip.compress(b"x" * 1001), [], 1000)


# ---- redirects and cookies


def test_cookies_last_for_one_fetch(press: Press) -> None:
    """A server that sets a cookie and redirects to the same address is read."""

    def feed(request: Request) -> CannedResponse:
        is_known = "seen=1" in request.headers.get("cookie", "")
        return CannedResponse(body=FEED) if is_known else redirect("/check")

    url = press.put("/f", feed)
    press.put("/check", CannedResponse(
        status=302, headers={"Location": "/f", "Set-Cookie": "seen=1; Path=/"}
    ))  # fmt: skip

    assert isinstance(fetch(source_at(url)), Fetched)
    assert isinstance(fetch(source_at(url)), Fetched)
    sent = [request.headers.get("cookie", "") for request in press.requests]
    assert sent == ["", "", "seen=1", "", "", "seen=1"]


def test_a_cookie_is_for_its_own_host(press: Press) -> None:
    """Another host that is redirected to does not get it."""
    other = press.put("/f", CannedResponse(body=FEED)).replace("127.0.0.1", "127.0.0.2")
    away = CannedResponse(status=302, headers={"Location": other, "Set-Cookie": "seen=1; Path=/"})

    with open_hostile_press("127.0.0.2") as server:
        server.put("/f", reply(body=FEED))
        url = press.put("/away", CannedResponse(
            status=302, headers={**away.headers, "Location": f"{server.url}/f"}
        ))  # fmt: skip
        assert isinstance(fetch(source_at(url)), Fetched)
    assert all("cookie" not in request.headers for request in press.requests)


ADDRESSES = [
    "/a%2Fb?c=%3D&d=%c3%a9&e=+&f=%7E~",
    "/a%2fb/;p=1/'(x)*!$,:@",
    "/a?b=[1]&c=%5B",
    "/a//b/%2E%2E/c",
]


@pytest.mark.parametrize("path", ADDRESSES)
def test_an_address_is_asked_as_it_is_written(path: str) -> None:
    """Byte for byte, in feeds.toml and in a redirect."""
    with open_hostile_press() as server:
        server.put(path, reply(body=FEED))
        start = server.put("/start", reply(f"Location: {path}\r\n", status="302 Found"))

        assert isinstance(fetch(source_at(f"{server.url}{path}")), Fetched)
        assert isinstance(fetch(source_at(start)), Fetched)

        assert server.requested == [path, "/start", path]


@pytest.mark.parametrize(
    ("written", "requested"),
    [
        ("http://a.example/ö x?q=ñ|", "http://a.example/%C3%B6%20x?q=%C3%B1%7C"),
        ("http://ä.example/", "http://xn--4ca.example/"),
        ("HTTP://A.example/50%", "http://a.example/50%25"),
        ("http://u:p@a.example/x#y", "http://a.example/x"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
        ("http://a.example", "http://a.example/"),
    ],
)
def test_what_no_request_may_contain_is_quoted(written: str, requested: str) -> None:
    """A space, a letter with an accent, a login, a fragment."""
    assert str(parse_url(written)) == requested


def test_an_address_that_is_none() -> None:
    """The message quotes it."""
    with pytest.raises(FetchBlocked, match=r"'http://\[x' is not a valid URL"):
        parse_url("http://[x")


# ---- responses that end too early, or ask for a pause


def _unfinished(body: bytes) -> Script:
    def send(connection: socket.socket) -> None:
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        connection.sendall(head + b"%x\r\n%s\r\n" % (len(body), body))

    return send


@pytest.mark.parametrize(
    ("body", "is_read"),
    [(FEED + b"\n", True), (b'{"items": []}', True), (FEED[:-6], False), (b'{"items": [', False)],
)
def test_a_response_without_its_last_chunk(body: bytes, is_read: bool) -> None:
    """A complete document is read, as browsers do, with a note."""
    with open_hostile_press() as server:
        result = fetch(source_at(server.put("/f", _unfinished(body))))

    if is_read:
        assert isinstance(result, Fetched), result
        assert result.body == body
        assert result.note == "Its server ended the connection before the response was finished."
    else:
        assert error_of(result) == "The connection ended before the whole response had arrived."


@pytest.mark.parametrize("status", [403, 429, 503])
def test_a_server_asks_for_a_pause(press: Press, status: int) -> None:
    """Some send 403 instead of 429 (FreshRSS#8928)."""
    url = press.put("/f", CannedResponse(status=status, headers={"Retry-After": "600"}))

    result = fetch(source_at(url))

    assert isinstance(result, Failed)
    assert result.backoff is not None
    assert result.backoff.until == NOW + timedelta(seconds=600)
