"""Same state, same bytes: nothing that is published depends on when and where it is made."""

import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine

from aggregator.demo.sample_feeds import Item
from aggregator.model import ALL, ListScope, Placement, PlacementChange
from aggregator.site import FeedParams, PublicSite
from aggregator.store import open_store
from tests.harness.builders import NOW
from tests.harness.newsroom import Newsroom, article


@pytest.fixture
def room(newsroom: Newsroom) -> Newsroom:
    """Two outlets, one of which republishes the other, a topic, an archive, a takedown."""
    newsroom.lists("harbor", show='"full"')
    newsroom.lists("plains")
    newsroom.has_topic("labor", "strike")
    newsroom.publishes_at_most(5)
    text = "The dock workers went back to work after nine weeks, their union says. " * 3
    newsroom.publishes("harbor", *(article(f"Strike {n}", f"{n} {text}") for n in range(12)))
    newsroom.publishes("plains", article("Strike 3 again", f"3 {text}"))
    newsroom.ingests()
    newsroom.store.lists.archive(5, newsroom.now)
    newsroom.store.stories.take_down(
        newsroom.store.lists.latest(ALL, 9)[0].id, "asked", newsroom.now
    )
    return newsroom


def _hashes(site: PublicSite) -> dict[str, str]:
    """Path -> hash of what is published there."""
    hashes = {}
    for path in site.paths():
        resource = site.find(path)
        document = resource.build() if resource else None
        assert document is not None, path
        hashes[path] = hashlib.sha256(document.body).hexdigest()
    return hashes


def test_after_a_restart_a_vacuum_and_years(room: Newsroom) -> None:
    """Every page and feed is byte for byte what it was, and so is its ETag."""
    before = _hashes(room.site)
    assert len(before) > 60
    etags = [room.get(path).headers["ETag"] for path in ("/all.atom", "/topics/labor.json")]
    room.restarts()
    with closing(sqlite3.connect(room.config.database)) as db:
        db.create_function("folded", 1, str)  # the index of words is made with it
        db.execute("vacuum")

    with time_machine.travel(NOW + timedelta(days=2000), tick=False):
        store = open_store(room.config.database)
        after = _hashes(PublicSite(room.config, store))
        store.close()

    assert after == before
    assert [room.get(p).headers["ETag"] for p in ("/all.atom", "/topics/labor.json")] == etags


Snapshot = dict[str, tuple[tuple[ListScope, ...], int, str]]
"""Path -> scopes, revision and hash of what is published there."""


def _snapshot(room: Newsroom) -> Snapshot:
    snapshot = {}
    site = room.site
    more = [
        ("/topics/courts+labor.atom", FeedParams()),
        ("/all.atom", FeedParams(excluded_sources=("plains",))),
    ]
    for path, params in [*((path, FeedParams()) for path in site.paths()), *more]:
        resource = site.find(path, params)
        document = resource.build() if resource else None
        assert resource is not None
        number = room.store.lists.revision(*resource.scopes).number
        hash_ = hashlib.sha256(document.body).hexdigest() if document else ""
        snapshot[resource.path] = resource.scopes, number, hash_
    return snapshot


TEXT = "The dock workers went back to work after nine weeks, their union says. " * 3
OLD = [
    article(f"Strike {n}", f"{n} {TEXT}", published=NOW - timedelta(days=9 - n // 2))
    for n in range(12)
]


def _recategorize(room: Newsroom) -> None:
    """The oldest story comes into a topic by hand."""
    story = room.store.lists.latest(ALL, 99)[-1]
    placements = room.store.topics.placements_of(story.lead.entry_id, ["courts"])
    assert placements is not None
    change = PlacementChange(
        story_number=placements.story_number,
        topic="courts",
        placement=Placement(topic="courts", reason="by hand"),
    )
    room.store.topics.recategorize([change], (), room.now)


def _acts(room: Newsroom) -> list[Callable[[], object]]:
    """Everything that can happen to stories, in an order in which it can."""

    def id_of(title: str) -> str:
        return next(s.id for s in room.store.lists.latest(ALL, 99) if s.lead.title == title)

    def ingest(outlet: str, *items: Item) -> Callable[[], object]:
        def act() -> object:
            room.publishes(outlet, *items)
            return room.ingests(outlet, later=timedelta(hours=7))

        return act

    def archive() -> object:
        return room.store.lists.archive(3, room.now)

    return [
        archive,
        ingest("harbor", article("Strike news")),
        ingest("plains", article("Verdict on a strike")),
        ingest("harbor", article("Strike 0, corrected", f"0 {TEXT}", link=OLD[0].link)),
        ingest("plains", article("Strike 5 again", f"5 {TEXT}", published=OLD[5].published)),
        archive,
        lambda: room.store.stories.take_down(id_of("Strike 3"), "asked", room.now),
        ingest("harbor", article("Strike 3", f"3 {TEXT}", id_="again", link="https://h.example/3")),
        lambda: _recategorize(room),
        lambda: room.store.stories.restore(room.store.stories.takedowns()[0].id, room.now),
        ingest("harbor", *(article(f"Verdict {n}") for n in range(7))),
        archive,
        lambda: room.store.stories.take_down(id_of("Strike 1"), "asked", room.now),
        lambda: room.store.stories.purge(timedelta(days=8), room.now),
        archive,
        lambda: room.store.sources.sync(
            [replace(s, name=f"{s.name}!") for s in room.config.all_sources], room.now
        ),
    ]


def test_what_changes_says_so(newsroom: Newsroom) -> None:
    """Whatever happens to stories, no document changes without a revision of its own: else readers
    would be told 304, and caches and exports keep what is no more."""
    room = newsroom
    for outlet in ("harbor", "plains"):
        room.lists(outlet, show='"full"')
    room.has_topic("labor", "strike")
    room.has_topic("courts", "verdict")
    room.publishes_at_most(3)
    room.publishes("harbor", *OLD)
    room.ingests()

    before = _snapshot(room)
    for number, act in enumerate(_acts(room)):
        act()
        now = _snapshot(room)
        silent = [
            path
            for path, (scopes, revision, digest) in now.items()
            if path in before
            and before[path][:2] == (scopes, revision)
            and before[path][2] != digest
        ]
        assert silent == [], (number, silent)
        before = now
