"""Which pictures of an article we want thumbnails of."""

from aggregator.model import Entry, Source
from aggregator.text.html_images import html_images

__all__ = ["wanted_pictures"]

MAX_PICTURES = 12
"""Pictures of one article; those beyond remain links."""


def wanted_pictures(entry: Entry, source: Source) -> tuple[str, ...]:
    """The addresses of the pictures of an entry that its outlet permits us to copy, and that pages
    show."""
    if source.images != "own" or source.show == "title":
        return ()
    in_text = html_images(entry.content) if source.show == "full" else ()
    found = [entry.image, *(image.url for image in in_text if image.is_picture)]
    return tuple(dict.fromkeys(filter(None, found)))[:MAX_PICTURES]
