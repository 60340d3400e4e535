"""The site that publishes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from aggregator.model.calendar import Notice

__all__ = ["Font", "Site", "Theme"]

Font = Literal["system", "newsreader"]
"""The typeface of pages: those of the reader's device, or one that is served with them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The site and how it publishes.

    `url` is the public address that all links begin with, without a slash at the end. `ttl` is the
    number of seconds for which a feed may be cached. `hubs` are the WebSub hubs that feeds
    announce. `credit_line` ends every text in a feed; `{outlet}`, `{author}` and `{license}` in it
    are replaced. `timezone` is the IANA name of the time zone in which it counts days,
    `per_page` the number of stories on a page for people.
    """

    title: str
    url: str
    language: str = "en"
    timezone: str = "UTC"
    per_page: int = 15
    accent: str = ""
    """Colour of links and buttons, as `#rrggbb`; empty for the default."""
    font: Font = "newsreader"
    contact: str = ""
    description: str = ""
    notice: str = ""
    notices: tuple[Notice, ...] = ()
    lead: str = ""
    """Id of the story that leads the home page, unless one is pinned there."""
    ttl: int = 300
    hubs: tuple[str, ...] = ()
    credit_line: str = ""
    has_search: bool = True
    """Whether pages link to the search."""
    has_digest: bool = False
    """Whether there is a digest."""
    has_sign_up: bool = False
    """Whether pages have a form for subscribing to the digest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """What an operator has made of the look: templates that replace built-in ones, by file name,
    CSS that follows the built-in, and a logo."""

    templates: Mapping[str, str] = field(default_factory=dict)
    css: str = ""
    logo: bytes = b""
    logo_type: str = ""
