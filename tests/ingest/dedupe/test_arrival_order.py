"""The order in which duplicates arrive changes nothing, and no story ever changes its id."""

import contextlib
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given as cases
from hypothesis import settings
from hypothesis import strategies as st

from aggregator.ingest.changeset import regrouped_stories
from aggregator.ingest.dedupe import (
    ClusterSettings,
    LookupResult,
    build_lookup,
    choose_candidates,
    cluster,
    count_shared,
)
from aggregator.model import ALL, Batch, Entry, FetchState, Outcome
from aggregator.store import Store, open_store
from tests.harness.builders import NOW, article, prose, source

pytestmark = pytest.mark.slow

OUTLETS = {id_: source(id_) for id_ in ("harbor", "commons", "plains")}


def _part(seed: int, begin: int, length: int) -> str:
    """Words of an article; parts that begin one step apart are similar, two steps apart are not."""
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
_entry_lists = st.lists(_articles, max_size=9, unique_by=lambda entry: (entry.source, entry.id))


@cases(_entry_lists, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_any_order_gives_the_same_stories(entries: list[Entry], random: object) -> None:
    """The stories are the same in any order, and each keeps the id that readers saw first."""
    shuffled = list(entries)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert _stories(entries) == _stories(shuffled)


def _stories(entries: Sequence[Entry]) -> set[frozenset[str]]:
    """Ingest entries one by one; returns the stories as sets of entry ids."""
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.closing(open_store(Path(folder) / "news.db")) as store,
    ):
        store.sources.sync(list(OUTLETS.values()), NOW)
        seen: dict[str, str] = {}
        before: set[str] = set()
        for entry in entries:
            _ingest(store, entry)
            seen = _checked_ids(store, seen, before)
            before = {story.id for story in store.lists.latest(ALL, 100)}
        stories = store.lists.latest(ALL, 100)
        assert {issue.check for issue in store.maintenance.check(NOW)} <= {"counts"}
        return {frozenset(entry.id for entry in story.entries) for story in stories}


def _ingest(store: Store, entry: Entry) -> None:
    """Save an entry as the pipeline does, without topics."""
    entries = [replace(entry, entry_id=store.entries.next_ids(1)[0])]
    settings = ClusterSettings(sources=OUTLETS, authority="commons.example", now=NOW)
    lookup = build_lookup(entries)
    stored = LookupResult(
        ids_by_url=store.entries.ids_by_url(lookup.urls),
        ids_by_fingerprint=store.entries.ids_by_fingerprint(lookup.fingerprints),
    )
    shared = count_shared(entries, lookup, stored)
    source_of = store.entries.source_ids({id_ for ids in shared.values() for id_ in ids})
    candidates = choose_candidates(entries, shared, source_of)
    ids = {id_ for some in candidates.values() for id_ in some}
    neighbourhood = store.entries.neighbourhood(ids)
    known = (entry for story in neighbourhood.stories for entry in story.entries)
    given_ids = {entry.id for entry in (*entries, *known)}
    clusters = cluster(
        entries,
        neighbourhood,
        settings,
        candidates=candidates,
        existing_public_ids=store.stories.existing_public_ids(given_ids),
    )
    batch = Batch(
        source=entry.source,
        state=FetchState(),
        outcome=Outcome.CHANGED,
        new=tuple(regrouped_stories(clusters, NOW)),
        new_entry_ids=frozenset({entries[0].entry_id}),
        matches=clusters.matches,
    )
    store.entries.save(batch, NOW)


def _checked_ids(store: Store, seen: dict[str, str], before: set[str]) -> dict[str, str]:
    """Story id -> public id, the oldest first, after checking that no public id has changed.

    A story that was there `before` and is gone must have been merged into an older one.
    """
    now = {story.id: story.public_id for story in store.lists.latest(ALL, 100)}
    assert all(now[id_] == public_id for id_, public_id in seen.items() if id_ in now)
    age = list(seen)
    for gone in before - now.keys():
        assert age.index(store.stories.merged_into(gone)) < age.index(gone)
    return seen | now
