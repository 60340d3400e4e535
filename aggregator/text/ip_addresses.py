"""IP addresses that may be fetched: public ones, and those of allowed private networks.

Server-side request forgery: a feed's URL, or a redirect, must not reach into the operator's own
network (stringer PR#1548, CommaFeed GHSA-hgrr and GHSA-q5qw).
"""

import ipaddress
from collections.abc import Collection, Sequence

__all__ = [
    "IpAddress", "IpNetwork", "is_allowed_address", "is_private_host", "is_public_host",
]  # fmt: skip

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
"""The only public IPv6 addresses (RFC 4291, section 2.4)."""
_METADATA_NETWORKS = (
    ipaddress.ip_network("168.63.129.16/32"),  # Azure
    ipaddress.ip_network("192.0.0.0/24"),  # Oracle; reserved for protocols by RFC 6890
)
"""Addresses that look public, but are internal to data centres."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


_PRIVATE_NAMES = (".local", ".internal", ".lan", ".home.arpa", ".localhost")
"""Names that the public DNS does not have (RFC 6761, RFC 6762, RFC 8375; ICANN, 2024)."""


def is_private_host(host: str, networks: Sequence[IpNetwork], names: Collection[str]) -> bool:
    """True if a host is certainly meant to be in one of these networks: it is an address there, a
    name that nobody can register, or one of `names`. Any other name may lead wherever its owner
    likes."""
    host = host.rstrip(".").lower()
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host in names or "." not in host or host.endswith(_PRIVATE_NAMES)
    return any(address in network for network in networks if network.version == address.version)


def is_public_host(host: str) -> bool:
    """False if a host is certainly not on the public internet: an address or a name of a private
    network. Where other names lead is known only when they are resolved."""
    host = host.rstrip(".").lower()
    try:
        return is_allowed_address(ipaddress.ip_address(host), ())
    except ValueError:
        is_number = host.rpartition(".")[2][:1].isdigit()  # 127.1 and 0x7f.1 are addresses, too
        return not (is_number or is_private_host(host, (), ()))


def is_allowed_address(address: IpAddress, allowed: Sequence[IpNetwork]) -> bool:
    """True for a public address, or one of an allowed network.

    An IPv4 address that is embedded in an IPv6 one (mapped, 6to4, NAT64) counts as itself.
    """
    if any(address in network for network in allowed if network.version == address.version):
        return True
    if isinstance(address, ipaddress.IPv6Address):
        embedded = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            embedded = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if embedded is not None:
            return is_allowed_address(embedded, allowed)
        return address in _GLOBAL_UNICAST and address.is_global
    is_public = address.is_global and not address.is_multicast
    return is_public and not any(address in network for network in _METADATA_NETWORKS)
