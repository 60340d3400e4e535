"""Outlets that move, rename and redate, as a subscriber of ours sees them.

The real feeds of shared/data/replay are changed from their middle on, as outlets change them.
REPLAY=full plays every snapshot; otherwise each series is reduced to about twenty.
"""

import functools
import hashlib
import json
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import pytest

from aggregator.ingest.parse.parser import parse
from aggregator.model import Failed, ParsedEntry
from tests.harness.builders import fetched
from tests.harness.feed_subscriber import Subscriber
from tests.harness.newsroom import Newsroom
from tests.harness.shared_data import SERIES

pytestmark = pytest.mark.slow

MAX_SNAPSHOTS = 10_000 if os.environ.get("REPLAY") == "full" else 20

Mutation = Callable[[bytes, datetime], bytes]
_GUID = re.compile(rb"(<guid[^>]*>)(.*?)(</guid>)", re.DOTALL)
_DATE = re.compile(rb"<(pubDate|dc:date|a10:updated)>.*?</\1>", re.DOTALL)
_ITEM_ELEMENT = re.compile(rb"<item[ >].*?</item>", re.DOTALL)


def _in_items(change: Callable[[bytes], bytes], body: bytes) -> bytes:
    return _ITEM_ELEMENT.sub(lambda item: change(item[0]), body)


def _other_scheme(body: bytes, _: datetime) -> bytes:
    """Swap http and https in ids and links."""

    def swap(item: bytes) -> bytes:
        item = item.replace(b"http://", b"\0").replace(b"https://", b"http://")
        return item.replace(b"\0", b"https://")

    return _in_items(swap, body)


def _other_host(body: bytes, _: datetime) -> bytes:
    """Move the outlet to another domain, with the same paths."""
    return _in_items(lambda item: re.sub(rb"(https?://)[^/<\s]+", rb"\1moved.example", item), body)


def _other_ids(body: bytes, _: datetime) -> bytes:
    """Change all ids, as another content system does."""

    def rename(guid: re.Match[bytes]) -> bytes:
        name = hashlib.md5(guid[2]).hexdigest().encode()
        return re.sub(rb'"true"', b'"false"', guid[1]) + name + guid[3]

    return _in_items(lambda item: _GUID.sub(rename, item), body)


def _without_dates(body: bytes, _: datetime) -> bytes:
    """Remove all dates."""
    return _in_items(lambda item: _DATE.sub(b"", item), body)


def _bumped(body: bytes, now: datetime) -> bytes:
    """Give every article the current date at every fetch."""
    date = b"<pubDate>" + format_datetime(now).encode() + b"</pubDate>"
    return _in_items(lambda item: _DATE.sub(date, item), body)


def _new_system(body: bytes, now: datetime) -> bytes:
    """Change ids and domain and remove dates, all at once."""
    return _other_ids(_other_host(_without_dates(body, now), now), now)


MUTATIONS: dict[str, Mutation] = {
    "as it was": lambda body, _: body,
    "http and https": _other_scheme,
    "another host": _other_host,
    "other ids": _other_ids,
    "no dates": _without_dates,
    "dates bumped": _bumped,
    "a new system": _new_system,
}


def _entries(body: bytes) -> tuple[ParsedEntry, ...]:
    parsed = parse(fetched(body))
    return () if isinstance(parsed, Failed) else parsed.entries


def _snapshots(shared: Path, series: str) -> list[tuple[datetime, bytes]]:
    files = sorted((shared / "replay" / series).glob("*.xml"))
    selected = files[:: max(1, len(files) // MAX_SNAPSHOTS)]
    return [
        (datetime.strptime(f.stem, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC), f.read_bytes())
        for f in selected
    ]


@pytest.mark.parametrize("mutation", MUTATIONS)
@pytest.mark.parametrize("series", SERIES)
def test_a_subscriber_sees_every_article_once(
    newsroom: Newsroom, shared: Path, series: str, mutation: str
) -> None:
    """No article is repeated or lost, and none is updated without a change."""
    newsroom.publishes_at_most(1000)
    newsroom.lists(series)
    subscriber = Subscriber()
    article_at: dict[str, str] = {}
    listed: set[str] = set()
    snapshots = _snapshots(shared, series)

    def poll() -> None:
        subscriber.polls(json.loads(newsroom.get("/all.json").data)["items"], article_at)

    def publish(body: bytes) -> None:
        if newsroom.store.lists.counts():
            poll()
        newsroom.answers(series, body)

    days = []
    for step, (when, body) in enumerate(snapshots):
        change = MUTATIONS[mutation] if step >= len(snapshots) // 2 else MUTATIONS["as it was"]
        changed = change(body, when)
        for before, after in zip(_entries(body), _entries(changed), strict=True):
            article = _article(before)
            article_at |= {before.url: article, after.url: article}
            listed |= {article}
        days.append((when, functools.partial(publish, changed)))
    newsroom.plays(days)
    poll()

    lost = listed - set(subscriber.articles)
    assert subscriber.repeats == []
    assert lost == set()
    assert subscriber.bumps == []


def _article(entry: ParsedEntry) -> str:
    """The identity of an article: its URL, since some outlets give one article two ids."""
    return entry.url or entry.id
