"""The cache of documents: what it keeps is bounded, and what it drops is made again."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Lock

import pytest

from aggregator.site import Document, Resource
from aggregator.site.cache import DocumentCache
from tests.harness.newsroom import Newsroom


def _resource(docks: Newsroom, path: str) -> Resource:
    resource = docks.site.find(path)
    assert resource is not None
    return resource


@pytest.fixture
def cache(docks: Newsroom) -> DocumentCache:
    """An empty cache of a site with four stories."""
    return DocumentCache(docks.site)


def test_bytes_of_documents_are_limited(
    docks: Newsroom, cache: DocumentCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The document that was not requested for longest is dropped, and the same when it is made
    again."""
    first, second = (_resource(docks, f"/topics/{topic}.atom") for topic in ("labor", "courts"))
    made = cache.get(first, "first")
    assert made is not None
    monkeypatch.setattr("aggregator.site.cache.MAX_CACHE_BYTES", made.size + 1)

    assert cache.recall("first") is made
    cache.get(second, "second")

    assert cache.recall("first") is None
    assert cache.recall("second") is not None
    again = cache.get(first, "first")
    assert again is not None
    assert (again.document.body, again.etag) == (made.document.body, made.etag)


def test_requests_that_are_remembered_are_limited(
    docks: Newsroom, cache: DocumentCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of many URLs of one document, the latest are remembered, and none that is very long."""
    monkeypatch.setattr("aggregator.site.cache.MAX_CACHED_REQUESTS", 3)
    resource = _resource(docks, "/all.atom")
    for number in range(5):
        cache.get(resource, f"/all.atom?utm={number}")
    cache.get(resource, "/all.atom?utm=" + "x" * 500)

    remembered = [cache.recall(f"/all.atom?utm={number}") is not None for number in range(5)]
    assert remembered == [False, False, True, True, True]
    assert cache.recall("/all.atom?utm=" + "x" * 500) is None


@pytest.mark.parametrize(("limit", "is_quick"), [(20_000, True), (100, False)])
def test_a_large_document_is_not_compressed_on_the_way(
    docks: Newsroom,
    cache: DocumentCache,
    monkeypatch: pytest.MonkeyPatch,
    limit: int,
    is_quick: bool,
) -> None:
    """The server answers others meanwhile; once compressed, it is sent at once."""
    monkeypatch.setattr("aggregator.site.cache.MAX_QUICK_BYTES", limit)
    cached = cache.get(_resource(docks, "/all.atom"))
    assert cached is not None

    assert cached.is_ready("gzip") is is_quick
    assert cached.encoded("gzip")
    assert cached.is_ready("gzip")


@pytest.mark.parametrize(
    ("path", "limit"), [("/all-{}.atom", 2), ("/all.atom?limit={}", 1)], ids=["feeds", "variants"]
)
def test_few_documents_are_made_at_a_time(
    docks: Newsroom, cache: DocumentCache, path: str, limit: int
) -> None:
    """Each takes memory while it is made."""
    mutex, concurrent, most = Lock(), 0, 0
    resource = _resource(docks, "/all.atom")

    def build() -> Document | None:
        nonlocal concurrent, most
        with mutex:
            concurrent += 1
            most = max(most, concurrent)
        time.sleep(0.05)
        with mutex:
            concurrent -= 1
        return resource.build()

    with ThreadPoolExecutor(6) as threads:
        resources = [replace(resource, path=path.format(n), build=build) for n in range(6)]
        made = list(threads.map(cache.get, resources))

    assert most == limit
    assert all(made)
