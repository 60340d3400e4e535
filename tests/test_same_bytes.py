"""Same state, same bytes: nothing that is published depends on when and where it is made."""

import hashlib
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
import time_machine

from aggregator.edition import Edition
from aggregator.store import open_store
from tests.builders import NOW
from tests.partners import Newsroom, article


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


def _everything(edition: Edition) -> dict[str, str]:
    made = {}
    for path in edition.paths():
        place = edition.find(path)
        document = place.make() if place else None
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
        after = _everything(Edition(room.config, store))
        store.close()

    assert after == before
    room._store = room._reader = None
    assert [room.get(p).headers["ETag"] for p in ("/all.atom", "/topics/labor.json")] == etags
