"""Public URLs, which never change."""

from dataclasses import dataclass

from aggregator.model import Feed

__all__ = ["PublicUrls"]


@dataclass(frozen=True, slots=True)
class PublicUrls:
    """Absolute URLs on a site; `base` has no trailing slash."""

    base: str

    def page(self, path: str) -> str:
        """The URL of a page or file at a path, which starts with a slash."""
        return f"{self.base}{path}"

    def feed(self, path: str, extension: str, query: str = "") -> str:
        """The URL of a feed of the list at `path`."""
        return f"{self.base}{path}.{extension}{query}"

    def archive(self, path: str, page: int, extension: str) -> str:
        """The URL of an archive document of the list at `path`."""
        return self.feed(f"{path}/archive/{page}", extension)

    def self_url(self, feed: Feed, extension: str) -> str:
        """The URL of this feed or archive document itself."""
        if feed.archive_page:
            return self.archive(feed.path, feed.archive_page, extension)
        return self.feed(feed.path, extension, feed.query)

    def feed_id(self, feed: Feed) -> str:
        """The permanent id of a feed and its archive: the first Atom URL that it had. It outlives
        the domain (RFC 4287, section 4.2.6)."""
        first = PublicUrls(feed.first_site or self.base)
        return first.feed(feed.original_path or feed.path, "atom", feed.query)

    def story(self, id_: str) -> str:
        """The URL of the page of a story."""
        return f"{self.base}/stories/{id_}"
