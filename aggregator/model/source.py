"""Sources: the feeds of partner outlets, as listed in feeds.toml."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Dedupe", "Images", "Show", "Source"]

Show = Literal["title", "excerpt", "full"]
"""How much of an article an outlet allows us to republish."""

Images = Literal["off", "outlet", "own"]
"""Which pictures of an outlet our pages show: none, its own, or thumbnails that we serve."""

Dedupe = Literal["off", "address", "text"]
"""How entries of a source are matched with those of other outlets: not at all, by their URLs, or
by their URLs and their text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A partner outlet's feed as listed in feeds.toml."""

    id: str
    name: str
    feed: str
    site: str
    show: Show = "excerpt"
    images: Images = "off"
    license: str = ""
    license_url: str = ""
    uncut: bool = False
    """True if its texts may be shown whole or not at all."""
    counter: str = ""
    """Address of a pixel that counts readers of its full texts, with {link} and {id}."""
    topics: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    """The outlet's own category -> topic."""
    include: str = ""
    exclude: str = ""
    language: str = ""
    """Language of all its articles, whatever its feed says."""
    fallback_language: str = ""
    """Language of articles that have none of their own."""
    precedence: int = 0
    public_feed: str = ""
    has_secret_address: bool = False
    """True if the address of the feed contains a secret."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Request header -> the *name* of the environment variable that holds its value."""
    basic_auth: str = ""
    """Name of the environment variable that holds `user:password`."""
    min_interval: int = 15 * 60
    """Seconds."""
    max_interval: int = 24 * 60 * 60
    """Seconds."""
    max_new: int = 100
    """New entries in one fetch above which they are held for the operator."""
    dedupe: Dedupe = "text"
    approve: bool = False
    """True if its new stories are held until an operator approves them."""
    was: tuple[str, ...] = ()
    """Former ids, whose addresses redirect."""

    @property
    def published_feed(self) -> str:
        """The feed address that may be shown to the world, never a private one."""
        return self.public_feed or (self.site if self.private_feed else self.feed)

    @property
    def private_feed(self) -> str:
        """The feed address if it must not be shown, else ""."""
        is_private = self.is_private or self.has_secret_address
        return self.feed if is_private or self.public_feed not in ("", self.feed) else ""

    @property
    def is_private(self) -> bool:
        """True if fetching the feed takes a secret (FreshRSS GHSA-rpmm: leaked feed URLs)."""
        return bool(self.headers or self.basic_auth)
