"""The public addresses; they are for ever."""

from dataclasses import dataclass

__all__ = ["ENDINGS", "Addresses"]

ENDINGS = {
    "rss": "application/rss+xml; charset=utf-8",
    "atom": "application/atom+xml; charset=utf-8",
    "json": "application/feed+json; charset=utf-8",
}
"""The ending of a feed's address -> its media type."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Absolute addresses on a site; `base` has no slash at its end."""

    base: str

    def page(self, path: str) -> str:
        """A page or file at a path that begins with a slash."""
        return f"{self.base}{path}"

    def feed(self, path: str, ending: str, query: str = "") -> str:
        """A feed of the list at `path`."""
        return f"{self.base}{path}.{ending}{query}"

    def story(self, id_: str) -> str:
        """The page of a story."""
        return f"{self.base}/stories/{id_}"
