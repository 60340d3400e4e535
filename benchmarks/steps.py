"""How long each step of the pipeline takes per entry, in one process."""

import pickle
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from aggregator.ingest.categorize.rules import TopicRules
from aggregator.ingest.changeset import build_batch, place, regrouped_stories
from aggregator.ingest.dedupe import ClusterSettings
from aggregator.ingest.match.keys import assign_keys
from aggregator.ingest.match.matcher import match_entries
from aggregator.ingest.parse.parser import parse
from aggregator.ingest.pipeline import find_duplicates
from aggregator.ingest.worker_tasks import clean_entries
from aggregator.model import (
    Entry,
    Fetched,
    FetchState,
    ParsedFeed,
    Source,
    Topic,
    Validators,
)
from aggregator.store import open_store
from benchmarks.feeds import make_feed
from benchmarks.inline import AUTHORITY, new_entries

__all__ = ["table"]

FEEDS, ENTRIES = 40, 50
NOW = datetime(2026, 10, 2, tzinfo=UTC)
T = TypeVar("T")


def table(rules: tuple[str, ...]) -> str:
    """Measure the production code on rich feeds; return microseconds per entry as a table."""
    costs: dict[str, float] = {}
    topics = [Topic(id=f"t{n}", title="T", match=rule) for n, rule in enumerate(rules)]
    topic_rules = TopicRules(topics)
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(open_store(Path(folder) / "news.db")) as store,
    ):
        sources = {source.id: source for source in map(_source, range(FEEDS))}
        store.sources.sync(list(sources.values()), NOW)
        settings = ClusterSettings(sources=sources, authority=AUTHORITY, now=NOW)
        for number, source in enumerate(sources.values()):
            fetched = _fetched(make_feed(number, ENTRIES, "rich"))
            with _timer(costs, "parse"):
                parsed = parse(fetched)
            assert isinstance(parsed, ParsedFeed)
            with _timer(costs, "match"):
                result = match_entries(assign_keys(parsed.entries), {})
            with _timer(costs, "move between processes"):
                new = _move(_move(result.new))
            with _timer(costs, "clean"):
                cleaned = clean_entries(new, source, NOW, own_sites=())
            with _timer(costs, "move between processes"):
                entries = [entry for entry in _move(cleaned) if isinstance(entry, Entry)]
            ids = store.entries.next_ids(len(entries))
            with _timer(costs, "dedupe"):
                changes = new_entries(
                    [replace(entry, entry_id=id_) for entry, id_ in zip(entries, ids, strict=True)]
                )
                clusters = find_duplicates(store, settings, changes, is_first_import=True)
            with _timer(costs, "categorize"):
                regrouped = regrouped_stories(clusters, NOW, at_own_date=True)
                placed = place(regrouped, topic_rules, sources, ())
            with _timer(costs, "save"):
                batch = build_batch(source, FetchState(), changes, clusters, placed, ())
                store.entries.save(batch, NOW)
    total = sum(costs.values())
    rows = "\n".join(
        f"| {step} | {cost / (FEEDS * ENTRIES) * 1e6:.0f} | {100 * cost / total:.0f} % |"
        for step, cost in costs.items()
    )
    return f"| step | µs per entry | share |\n|---|---|---|\n{rows}\n"


@contextmanager
def _timer(costs: dict[str, float], step: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    costs[step] = costs.get(step, 0.0) + time.perf_counter() - began


def _move(value: T) -> T:
    """Return an object as another process receives it."""
    moved: T = pickle.loads(pickle.dumps(value))
    return moved


def _source(number: int) -> Source:
    site = f"https://outlet-{number}.example/"
    return Source(id=f"outlet-{number}", name="Outlet", feed=f"{site}feed", site=site)


def _fetched(body: bytes) -> Fetched:
    return Fetched(
        url="https://outlet.example/feed",
        status=200,
        content_type="application/rss+xml",
        body=body,
        validators=Validators(),
    )
