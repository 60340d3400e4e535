"""Equal state gives equal bytes, whenever and wherever they are made."""

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
def published(newsroom: Newsroom) -> Newsroom:
    """A newsroom with a republishing outlet, a topic, an archive and a takedown."""
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
    """Path -> hash of the document there."""
    hashes = {}
    for path in site.paths():
        resource = site.find(path)
        document = resource.build() if resource else None
        assert document is not None, path
        hashes[path] = hashlib.sha256(document.body).hexdigest()
    return hashes


def test_documents_outlive_a_restart_a_vacuum_and_years(published: Newsroom) -> None:
    """Every page and feed has the same bytes and the same ETag as before."""
    before = _hashes(published.site)
    assert len(before) > 60
    etags = [published.get(path).headers["ETag"] for path in ("/all.atom", "/topics/labor.json")]
    published.restarts()
    with closing(sqlite3.connect(published.config.database)) as db:
        db.create_function("index_text", 1, str)  # used by the full-text index
        db.execute("vacuum")

    with time_machine.travel(NOW + timedelta(days=2000), tick=False):
        store = open_store(published.config.database)
        after = _hashes(PublicSite(published.config, store))
        store.close()

    assert after == before
    assert [published.get(p).headers["ETag"] for p in ("/all.atom", "/topics/labor.json")] == etags


Snapshot = dict[str, tuple[tuple[ListScope, ...], int, str]]
"""Path -> scopes, revision and hash of the document there."""


def _snapshot(newsroom: Newsroom) -> Snapshot:
    snapshot = {}
    site = newsroom.site
    more = [
        ("/topics/courts+labor.atom", FeedParams()),
        ("/all.atom", FeedParams(excluded_sources=("plains",))),
    ]
    for path, params in [*((path, FeedParams()) for path in site.paths()), *more]:
        resource = site.find(path, params)
        document = resource.build() if resource else None
        assert resource is not None
        number = newsroom.store.lists.revision(*resource.scopes).number
        hash_ = hashlib.sha256(document.body).hexdigest() if document else ""
        snapshot[resource.path] = resource.scopes, number, hash_
    return snapshot


TEXT = "The dock workers went back to work after nine weeks, their union says. " * 3
OLD_ARTICLES = [
    article(f"Strike {n}", f"{n} {TEXT}", published=NOW - timedelta(days=9 - n // 2))
    for n in range(12)
]


def _recategorize(newsroom: Newsroom) -> None:
    """Place the oldest story in a topic by hand."""
    story = newsroom.store.lists.latest(ALL, 99)[-1]
    placements = newsroom.store.topics.placements_of(story.lead.entry_id, ["courts"])
    assert placements is not None
    change = PlacementChange(
        story_number=placements.story_number,
        topic="courts",
        placement=Placement(topic="courts", reason="by hand"),
    )
    newsroom.store.topics.recategorize([change], (), newsroom.now)


def _changes(newsroom: Newsroom) -> list[Callable[[], object]]:
    """Everything that can happen to stories, in a possible order."""

    def entry_id(title: str) -> str:
        return next(s.id for s in newsroom.store.lists.latest(ALL, 99) if s.lead.title == title)

    def ingest(outlet: str, *items: Item) -> Callable[[], object]:
        def act() -> object:
            newsroom.publishes(outlet, *items)
            return newsroom.ingests(outlet, later=timedelta(hours=7))

        return act

    def archive() -> object:
        return newsroom.store.lists.archive(3, newsroom.now)

    return [
        archive,
        ingest("harbor", article("Strike news")),
        ingest("plains", article("Verdict on a strike")),
        ingest("harbor", article("Strike 0, corrected", f"0 {TEXT}", link=OLD_ARTICLES[0].link)),
        ingest(
            "plains", article("Strike 5 again", f"5 {TEXT}", published=OLD_ARTICLES[5].published)
        ),
        archive,
        lambda: newsroom.store.stories.take_down(entry_id("Strike 3"), "asked", newsroom.now),
        ingest("harbor", article("Strike 3", f"3 {TEXT}", id_="again", link="https://h.example/3")),
        lambda: _recategorize(newsroom),
        lambda: newsroom.store.stories.restore(
            newsroom.store.stories.takedowns()[0].id, newsroom.now
        ),
        ingest("harbor", *(article(f"Verdict {n}") for n in range(7))),
        archive,
        lambda: newsroom.store.stories.take_down(entry_id("Strike 1"), "asked", newsroom.now),
        lambda: newsroom.store.stories.purge(timedelta(days=8), newsroom.now),
        archive,
        lambda: newsroom.store.sources.sync(
            [replace(s, name=f"{s.name}!") for s in newsroom.config.all_sources], newsroom.now
        ),
    ]


def test_every_changed_document_has_a_new_revision(newsroom: Newsroom) -> None:
    """Without a new revision, readers would get 304 and caches would keep old documents."""
    for outlet in ("harbor", "plains"):
        newsroom.lists(outlet, show='"full"')
    newsroom.has_topic("labor", "strike")
    newsroom.has_topic("courts", "verdict")
    newsroom.publishes_at_most(3)
    newsroom.publishes("harbor", *OLD_ARTICLES)
    newsroom.ingests()

    before = _snapshot(newsroom)
    for number, act in enumerate(_changes(newsroom)):
        act()
        now = _snapshot(newsroom)
        silent = [
            path
            for path, (scopes, revision, digest) in now.items()
            if path in before
            and before[path][:2] == (scopes, revision)
            and before[path][2] != digest
        ]
        assert silent == [], (number, silent)
        before = now
