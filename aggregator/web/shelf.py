"""Documents that were made once and are kept until their scope changes."""

import gzip
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from aggregator.edition import Document, Edition, Place

__all__ = ["Kept", "Shelf"]

ROOM = 1000
"""Documents; about 30 KB each."""
WORTH_ZIPPING = 500
"""Bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A document ready to be sent; `zipped` is its gzip form if that is smaller."""

    document: Document
    etag: str
    zipped: bytes | None
    changed: datetime
    revision: int


class Shelf:
    """Keeps the documents that were asked for last. Threads may share it."""

    def __init__(self, edition: Edition) -> None:
        self._edition = edition
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._lock = Lock()

    def get(self, place: Place) -> Kept | None:
        """The document at a place; one look at its revision if it is kept already."""
        revision = self._edition.store.revision(place.scope)
        with self._lock:
            kept = self._kept.get(place.path)
            if kept is not None and kept.revision == revision.number:
                self._kept.move_to_end(place.path)
                return kept
        document = place.make()
        if document is None:
            return None
        kept = Kept(
            document=document,
            etag=document.etag,
            zipped=_zipped(document.body),
            changed=revision.changed,
            revision=revision.number,
        )
        with self._lock:
            self._kept[place.path] = kept
            if len(self._kept) > ROOM:
                self._kept.popitem(last=False)
        return kept


def _zipped(body: bytes) -> bytes | None:
    if len(body) < WORTH_ZIPPING:
        return None
    zipped = gzip.compress(body, mtime=0)  # no time, so that same bytes stay same bytes
    return zipped if len(zipped) < len(body) else None
