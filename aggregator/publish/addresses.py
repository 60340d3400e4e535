"""The public addresses; they are for ever."""

from dataclasses import dataclass

from aggregator.model import TopicFeed

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

    def archive(self, path: str, page: int, ending: str) -> str:
        """An archive document of the list at `path`."""
        return self.feed(f"{path}/archive/{page}", ending)

    def own(self, feed: TopicFeed, ending: str) -> str:
        """Where a feed itself stands."""
        if feed.page:
            return self.archive(feed.path, feed.page, ending)
        return self.feed(feed.path, ending, feed.query)

    def id_of(self, feed: TopicFeed) -> str:
        """What names a feed and its archive for ever: where its Atom form stood first."""
        return self.feed(feed.first_path or feed.path, "atom", feed.query)

    def story(self, id_: str) -> str:
        """The page of a story."""
        return f"{self.base}/stories/{id_}"
