"""Outlets that move, rename and redate, as a subscriber of ours sees it: real feeds of
shared/data/replay, changed from their middle on the way outlets change them.

REPLAY=full plays every snapshot; otherwise a series is thinned to some twenty.
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

STEPS = 10_000 if os.environ.get("REPLAY") == "full" else 20

Mutation = Callable[[bytes, datetime], bytes]
_GUID = re.compile(rb"(<guid[^>]*>)(.*?)(</guid>)", re.DOTALL)
_DATE = re.compile(rb"<(pubDate|dc:date|a10:updated)>.*?</\1>", re.DOTALL)
_ITEM = re.compile(rb"<item[ >].*?</item>", re.DOTALL)


def _in_items(change: Callable[[bytes], bytes], body: bytes) -> bytes:
    return _ITEM.sub(lambda item: change(item[0]), body)


def _other_scheme(body: bytes, _: datetime) -> bytes:
    """http becomes https in ids and links, or the other way round."""

    def swap(item: bytes) -> bytes:
        item = item.replace(b"http://", b"\0").replace(b"https://", b"http://")
        return item.replace(b"\0", b"https://")

    return _in_items(swap, body)


def _other_host(body: bytes, _: datetime) -> bytes:
    """The outlet moves to another domain, with its paths."""
    return _in_items(lambda item: re.sub(rb"(https?://)[^/<\s]+", rb"\1moved.example", item), body)


def _other_ids(body: bytes, _: datetime) -> bytes:
    """Another system, other ids: all of them."""

    def rename(guid: re.Match[bytes]) -> bytes:
        name = hashlib.md5(guid[2]).hexdigest().encode()
        return re.sub(rb'"true"', b'"false"', guid[1]) + name + guid[3]

    return _in_items(lambda item: _GUID.sub(rename, item), body)


def _without_dates(body: bytes, _: datetime) -> bytes:
    """Dates disappear."""
    return _in_items(lambda item: _DATE.sub(b"", item), body)


def _bumped(body: bytes, now: datetime) -> bytes:
    """Every article is of this minute, at every fetch."""
    date = b"<pubDate>" + format_datetime(now).encode() + b"</pubDate>"
    return _in_items(lambda item: _DATE.sub(date, item), body)


def _new_system(body: bytes, now: datetime) -> bytes:
    """Other ids on another domain without dates: all at once."""
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
    thinned = files[:: max(1, len(files) // STEPS)]
    return [
        (datetime.strptime(f.stem, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC), f.read_bytes())
        for f in thinned
    ]


@pytest.mark.parametrize("mutation", MUTATIONS)
@pytest.mark.parametrize("series", SERIES)
def test_what_a_subscriber_sees(
    newsroom: Newsroom, shared: Path, series: str, mutation: str
) -> None:
    """No article is shown twice, none is lost, and none is called updated for nothing."""
    newsroom.publishes_at_most(1000)
    newsroom.lists(series)
    subscriber = Subscriber()
    article_at: dict[str, str] = {}
    listed: set[str] = set()
    snapshots = _snapshots(shared, series)

    def look() -> None:
        subscriber.polls(json.loads(newsroom.get("/all.json").data)["items"], article_at)

    def play(body: bytes) -> None:
        if newsroom.store.lists.counts():
            look()
        newsroom.answers(series, body)

    days = []
    for step, (when, body) in enumerate(snapshots):
        change = MUTATIONS[mutation] if step >= len(snapshots) // 2 else MUTATIONS["as it was"]
        changed = change(body, when)
        for before, after in zip(_entries(body), _entries(changed), strict=True):
            article = _article(before)
            article_at |= {before.url: article, after.url: article}
            listed |= {article}
        days.append((when, functools.partial(play, changed)))
    newsroom.plays(days)
    look()

    lost = listed - set(subscriber.articles)
    assert subscriber.repeats == []
    assert lost == set()
    assert subscriber.bumps == []


def _article(entry: ParsedEntry) -> str:
    """Which article it is: by its address, since some outlets give one two ids."""
    return entry.url or entry.id
