"""Pictures of articles, of which we serve small thumbnails."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from aggregator.model.fetch import Backoff

__all__ = [
    "CARD_HEIGHT", "CARD_WIDTH",
    "PictureResult",
    "PictureState",
    "Thumbnail",
    "ThumbnailFiles",
    "ThumbnailSize",
    "WantedPicture",
    "picture_key",
]  # fmt: skip

CARD_WIDTH, CARD_HEIGHT = 1200, 630
"""Size of a card in pixels, as most link previews ask for it."""
ThumbnailSize = Literal["small", "large"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thumbnail:
    """A picture of which we have thumbnails. `key` is part of their addresses, `width` and `height`
    are those of the large one, in pixels."""

    key: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ThumbnailFiles:
    """The thumbnails of a picture, as WebP: a small one for lists, a large one for the story.
    `width` and `height` are those of the large one, in pixels."""

    small: bytes
    large: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedPicture:
    """A picture to be fetched, and the source that has it."""

    url: str
    source: str
    attempts: int = 0
    """Number of failed attempts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureResult:
    """The result of fetching a picture: its thumbnails, or an error as a sentence and the time of
    the next attempt, None for never."""

    url: str
    files: ThumbnailFiles | None = None
    error: str = ""
    retry_at: datetime | None = None
    is_attempt: bool = True
    """False if no request was sent, because the server had asked for a pause."""
    backoff: Backoff | None = None
    """The pause that the server has asked for in its response."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureState:
    """The state of a picture: whether it has thumbnails, what is wrong with it, and when it is
    tried next."""

    has_thumbnails: bool
    error: str
    due_at: datetime | None


def picture_key(url: str) -> str:
    """The part of the addresses of our thumbnails that stands for the address of a picture."""
    return hashlib.blake2b(url.encode("utf-8", "replace"), digest_size=12).hexdigest()
