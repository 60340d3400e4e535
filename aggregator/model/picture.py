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
"""Pixels of a card for programs that show a link; most ask for this size."""
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
    """How often it was tried in vain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureResult:
    """What became of a picture: its thumbnails, or what is wrong with it, as a sentence, and when
    it is tried again; None for never."""

    url: str
    files: ThumbnailFiles | None = None
    error: str = ""
    retry_at: datetime | None = None
    is_attempt: bool = True
    """False if the server was left alone, because it had asked for that."""
    backoff: Backoff | None = None
    """The pause that its server asked for now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureState:
    """What is known of a picture: whether we have thumbnails of it, what is wrong with it, and when
    it is tried next."""

    has_thumbnails: bool
    error: str
    due_at: datetime | None


def picture_key(url: str) -> str:
    """The part of the addresses of our thumbnails that stands for the address of a picture."""
    return hashlib.blake2b(url.encode("utf-8", "replace"), digest_size=12).hexdigest()
