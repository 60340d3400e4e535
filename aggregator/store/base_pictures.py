"""The interface of a store, continued: pictures of articles, and our thumbnails of them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from aggregator.model import (
    Entry,
    PictureResult,
    PictureState,
    Thumbnail,
    ThumbnailSize,
    WantedPicture,
)

__all__ = ["PictureStore"]


class PictureStore(Protocol):
    """Pictures that are wanted, and the thumbnails of those that were fetched."""

    def add(self, pictures: Mapping[int, Sequence[str]], now: datetime) -> None:
        """Request thumbnails for these pictures: entry id -> addresses."""

    def newest_entries(self, source: str, limit: int) -> list[Entry]:
        """The newest entries of a source."""

    def due(self, sources: Collection[str], now: datetime, limit: int) -> list[WantedPicture]:
        """Pictures of published stories of these sources to fetch now: the newest of each source,
        then the next ones."""

    def save(self, results: Sequence[PictureResult], now: datetime) -> None:
        """Save results, and mark the pages of their stories as changed."""

    def thumbnails(self, urls: Collection[str]) -> dict[str, Thumbnail]:
        """The pictures of which there are thumbnails, by address."""

    def states(self, urls: Collection[str]) -> dict[str, PictureState]:
        """The state of each picture that was ever wanted, by address."""

    def file(self, key: str, size: ThumbnailSize) -> bytes | None:
        """A thumbnail of a picture."""

    def is_used(self, key: str, sources: Collection[str]) -> bool:
        """True if a published story has the picture from one of these sources."""

    def keys_with_thumbnails(self) -> Iterator[str]:
        """Keys of all pictures of which there are thumbnails."""

    def delete_all_but(self, sources: Collection[str], now: datetime) -> int:
        """Delete the pictures that no entry of these sources has; returns how many."""

    def evict(self, max_bytes: int, now: datetime) -> int:
        """Delete thumbnails, oldest pictures first, until all fit into `max_bytes`; returns the
        number of pictures. They are not requested again."""
