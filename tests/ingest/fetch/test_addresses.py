"""Which addresses are fetched: redirects, private networks, ports and proxies."""

from ipaddress import ip_network

import pytest

from aggregator.demo.press import CannedResponse, Press
from aggregator.model import Fetched
from tests.harness.fetching import LOOPBACK, error_of, fetch, redirect, source_at


def test_a_permanent_redirect(press: Press) -> None:
    """It is told apart from a temporary one; after a temporary hop nothing is permanent."""
    there = press.put("/there", CannedResponse(body=b"<rss/>"))
    for start, hops in {"/p": (301, 308), "/t": (302, 301), "/m": (301, 302)}.items():
        press.put(start, CannedResponse(status=hops[0], headers={"Location": f"{start}2"}))
        press.put(f"{start}2", CannedResponse(status=hops[1], headers={"Location": "/there"}))

    moved = {s: fetch(source_at(f"{press.url}{s}")) for s in ("/p", "/t", "/m", "/there")}

    found = {s: r.redirected_to for s, r in moved.items() if isinstance(r, Fetched)}
    assert found == {"/p": there, "/t": "", "/m": f"{press.url}/m2", "/there": ""}


# ---- ports and proxies -------------------------------------------------------------------


def test_a_port_that_is_not_for_the_web() -> None:
    """We are no scanner of other people's ports."""
    error = error_of(fetch(source_at("http://93.184.216.34:22/"), allow_private=()))

    assert error.startswith("Port 22 of 93.184.216.34 is not allowed; list it in [fetch] ports")


def test_a_port_of_an_allowed_network(press: Press) -> None:
    """In the operator's own network every port may be asked."""
    assert isinstance(
        fetch(source_at(press.put("/f", CannedResponse(body=b"<rss/>"))), ports=(80,)), Fetched
    )


def test_a_proxy(press: Press) -> None:
    """The one that the environment names is asked, whatever network it stands in, for hosts
    that are not excepted; what an address stands for is checked before."""
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


def test_a_proxy_without_a_scheme(press: Press) -> None:
    """It is one of http, as everywhere."""
    press.put("http://feeds.example/f", CannedResponse(body=b"<rss/>"))
    bare = press.url.removeprefix("http://")

    assert isinstance(
        fetch(source_at("http://feeds.example/f"), environment={"http_proxy": bare}), Fetched
    )


@pytest.mark.parametrize("proxy", ["socks5://joe:secret@127.0.0.1:1", "http://", "http://[", "no"])
def test_a_proxy_that_is_none(proxy: str) -> None:
    """The sentence speaks of the proxy, and not of its login."""
    error = error_of(fetch(source_at("http://feeds.example/f"), environment={"http_proxy": proxy}))

    assert "proxy" in error.lower() or "the host name no does not resolve" in error.lower()
    assert "secret" not in error


def test_a_port_through_a_proxy(press: Press) -> None:
    """It is judged even where only the proxy knows the name."""
    environment = {"http_proxy": press.url}

    error = error_of(fetch(source_at("http://feeds.example:22/f"), environment=environment))

    assert error.startswith("Port 22 of feeds.example is not allowed")
    assert press.requests == []


def test_an_inner_address_with_a_dot(press: Press) -> None:
    """It is one through a proxy too."""
    environment = {"http_proxy": press.url}

    error = error_of(
        fetch(source_at("http://10.0.0.1.:80/"), environment=environment, allow_private=())
    )

    assert "private network" in error
    assert press.requests == []


def test_a_proxy_that_is_not_there() -> None:
    """Its login is not told."""
    environment = {"https_proxy": "http://user:secret@127.0.0.1:1"}

    error = error_of(fetch(source_at("https://feeds.example/f"), environment=environment))

    assert error.startswith("The proxy 127.0.0.1 could not be reached")


def test_a_redirect(press: Press) -> None:
    """It is followed, relative or not, and the last address is the base of the feed."""
    press.put("/old", redirect("/new?x=1"))
    press.put("/new?x=1", CannedResponse(body=b"<rss/>"))

    result = fetch(source_at(f"{press.url}/old"))

    assert isinstance(result, Fetched)
    assert result.url == f"{press.url}/new?x=1"


def test_a_redirect_loop(press: Press) -> None:
    """It ends."""
    press.put("/a", redirect("/b"))
    press.put("/b", redirect("/a"))

    assert "More than 5 redirects" in error_of(fetch(source_at(f"{press.url}/a")))
    assert len(press.requests) == 6


PRIVATE = [
    "http://127.0.0.1:1/", "http://10.0.0.1/", "http://192.168.1.1/", "http://169.254.169.254/",
    "http://100.64.0.1/", "http://0.0.0.0/", "http://224.0.0.1/", "http://[::1]/", "http://[fd00::1]/",
    "http://[::ffff:10.0.0.1]/", "http://[64:ff9b::a00:1]/", "http://[2002:a00:1::]/",
    "http://localhost:1/", "http://2130706433/", "http://0x7f.1/",
]  # fmt: skip


@pytest.mark.parametrize("url", PRIVATE)
def test_a_private_address(url: str) -> None:
    """We are no way into the operator's network, however the address is written: ULA, CGNAT,
    NAT64 and all (stringer PR#1548, CommaFeed GHSA-hgrr and GHSA-q5qw)."""
    error = error_of(fetch(source_at(url), allow_private=()))

    assert "is on a private network, so it is not fetched" in error or "not a valid URL" in error


@pytest.mark.parametrize("url", [*PRIVATE[:2], "file:///etc/passwd", "gopher://x.example/", "//["])
def test_a_redirect_to_a_private_address(press: Press, url: str) -> None:
    """Nor by a redirect from an address that may be asked."""
    here = ip_network("127.0.0.1/32")
    target = url.replace("127.0.0.1", "127.0.0.2")
    press.put("/f", redirect(target))

    error = error_of(fetch(source_at(f"{press.url}/f"), allow_private=(here,)))

    assert any(
        part in error for part in ("is not fetched", "not an http or https", "not a valid URL")
    )


def test_a_name_that_stands_for_a_private_address(press: Press) -> None:
    """What counts is the address that the connection goes to (lion-reader's DNS pinning)."""
    port = press.url.rpartition(":")[2]
    press.put("/f", CannedResponse(body=b"<rss/>"))
    url = f"http://localhost:{port}/f"

    assert "is not fetched" in error_of(fetch(source_at(url), allow_private=()))
    assert isinstance(
        fetch(source_at(url), allow_private=(LOOPBACK, ip_network("::1/128"))), Fetched
    )
