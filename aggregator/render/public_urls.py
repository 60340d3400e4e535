"""The public addresses; they are for ever."""

from dataclasses import dataclass

from aggregator.model import Feed

__all__ = ["FEED_MEDIA_TYPES", "PublicUrls"]

FEED_MEDIA_TYPES = {
    "rss": "application/rss+xml; charset=utf-8",
    "atom": "application/atom+xml; charset=utf-8",
    "json": "application/feed+json; charset=utf-8",
}
"""The ending of a feed's address -> its media type."""


@dataclass(frozen=True, slots=True)
class PublicUrls:
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

    def self_url(self, feed: Feed, ending: str) -> str:
        """Where a feed itself stands."""
        if feed.archive_page:
            return self.archive(feed.path, feed.archive_page, ending)
        return self.feed(feed.path, ending, feed.query)

    def feed_id(self, feed: Feed) -> str:
        """What names a feed and its archive for ever: where its Atom form stood first."""
        return self.feed(feed.original_path or feed.path, "atom", feed.query)

    def story(self, id_: str) -> str:
        """The page of a story."""
        return f"{self.base}/stories/{id_}"
