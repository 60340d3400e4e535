"""What an operator lists in feeds.toml: the site, sources, topics."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Dedupe", "Learn", "Share", "Show", "Site", "Source", "Topic"]

Show = Literal["title", "excerpt", "full"]
"""How much of an article an outlet lets us republish."""

Dedupe = Literal["off", "address", "text"]
"""By what an outlet's entries may become one story with those of others: by nothing, by what
links say, or by their words as well."""


Learn = Literal["off", "suggest", "place"]
"""What becomes of stories that look like those of a topic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Who publishes, and how.

    `url` is the public address that all links begin with, no slash at its end; `ttl` is for how
    many seconds a feed may be kept; `hubs` are where a reader can ask to be told (WebSub);
    `credit_line` ends every text in a feed, with `{outlet}`, `{author}` and `{license}` in it.
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
    """Whether pages lead to the search."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A partner outlet's feed as listed in feeds.toml."""

    id: str
    name: str
    feed: str
    site: str
    show: Show = "excerpt"
    license: str = ""
    license_url: str = ""
    uncut: bool = False
    """True if its texts may be shown whole or not at all."""
    counter: str = ""
    """The address of a pixel that counts readers of its full texts, with {link} and {id}."""
    topics: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    include: str = ""
    exclude: str = ""
    language: str = ""
    precedence: int = 0
    public_feed: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Request header -> the *name* of the environment variable that holds its value."""
    basic_auth: str = ""
    """The name of the environment variable that holds `user:password`."""
    min_interval: int = 15 * 60
    """Seconds."""
    max_interval: int = 24 * 60 * 60
    """Seconds."""
    max_new: int = 100
    """New entries in one fetch beyond which they are held for the operator."""
    dedupe: Dedupe = "text"

    @property
    def published_feed(self) -> str:
        """The feed address that may be shown to the world, never a private one."""
        return self.public_feed or (self.site if self.is_private else self.feed)

    @property
    def is_private(self) -> bool:
        """True if fetching the feed takes a secret (FreshRSS GHSA-rpmm: leaked feed URLs)."""
        return bool(self.headers or self.basic_auth)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """At most so many stories of one outlet among any so many that follow each other."""

    max_stories: int
    window: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic as listed in feeds.toml; `match` is a rule in the query language."""

    id: str
    title: str
    description: str = ""
    match: str = ""
    language: str = ""
    stem: str = ""
    """The language by whose stems the words of `match` are compared; empty if as they are."""
    learn: Learn = "off"
    share: Share | None = None
    was: tuple[str, ...] = ()
    """Ids that it had before."""
