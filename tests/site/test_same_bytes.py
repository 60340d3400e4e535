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
from aggregator.model import Placement, PlacementChange
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
    newsroom.store.archive(5, newsroom.now)
    newsroom.store.hide(newsroom.store.latest("all", 9)[0].id, "asked", newsroom.now)
    return newsroom


def _everything(edition: PublicSite) -> dict[str, str]:
    made = {}
    for path in edition.paths():
        place = edition.find(path)
        document = place.build() if place else None
        assert document is not None, path
        made[path] = hashlib.sha256(document.body).hexdigest()
    return made


def test_after_a_restart_a_vacuum_and_years(room: Newsroom) -> None:
    """Every page and feed is byte for byte what it was, and so is its ETag."""
    before = _everything(room.edition)
    assert len(before) > 60
    etags = [room.get(path).headers["ETag"] for path in ("/all.atom", "/topics/labor.json")]
    room.close()
    with closing(sqlite3.connect(room.config.database)) as db:
        db.create_function("folded", 1, str)  # the index of words is made with it
        db.execute("vacuum")

    with time_machine.travel(NOW + timedelta(days=2000), tick=False):
        store = open_store(room.config.database)
        after = _everything(PublicSite(room.config, store))
        store.close()

    assert after == before
    room._store = room._reader = None
    assert [room.get(p).headers["ETag"] for p in ("/all.atom", "/topics/labor.json")] == etags


Seen = dict[str, tuple[tuple[str, ...], int, str]]
"""Path -> scopes, revision and digest of what stands there."""


def _seen(room: Newsroom) -> Seen:
    seen = {}
    edition = room.edition
    asked = [
        ("/topics/courts+labor.atom", FeedParams()),
        ("/all.atom", FeedParams(excluded_sources=("plains",))),
    ]
    for path, what in [*((path, FeedParams()) for path in edition.paths()), *asked]:
        place = edition.find(path, what)
        document = place.build() if place else None
        assert place is not None
        number = room.store.revision(*place.scopes).number
        digest = hashlib.sha256(document.body).hexdigest() if document else ""
        seen[place.path] = place.scopes, number, digest
    return seen


def test_what_changes_says_so(newsroom: Newsroom) -> None:
    """Whatever happens to stories, no document changes without a revision of its own: else readers
    would be told 304, and caches and exports keep what is no more."""
    room = newsroom
    for outlet in ("harbor", "plains"):
        room.lists(outlet, show='"full"')
    room.has_topic("labor", "strike")
    room.has_topic("courts", "verdict")
    room.publishes_at_most(3)
    text = "The dock workers went back to work after nine weeks, their union says. " * 3
    old = [
        article(f"Strike {n}", f"{n} {text}", published=NOW - timedelta(days=9 - n // 2))
        for n in range(12)
    ]
    room.publishes("harbor", *old)
    room.ingests()

    def id_of(title: str) -> str:
        return next(s.id for s in room.store.latest("all", 99) if s.lead.title == title)

    def ingest(outlet: str, *items: Item) -> Callable[[], object]:
        def act() -> object:
            room.publishes(outlet, *items)
            return room.ingests(outlet, later=timedelta(hours=7))

        return act

    def archive() -> object:
        return room.store.archive(3, room.now)

    def refile() -> object:
        story = room.store.latest("all", 99)[-1]
        standing = room.store.standing_of(story.lead.entry_id, ["courts"])
        assert standing is not None
        placed = Placement(topic="courts", reason="by hand")
        filed = PlacementChange(
            story_number=standing.story_number, topic="courts", placement=placed
        )
        room.store.refile([filed], (), room.now)
        return filed

    acts: list[Callable[[], object]] = [
        archive,
        ingest("harbor", article("Strike news")),
        ingest("plains", article("Verdict on a strike")),
        ingest("harbor", article("Strike 0, corrected", f"0 {text}", link=old[0].link)),
        ingest("plains", article("Strike 5 again", f"5 {text}", published=old[5].published)),
        archive,
        lambda: room.store.hide(id_of("Strike 3"), "asked", room.now),
        ingest("harbor", article("Strike 3", f"3 {text}", id_="again", link="https://h.example/3")),
        refile,
        lambda: room.store.unhide(room.store.hidden()[0].id, room.now),
        ingest("harbor", *(article(f"Verdict {n}") for n in range(7))),
        archive,
        lambda: room.store.hide(id_of("Strike 1"), "asked", room.now),
        lambda: room.store.purge(timedelta(days=8), room.now),
        archive,
        lambda: room.store.sync(
            [replace(s, name=f"{s.name}!") for s in room.config.all_sources], room.now
        ),
    ]
    before = _seen(room)
    for number, act in enumerate(acts):
        act()
        now = _seen(room)
        silent = [
            path
            for path, (scopes, revision, digest) in now.items()
            if path in before
            and before[path][:2] == (scopes, revision)
            and before[path][2] != digest
        ]
        assert silent == [], (number, silent)
        before = now
