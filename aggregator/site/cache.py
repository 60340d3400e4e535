"""Documents that were made once and are kept until one of their scopes changes."""

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from aggregator.render.compress import compress
from aggregator.site import Document, PublicSite, Resource

__all__ = ["CachedDocument", "DocumentCache"]

MAX_CACHE_BYTES = 64 * 1024 * 1024
"""Bytes of documents."""
MAX_CACHED_REQUESTS = 10_000
"""Questions whose answer is remembered."""
MAX_REQUEST_KEY_CHARS = 500
"""Characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedDocument:
    """A document ready to be sent; each coding is made when it is first asked for."""

    document: Document
    etag: str
    changed_at: datetime | None
    """None if no date tells what has changed."""
    location: str
    """The address at which it stands, whichever way it was asked for."""
    scopes: tuple[str, ...]
    revision: int
    headers: dict[tuple[str, bool, bool], list[tuple[str, str]]] = field(default_factory=dict)
    """Those of an answer, by its coding, whether it is private, and whether its date is known,
    once they have been made."""
    _coded: dict[str, bytes | None] = field(default_factory=dict)

    def encoded(self, coding: str) -> bytes | None:
        """The body in a coding; None if that is not worth it. Two threads may make it at once,
        and it is the same."""
        if coding not in self._coded:
            self._coded[coding] = compress(self.document.body, coding)
        return self._coded[coding]

    @property
    def size(self) -> int:
        """Bytes, with room for the codings."""
        return 2 * len(self.document.body) + 2000


class DocumentCache:
    """Keeps the documents that were asked for last. Threads may share it."""

    def __init__(self, edition: PublicSite) -> None:
        self._edition = edition
        self._kept: OrderedDict[str, CachedDocument] = OrderedDict()
        self._places: OrderedDict[Hashable, Resource] = OrderedDict()
        self._locks: dict[str, tuple[Lock, int]] = {}
        self._size = 0
        self._lock = Lock()

    def recall(self, question: Hashable) -> CachedDocument | None:
        """What was answered to the very same question, if it still stands: one look at a
        revision."""
        place = self._places.get(question)
        return self._standing(place) if place else None

    def get(self, place: Resource, question: Hashable = None) -> CachedDocument | None:
        """The document at a place. The question is remembered for `recall`."""
        with self._making(place.path):
            kept = self._standing(place) or self._make(place)
        if (
            kept is not None
            and question is not None
            and len(str(question)) <= MAX_REQUEST_KEY_CHARS
        ):
            with self._lock:
                self._places[question] = place
                if len(self._places) > MAX_CACHED_REQUESTS:
                    self._places.popitem(last=False)
        return kept

    @contextmanager
    def _making(self, path: str) -> Iterator[None]:
        """Held by one thread for each document, so that it is made once."""
        with self._lock:
            lock, waiting = self._locks.get(path, (Lock(), 0))
            self._locks[path] = lock, waiting + 1
        try:
            with lock:
                yield
        finally:
            with self._lock:
                lock, waiting = self._locks.pop(path)
                if waiting > 1:
                    self._locks[path] = lock, waiting - 1

    def _make(self, place: Resource) -> CachedDocument | None:
        revision = self._edition.store.revision(*place.scopes)
        document = place.build()
        if document is None:
            return None
        kept = CachedDocument(
            document=document,
            etag=document.etag,
            changed_at=revision.changed_at if len(place.scopes) == 1 else None,
            location=f"{self._edition.config.site.url}{place.path}",
            scopes=place.scopes,
            revision=revision.number,
        )
        self._keep(place.path, kept)
        return kept

    def _standing(self, place: Resource) -> CachedDocument | None:
        """The document that is kept, if nothing has changed since."""
        number = self._edition.store.revision(*place.scopes).number
        kept = self._kept.get(place.path)
        if kept is None or kept.revision != number or kept.scopes != place.scopes:
            return None
        with suppress(KeyError):  # it may have had to make room just now
            self._kept.move_to_end(place.path)
        return kept

    def _keep(self, path: str, kept: CachedDocument) -> None:
        with self._lock:
            before = self._kept.pop(path, None)
            self._kept[path] = kept
            self._size += kept.size - (before.size if before else 0)
            while self._size > MAX_CACHE_BYTES and len(self._kept) > 1:
                _, oldest = self._kept.popitem(last=False)
                self._size -= oldest.size
