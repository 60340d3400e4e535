"""A cache of documents, each valid until one of its scopes changes."""

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import BoundedSemaphore, Lock

from aggregator.model import ListScope
from aggregator.render.compress import compress
from aggregator.site.document import Document, Resource
from aggregator.site.routes import PublicSite

__all__ = ["CachedDocument", "DocumentCache"]

MAX_CACHE_BYTES = 64 * 1024 * 1024
MAX_CACHED_REQUESTS = 10_000
"""Requests whose resource is remembered, so that it need not be looked up again."""
MAX_REQUEST_KEY_CHARS = 500
MAX_CONCURRENT_BUILDS = 2
MAX_QUICK_BYTES = 20_000
"""A document of so many bytes is compressed within a millisecond."""
OVERHEAD_BYTES = 2000
"""Memory of a cached document besides its body and encodings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedDocument:
    """A document ready to be sent; each encoding is made when it is first needed.

    `changed_at` is None if no date can be given. `location` is its canonical URL, whatever URL was
    requested. `headers` are those of earlier responses, by encoding, whether the response is
    private, and whether its date is unknown.
    """

    document: Document
    etag: str
    changed_at: datetime | None
    location: str
    scopes: tuple[ListScope, ...]
    revision: int
    headers: dict[tuple[str, bool, bool], list[tuple[str, str]]] = field(default_factory=dict)
    _encoded: dict[str, bytes | None] = field(default_factory=dict)

    def with_document(self, document: Document) -> "CachedDocument":
        """The same with another document, for one response."""
        return replace(self, document=document, etag=document.etag, headers={}, _encoded={})

    def encoded(self, encoding: str) -> bytes | None:
        """The body in an encoding; None if that saves nothing. If two threads make it at once, the
        results are equal."""
        if encoding not in self._encoded:
            document = self.document
            is_packed = document.is_compressed
            self._encoded[encoding] = None if is_packed else compress(document.body, encoding)
        return self._encoded[encoding]

    def is_ready(self, encoding: str) -> bool:
        """True if `encoded` takes no time worth mentioning."""
        is_small = len(self.document.body) <= MAX_QUICK_BYTES
        return encoding in self._encoded or is_small or self.document.is_compressed

    @property
    def size(self) -> int:
        """Memory in bytes, with an allowance for the encodings."""
        return 2 * len(self.document.body) + OVERHEAD_BYTES


class DocumentCache:
    """Keeps the most recently requested documents. It is thread-safe."""

    def __init__(self, site: PublicSite) -> None:
        self._lists = site.store.lists
        self._base = site.config.site.url
        self._documents: OrderedDict[str, CachedDocument] = OrderedDict()
        self._resources: OrderedDict[Hashable, Resource] = OrderedDict()
        self._building: dict[str, tuple[Lock, int]] = {}
        self._size = 0
        self._mutex = Lock()
        self._makers = BoundedSemaphore(MAX_CONCURRENT_BUILDS)
        self._variant_maker = Lock()

    def recall(self, request_key: Hashable) -> CachedDocument | None:
        """The document of a request that was made before, if it has not changed. It costs one query
        for a revision."""
        resource = self._resources.get(request_key)
        return self._current(resource) if resource else None

    def get(self, resource: Resource, request_key: Hashable = None) -> CachedDocument | None:
        """The document of a resource; None if it does not exist. The request is remembered for
        `recall`."""
        with self._lock(resource.path):
            cached = self._current(resource) or self._build(resource)
        is_short = len(str(request_key)) <= MAX_REQUEST_KEY_CHARS
        if cached is not None and request_key is not None and is_short:
            with self._mutex:
                self._resources[request_key] = resource
                if len(self._resources) > MAX_CACHED_REQUESTS:
                    self._resources.popitem(last=False)
        return cached

    @contextmanager
    def _lock(self, path: str) -> Iterator[None]:
        """Hold the lock of a document, so that only one thread builds it."""
        with self._mutex:
            lock, waiting = self._building.get(path, (Lock(), 0))
            self._building[path] = lock, waiting + 1
        try:
            with lock:
                yield
        finally:
            with self._mutex:
                lock, waiting = self._building.pop(path)
                if waiting > 1:
                    self._building[path] = lock, waiting - 1

    def _build(self, resource: Resource) -> CachedDocument | None:
        revision = self._lists.revision(*resource.scopes)
        with self._maker(resource.path):
            document = resource.build()
        if document is None:
            return None
        cached = CachedDocument(
            document=document,
            etag=document.etag,
            changed_at=revision.changed_at if len(resource.scopes) == 1 else None,
            location=f"{self._base}{resource.path}",
            scopes=resource.scopes,
            revision=revision.number,
        )
        self._put(resource.path, cached)
        return cached

    @contextmanager
    def _maker(self, path: str) -> Iterator[None]:
        """Few documents are made at a time, for each takes memory; of those that only one client
        asked for, one. Searches take turns of their own (turns.py)."""
        if path.startswith("/search"):
            yield
            return
        with self._variant_maker if "?" in path else nullcontext(), self._makers:
            yield

    def _current(self, resource: Resource) -> CachedDocument | None:
        """The cached document, if nothing has changed since."""
        number = self._lists.revision(*resource.scopes).number
        cached = self._documents.get(resource.path)
        if cached is None or cached.revision != number or cached.scopes != resource.scopes:
            return None
        with suppress(KeyError):  # another thread may have evicted it
            self._documents.move_to_end(resource.path)
        return cached

    def _put(self, path: str, cached: CachedDocument) -> None:
        with self._mutex:
            before = self._documents.pop(path, None)
            self._documents[path] = cached
            self._size += cached.size - (before.size if before else 0)
            while self._size > MAX_CACHE_BYTES and len(self._documents) > 1:
                _, oldest = self._documents.popitem(last=False)
                self._size -= oldest.size
