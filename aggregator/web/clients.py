"""Who sends a request: the address that limits are counted by, and whether it is one of ours.

The client is the peer of the connection. Only if that is a trusted proxy, it is the rightmost
address in X-Forwarded-For that is not one: everything to the left of it was sent by the client,
which may write there what it likes.
"""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias

__all__ = ["IpNetwork", "client_of", "is_loopback", "is_private", "is_proxied", "is_trusted"]

IpNetwork: TypeAlias = IPv4Network | IPv6Network

IPV6_CLIENT_BITS = 64
"""One customer has at least so many IPv6 addresses (RFC 6177)."""
MAX_FORWARDED_CHARS = 2000
"""A longer header is read from its end, which is the part that counts."""
_PROXY_HEADERS = ("HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_REAL_IP")


def client_of(peer: str, forwarded_for: str, trusted: Sequence[IpNetwork]) -> str:
    """The name of the client: an IPv4 address or an IPv6 network of 64 bits.

    If an address cannot be read, the one to its right counts: the proxy there wrote it.
    """
    client = peer
    if is_trusted(peer, trusted):
        for address in reversed(forwarded_for[-MAX_FORWARDED_CHARS:].split(",")):
            if not _parse(address.strip()):
                break
            client = address.strip()
            if not is_trusted(client, trusted):
                break
    return _group(client)


def is_trusted(address: str, trusted: Sequence[IpNetwork]) -> bool:
    """True if an address is in one of these networks."""
    parsed = _parse(address)
    return parsed is not None and any(parsed in network for network in trusted)


def is_loopback(address: str) -> bool:
    """True for an address of this machine."""
    parsed = _parse(address)
    return parsed is not None and parsed.is_loopback


def is_private(address: str) -> bool:
    """True for an address of this machine or of a private network."""
    parsed = _parse(address)
    return parsed is not None and parsed.is_private


def is_proxied(environ: Mapping[str, str]) -> bool:
    """True if a proxy has passed a request on, by its headers."""
    return any(name in _PROXY_HEADERS or name.startswith("HTTP_X_FORWARDED") for name in environ)


def _group(address: str) -> str:
    parsed = _parse(address)
    if isinstance(parsed, IPv6Address):
        return str(IPv6Network((int(parsed), IPV6_CLIENT_BITS), strict=False))
    return str(parsed or address)


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    try:
        parsed = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address):
        return parsed.ipv4_mapped or parsed
    return parsed
