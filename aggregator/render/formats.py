"""The registry of feed formats. A new format is one file and one row here."""

from aggregator.render.atom import ATOM
from aggregator.render.feed_format import FeedFormat
from aggregator.render.jsonfeed import JSON_FEED
from aggregator.render.rss import RSS

__all__ = ["FORMATS", "PRIMARY_FORMAT", "FeedFormat", "is_feed_path"]

FORMATS: dict[str, FeedFormat] = {format_.extension: format_ for format_ in (RSS, ATOM, JSON_FEED)}
"""Feed formats by extension, in the order in which pages offer them."""
PRIMARY_FORMAT = ATOM
"""The one to link where only one is linked, such as in OPML."""

DIRECTORY_PATHS = ("/topics.json", "/sources.json", "/removed.json")
"""JSON for scripts; these are not feeds."""


def is_feed_path(path: str) -> bool:
    """True if a path ends with the extension of a feed format, and is not a directory."""
    return path.rpartition(".")[2] in FORMATS and path not in DIRECTORY_PATHS
