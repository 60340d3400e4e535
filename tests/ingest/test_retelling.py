"""The order in which copies arrive changes nothing, and no story ever changes its id."""

import contextlib
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given as cases
from hypothesis import settings
from hypothesis import strategies as st

from aggregator.ingest.retelling import Desk, filed, tell
from aggregator.model import Batch, Entry, FetchState, Outcome
from aggregator.store import Store, open_store
from tests.harness.builders import NOW, article, prose, source

pytestmark = pytest.mark.slow

OUTLETS = {id_: source(id_) for id_ in ("harbor", "commons", "plains")}


def _part(seed: int, begin: int, length: int) -> str:
    """Words of an article; parts that begin one step apart are alike, two steps apart are not."""
    return " ".join(prose(seed, 240).split()[30 * begin : 30 * begin + length])


_articles = st.builds(
    lambda outlet, seed, begin, length, number, age: article(
        f"{number} cranes stand still",
        outlet,
        _part(seed, begin, length),
        published=NOW - timedelta(days=age),
    ),
    st.sampled_from(sorted(OUTLETS)),
    st.integers(0, 1),
    st.integers(0, 4),
    st.sampled_from([45, 75, 80, 90]),
    st.sampled_from(["Few", "Some", "Many", "Most", "All", "No", "Old", "New"]),
    st.sampled_from([0, 1, 13]),
)
_some = st.lists(_articles, max_size=9, unique_by=lambda entry: (entry.source, entry.id))


@cases(_some, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_any_order(entries: list[Entry], random: object) -> None:
    """The same stories come of it, and each goes on under the id that readers saw first."""
    shuffled = list(entries)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert _told(entries) == _told(shuffled)


def _told(entries: Sequence[Entry]) -> set[frozenset[str]]:
    """The stories of entries that arrive one by one, as sets of their ids."""
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.closing(open_store(Path(folder) / "news.db")) as store,
    ):
        store.sync(list(OUTLETS.values()), NOW)
        seen: dict[str, str] = {}
        told: set[str] = set()
        for entry in entries:
            _take_in(store, entry)
            seen = _ids_seen(store, seen, told)
            told = {story.id for story in store.latest("all", 100)}
        stories = store.latest("all", 100)
        assert {found.check for found in store.examine(NOW)} <= {"books"}
        return {frozenset(entry.id for entry in story.entries) for story in stories}


def _take_in(store: Store, entry: Entry) -> None:
    desk = Desk(sources=OUTLETS, store=store, now=NOW, authority="commons.example")
    told = tell(desk, [entry])
    batch = Batch(
        source=entry.source, state=FetchState(), outcome=Outcome.CHANGED,
        new=filed(desk, told), matches=told.matches,
    )  # fmt: skip
    store.save(batch, NOW)


def _ids_seen(store: Store, before: dict[str, str], told: set[str]) -> dict[str, str]:
    """Story id -> public id, the first told first; what was published once never changes. Of
    the stories that were `told` just now, one that is gone goes on as an older one."""
    now = {story.id: story.public_id for story in store.latest("all", 100)}
    assert all(now[id_] == public for id_, public in before.items() if id_ in now)
    age = list(before)
    for gone in told - now.keys():
        assert age.index(store.heir(gone)) < age.index(gone)
    return before | now
