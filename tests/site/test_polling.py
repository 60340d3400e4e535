"""Polling is cheap: validators, and what an unchanged feed costs."""

from typing import Any

import pytest

from aggregator.model import ListScope, Revision, topic_scope
from aggregator.site_app import create_wsgi_app
from aggregator.store import Store
from aggregator.store.base import ListStore
from tests.harness.newsroom import Newsroom


def test_joined_topics_have_no_last_modified(docks: Newsroom) -> None:
    """Only the ETag is reliable, since one topic may change before the date of another."""
    answer = docks.get("/topics/courts+labor.atom")
    assert "Last-Modified" not in answer.headers
    ahead = "Wed, 01 Jan 2031 00:00:00 GMT"

    assert docks.get("/topics/courts+labor.atom", If_Modified_Since=ahead).status_code == 200
    assert docks.get("/topics/labor.atom", If_Modified_Since=ahead).status_code == 304


DATE_HEADERS = [
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Mon, 01 Jan 2024 00:00:00 +99999999999999999",
    "yesterday",
    "Mon, 01 Jan 0001 00:00:00 GMT",
    "x" * 50_000,
]


@pytest.mark.parametrize("date", DATE_HEADERS, ids=[date[:30] for date in DATE_HEADERS])
def test_only_a_valid_date_leads_to_a_304(docks: Newsroom, date: str) -> None:
    """An invalid If-Modified-Since is ignored, cached or not (RFC 9110, 13.1.3)."""
    for path in ("/all.atom", "/all.atom", "/topics/labor.rss"):
        answer = docks.get(path, If_Modified_Since=date)
        assert answer.status_code == (304 if date.startswith("Fri") else 200)


class _WatchedLists:
    """The lists of a store.

    `revisions` are the scopes whose revision was read. If `may_read` is false, nothing else can be
    read.
    """

    def __init__(self, lists: ListStore) -> None:
        self.revisions: list[tuple[ListScope, ...]] = []
        self.may_read = True
        self._lists = lists

    def revision(self, *scopes: ListScope) -> Revision:
        self.revisions.append(scopes)
        return self._lists.revision(*scopes)

    def __getattr__(self, name: str) -> Any:
        assert self.may_read, f"lists.{name} is read"
        return getattr(self._lists, name)


class _WatchedStore:
    """A store that records which revisions are read."""

    def __init__(self, store: Store) -> None:
        self.lists = _WatchedLists(store.lists)
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def test_polling_an_unchanged_topic_reads_one_revision(docks: Newsroom) -> None:
    """No story is read and no feed is rendered."""
    store: Any = _WatchedStore(docks.store)
    reader = create_wsgi_app(docks.config, store).test_client()
    path = "/topics/labor.atom?limit=2"
    etag = reader.get(path).headers["ETag"]
    store.lists.revisions.clear()
    store.lists.may_read = False

    answer = reader.get(path, headers={"If-None-Match": etag})

    assert answer.status_code == 304
    assert store.lists.revisions == [(topic_scope("labor"),)]
