"""Which IP addresses may be connected to."""

from ipaddress import ip_address, ip_network

import pytest

from aggregator.text.ip_addresses import is_allowed_address, is_public_host

PUBLIC_ADDRESSES = [
    "93.184.216.34",
    "2606:2800:220:1::1",
    "64:ff9b::5db8:d822",
    "2002:5db8:d822::1",
]
PRIVATE_ADDRESSES = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1",
    "0.0.0.0", "255.255.255.255", "224.0.0.1", "192.0.2.1", "168.63.129.16",
    "192.0.0.192", "::1", "::", "fe80::1", "fd00::1",
    "ff02::1", "fec0::1", "::ffff:10.0.0.1", "::ffff:0:10.0.0.1", "::10.0.0.1", "64:ff9b::a00:1",
    "64:ff9b:1::a00:1", "2002:a00:1::", "2001:db8::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC_ADDRESSES)
def test_a_public_address_is_allowed(address: str) -> None:
    """A public address is allowed, in IPv6 notation too."""
    assert is_allowed_address(ip_address(address), ())


@pytest.mark.parametrize("address", PRIVATE_ADDRESSES)
def test_a_private_address_is_refused(address: str) -> None:
    """A private or reserved address is refused, even embedded in another one."""
    assert not is_allowed_address(ip_address(address), ())


def test_an_allowed_network_may_be_private() -> None:
    """A private network that the operator lists is allowed, and no other one."""
    allowed = (ip_network("10.20.0.0/16"), ip_network("fd00::/8"))

    assert is_allowed_address(ip_address("10.20.1.1"), allowed)
    assert is_allowed_address(ip_address("::ffff:10.20.1.1"), allowed)
    assert is_allowed_address(ip_address("fd00::1"), allowed)
    assert not is_allowed_address(ip_address("10.21.1.1"), allowed)


@pytest.mark.parametrize(
    ("host", "is_public"),
    [
        ("outlet.example", True), ("93.184.216.34", True), ("xn--bcher-kva.example", True),
        ("127.0.0.1", False), ("127.1", False), ("0x7f.0.0.1", False), ("2130706433", False),
        ("localhost", False), ("router", False), ("printer.local", False), ("10.0.0.1", False),
        ("::1", False), ("fd00::1", False), ("localhost.", False),
    ],
)  # fmt: skip
def test_hosts_that_are_certainly_private(host: str, is_public: bool) -> None:
    """By what browsers take for an address, too."""
    assert is_public_host(host) == is_public
