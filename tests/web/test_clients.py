"""Whom a request counts for: the peer, or what a trusted proxy says."""

from ipaddress import ip_network

import pytest

from aggregator.web.clients import client_of

PROXIES = [ip_network("127.0.0.1/32"), ip_network("10.0.0.0/8"), ip_network("fd00::/8")]

CASES = [
    ("no proxy", "198.51.100.7", "", "198.51.100.7"),
    ("a forged header from elsewhere", "198.51.100.7", "203.0.113.9", "198.51.100.7"),
    ("a proxy", "127.0.0.1", "203.0.113.9", "203.0.113.9"),
    ("a forged address before that of the client", "127.0.0.1", "1.2.3.4, 203.0.113.9",
     "203.0.113.9"),
    ("two proxies", "127.0.0.1", "1.2.3.4, 203.0.113.9, 10.1.2.3", "203.0.113.9"),
    ("nothing but proxies", "127.0.0.1", "10.1.2.4, 10.1.2.3", "10.1.2.4"),
    ("a proxy that says nothing", "127.0.0.1", "", "127.0.0.1"),
    ("nonsense", "127.0.0.1", "me, <script>", "127.0.0.1"),
    ("nonsense before a proxy", "127.0.0.1", "me, 10.1.2.3", "10.1.2.3"),
    ("a long header", "127.0.0.1", "1.2.3.4," * 100_000 + "203.0.113.9", "203.0.113.9"),
    ("more proxies than are read", "127.0.0.1", "203.0.113.9" + ",10.1.2.3" * 300, "10.1.2.3"),
    ("IPv6", "2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
    ("IPv6 behind a proxy", "fd00::1", "2001:db8:1:2::9", "2001:db8:1:2::/64"),
    ("IPv6 with a zone", "fe80::1%eth0", "", "fe80::/64"),
    ("IPv4 in IPv6", "::ffff:198.51.100.7", "", "198.51.100.7"),
    ("a proxy as IPv4 in IPv6", "::ffff:127.0.0.1", "203.0.113.9", "203.0.113.9"),
    ("no address", "", "203.0.113.9", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("peer", "header", "client"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_whom_a_request_counts_for(peer: str, header: str, client: str) -> None:
    """Only the rightmost address that is no proxy counts."""
    assert client_of(peer, header, PROXIES) == client


def test_no_proxy_is_trusted_by_default() -> None:
    """Not even one on this machine."""
    assert client_of("127.0.0.1", "203.0.113.9", ()) == "127.0.0.1"
