"""Whose server an address is on."""

from functools import cache
from urllib.parse import urlsplit

from publicsuffixlist import PublicSuffixList

__all__ = ["registrable_domain"]


def registrable_domain(address: str) -> str:
    """The registrable domain of a public host, else the address itself.

    One blog of tumblr.com speaks for all of them (FreshRSS#8925, #8928), but one path of a
    server in one's own network does not speak for the others (FreshRSS#7870).
    """
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return address
    is_name = any(letter.isalpha() for letter in host.rpartition(".")[2])
    return (is_name and _public_suffixes().privatesuffix(host)) or address


@cache
def _public_suffixes() -> PublicSuffixList:
    """Without the part where companies list their customers, who share servers and limits."""
    return PublicSuffixList(only_icann=True)
