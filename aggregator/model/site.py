"""The site that publishes."""

from dataclasses import dataclass

__all__ = ["INTERFACE_LANGUAGE", "Site"]

INTERFACE_LANGUAGE = "en"
"""Language of the interface, such as "Subscribe"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The site and how it publishes.

    `url` is the public address that all links begin with, without a slash at the end. `ttl` is the
    number of seconds for which a feed may be cached. `hubs` are the WebSub hubs that feeds
    announce. `credit_line` ends every text in a feed; `{outlet}`, `{author}` and `{license}` in it
    are replaced.
    """

    title: str
    url: str
    language: str = "en"
    contact: str = ""
    description: str = ""
    notice: str = ""
    ttl: int = 300
    hubs: tuple[str, ...] = ()
    credit_line: str = ""
    has_search: bool = True
    """Whether pages link to the search."""
