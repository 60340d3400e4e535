"""The type of a feed format."""

from collections.abc import Callable
from dataclasses import dataclass

from aggregator.model import Feed, Site

__all__ = ["FeedFormat"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedFormat:
    """A format in which every list is published.

    `extension` is that of the feed's URL, `name` is for people, `media_type` is the Content-Type.
    """

    extension: str
    name: str
    media_type: str
    render: Callable[[Feed, Site], bytes]

    @property
    def link_type(self) -> str:
        """The media type without parameters, for links."""
        return self.media_type.partition(";")[0]
