"""Which addresses may be asked: the world's, and no inner network but those that are allowed."""

import ipaddress
from collections.abc import Sequence

__all__ = ["IpAddress", "IpNetwork", "is_allowed_address"]

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
"""All of IPv6 that is handed out to the world (RFC 4291, 2.4); the rest is for inner use."""
_METADATA_NETWORKS = (
    ipaddress.ip_network("168.63.129.16/32"),  # Azure
    ipaddress.ip_network("192.0.0.0/24"),  # Oracle; RFC 6890 keeps it for protocols
)
"""Addresses that look like the world's, but answer inside a data centre only."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_allowed_address(address: IpAddress, allowed: Sequence[IpNetwork]) -> bool:
    """True for an address of the world, or one of an allowed network.

    An IPv4 address that is wrapped into an IPv6 one (mapped, 6to4, NAT64) counts as itself.
    """
    if any(address in network for network in allowed if network.version == address.version):
        return True
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_allowed_address(inner, allowed)
        return address in _GLOBAL_UNICAST and address.is_global
    is_world = address.is_global and not address.is_multicast
    return is_world and not any(address in network for network in _METADATA_NETWORKS)
