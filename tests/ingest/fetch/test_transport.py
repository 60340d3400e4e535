"""Which URLs are fetched: redirects, private networks, ports and proxies."""

import asyncio
import socket
from ipaddress import ip_network
from typing import Any

import pytest
from aiohttp.resolver import ThreadedResolver

from aggregator.demo.press import CannedResponse, Press
from aggregator.ingest.fetch.client import open_fetcher
from aggregator.ingest.fetch.settings import FetchSettings
from aggregator.model import Fetched, Validators
from tests.harness.builders import NOW
from tests.harness.fetching import LOOPBACK, error_of, fetch, redirect, source_at


def test_a_permanent_redirect_is_reported(press: Press) -> None:
    """A redirect is reported if it is permanent, up to the first temporary one."""
    there = press.put("/there", CannedResponse(body=b"<rss/>"))
    for start, hops in {"/p": (301, 308), "/t": (302, 301), "/m": (301, 302)}.items():
        press.put(start, CannedResponse(status=hops[0], headers={"Location": f"{start}2"}))
        press.put(f"{start}2", CannedResponse(status=hops[1], headers={"Location": "/there"}))

    moved = {s: fetch(source_at(f"{press.url}{s}")) for s in ("/p", "/t", "/m", "/there")}

    found = {s: r.redirected_to for s, r in moved.items() if isinstance(r, Fetched)}
    assert found == {"/p": there, "/t": "", "/m": f"{press.url}/m2", "/there": ""}


def test_only_the_feeds_own_server_is_a_witness_of_the_time(press: Press) -> None:
    """An outlet cannot multiply its voice by redirects through many servers."""
    port = press.url.rpartition(":")[2]
    for number in range(4):
        press.put(f"/{number}", redirect(f"http://127.0.0.{number + 1}:{port}/{number + 1}"))

    async def witnesses() -> int:
        settings = FetchSettings(user_agent="t", allow_private=(LOOPBACK,))
        listed = source_at(f"{press.url}/0")
        async with (
            open_fetcher(settings, {}) as fetcher,
            fetcher.fetch(listed, Validators(), listed.feed, NOW),
        ):
            return len(fetcher.server_clocks.offsets())

    assert asyncio.run(witnesses()) == 1


# ---- ports and proxies -------------------------------------------------------------------


def test_a_port_that_is_not_allowed_is_refused() -> None:
    """Ports outside [fetch] ports are refused, so that we do not scan other hosts."""
    error = error_of(fetch(source_at("http://93.184.216.34:22/"), allow_private=()))

    assert error.startswith("Port 22 of 93.184.216.34 is not allowed; to allow it, list it in")


def test_an_allowed_network_has_all_ports(press: Press) -> None:
    """Every port may be fetched on a network that the operator allows."""
    assert isinstance(
        fetch(source_at(press.put("/f", CannedResponse(body=b"<rss/>"))), ports=(80,)), Fetched
    )


def test_the_proxy_of_the_environment_is_used(press: Press) -> None:
    """The proxy of the environment is used, except for hosts in NO_PROXY.

    Only the proxy may be on a private network; the target is checked first.
    """
    press.put("http://feeds.example/f", CannedResponse(body=b"<rss>by proxy</rss>"))
    environment = {"http_proxy": press.url, "NO_PROXY": "direct.example,127.0.0.1"}

    result = fetch(source_at("http://feeds.example/f"), environment=environment, allow_private=())

    assert isinstance(result, Fetched)
    assert result.body == b"<rss>by proxy</rss>"
    assert press.requests[0].path == "http://feeds.example/f"
    for inner in ("http://10.0.0.1/", "http://localhost/", "http://169.254.169.254/"):
        blocked = error_of(fetch(source_at(inner), environment=environment, allow_private=()))
        assert "is on a private network" in blocked
    excepted = error_of(fetch(source_at("http://direct.example/f"), environment=environment))
    assert excepted == "The host name direct.example does not resolve."
    assert len(press.requests) == 1


def test_a_proxy_without_a_scheme_is_http(press: Press) -> None:
    """A proxy URL without a scheme means http, as in other programs."""
    press.put("http://feeds.example/f", CannedResponse(body=b"<rss/>"))
    bare = press.url.removeprefix("http://")

    assert isinstance(
        fetch(source_at("http://feeds.example/f"), environment={"http_proxy": bare}), Fetched
    )


@pytest.mark.parametrize("proxy", ["socks5://joe:secret@127.0.0.1:1", "http://", "http://[", "no"])
def test_an_invalid_proxy_is_reported(proxy: str) -> None:
    """The error for an invalid proxy does not contain its login."""
    error = error_of(fetch(source_at("http://feeds.example/f"), environment={"http_proxy": proxy}))

    assert "proxy" in error.lower() or "the host name no does not resolve" in error.lower()
    assert "secret" not in error


def test_a_port_is_checked_with_a_proxy(press: Press) -> None:
    """A port is refused even if only the proxy can resolve the host name."""
    environment = {"http_proxy": press.url}

    error = error_of(fetch(source_at("http://feeds.example:22/f"), environment=environment))

    assert error.startswith("Port 22 of feeds.example is not allowed")
    assert press.requests == []


def test_a_private_address_with_a_trailing_dot_is_refused(press: Press) -> None:
    """A trailing dot does not hide a private address from the check."""
    environment = {"http_proxy": press.url}

    error = error_of(
        fetch(source_at("http://10.0.0.1.:80/"), environment=environment, allow_private=())
    )

    assert "private network" in error
    assert press.requests == []


def test_an_unreachable_proxy_is_reported() -> None:
    """The error for an unreachable proxy names it without its login."""
    environment = {"https_proxy": "http://user:secret@127.0.0.1:1"}

    error = error_of(fetch(source_at("https://feeds.example/f"), environment=environment))

    assert error.startswith("The proxy 127.0.0.1 could not be reached")
    assert "secret" not in error


def test_a_redirect_is_followed(press: Press) -> None:
    """A relative redirect is followed, and the last URL is the base of the feed."""
    press.put("/old", redirect("/new?x=1"))
    press.put("/new?x=1", CannedResponse(body=b"<rss/>"))

    result = fetch(source_at(f"{press.url}/old"))

    assert isinstance(result, Fetched)
    assert result.url == f"{press.url}/new?x=1"


def test_a_redirect_loop_ends(press: Press) -> None:
    """A redirect loop ends after five redirects."""
    press.put("/a", redirect("/b"))
    press.put("/b", redirect("/a"))

    assert "More than 5 redirects" in error_of(fetch(source_at(f"{press.url}/a")))
    assert len(press.requests) == 6


PRIVATE_URLS = [
    "http://127.0.0.1:1/", "http://10.0.0.1/", "http://192.168.1.1/", "http://169.254.169.254/",
    "http://100.64.0.1/", "http://0.0.0.0/", "http://224.0.0.1/", "http://[::1]/", "http://[fd00::1]/",
    "http://[::ffff:10.0.0.1]/", "http://[64:ff9b::a00:1]/", "http://[2002:a00:1::]/",
    "http://localhost:1/", "http://2130706433/", "http://0x7f.1/",
]  # fmt: skip


@pytest.mark.parametrize("url", PRIVATE_URLS)
def test_a_private_address_is_refused(url: str) -> None:
    """A private address is refused in any notation, including ULA, CGNAT and NAT64.

    (stringer PR#1548, CommaFeed GHSA-hgrr and GHSA-q5qw)
    """
    error = error_of(fetch(source_at(url), allow_private=()))

    assert "is on a private network, so it is not fetched" in error or "not a valid URL" in error


@pytest.mark.parametrize(
    "url", [*PRIVATE_URLS[:2], "file:///etc/passwd", "gopher://x.example/", "//["]
)
def test_a_redirect_to_a_private_address_is_refused(press: Press, url: str) -> None:
    """A redirect to a private address or to another scheme is refused."""
    here = ip_network("127.0.0.1/32")
    target = url.replace("127.0.0.1", "127.0.0.2")
    press.put("/f", redirect(target))

    error = error_of(fetch(source_at(f"{press.url}/f"), allow_private=(here,)))

    assert any(
        part in error for part in ("is not fetched", "not an http or https", "not a valid URL")
    )


def test_a_name_of_a_private_address_is_refused(press: Press) -> None:
    """The address of the connection is checked, not only the name (lion-reader's DNS pinning)."""
    port = press.url.rpartition(":")[2]
    press.put("/f", CannedResponse(body=b"<rss/>"))
    url = f"http://localhost:{port}/f"

    assert "is not fetched" in error_of(fetch(source_at(url), allow_private=()))
    assert isinstance(
        fetch(source_at(url), allow_private=(LOOPBACK, ip_network("::1/128"))), Fetched
    )


@pytest.fixture
def names_lead_to_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every name has the address 127.0.0.1, as its owner likes."""

    async def resolve(_: object, host: str, port: int = 0, __: object = None) -> list[Any]:
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": socket.AF_INET,
                 "proto": 0, "flags": 0}]  # fmt: skip

    monkeypatch.setattr(ThreadedResolver, "resolve", resolve)


@pytest.mark.usefixtures("names_lead_to_loopback")
@pytest.mark.parametrize(
    ("host", "is_private"),
    [("127.0.0.1", True), ("wiki", True), ("wiki.internal", True), ("feeds.listed.example", True),
     ("evil.example", False), ("listed.example", False), ("internal.evil.example", False)],
)  # fmt: skip
def test_who_may_reach_a_private_network(press: Press, host: str, is_private: bool) -> None:
    """A source whose own feed is certainly there; no name that an outlet can register."""
    port = press.url.rpartition(":")[2]
    press.put("/f", CannedResponse(body=b"<rss/>"))

    result = fetch(
        source_at(f"http://{host}:{port}/f"),
        private_hosts=frozenset({"feeds.listed.example"}),
        ports=(int(port),),
    )

    assert isinstance(result, Fetched) == is_private
    assert len(press.requests) == is_private


@pytest.mark.usefixtures("names_lead_to_loopback")
@pytest.mark.parametrize("url", [*PRIVATE_URLS[:8], "http://wiki/", "http://wiki.internal/"])
def test_nobody_else_is_led_into_an_allowed_network(press: Press, url: str) -> None:
    """Neither by a redirect nor as a hub or callback, though other sources may be there."""
    networks = (LOOPBACK, ip_network("10.0.0.0/8"), ip_network("::/0"), ip_network("0.0.0.0/0"))

    async def call() -> list[str]:
        settings = FetchSettings(user_agent="t", allow_private=networks)
        outlet = source_at("https://evil.example/feed")
        async with open_fetcher(settings, {}) as fetcher:
            replies = [await fetcher.call("GET", url), await fetcher.post(url, {}, outlet)]
            async with fetcher.fetch(outlet, Validators(), url, NOW) as redirected:
                errors = [reply.error for reply in replies]
                return [*errors, getattr(redirected, "error", "")]

    for error in asyncio.run(call()):
        assert "is not fetched" in error or "not a valid URL" in error
    assert press.requests == []
