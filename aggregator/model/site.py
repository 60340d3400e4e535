"""The site that publishes."""

from dataclasses import dataclass

from aggregator.model.calendar import Notice

__all__ = ["Site"]


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
