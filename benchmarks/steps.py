"""What each step of the line in costs per entry, in one process."""

import pickle
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from aggregator.ingest.categorize.rules import TopicRules, categorize
from aggregator.ingest.clean.cleaner import clean_all
from aggregator.ingest.documents import view_of_entry
from aggregator.ingest.match.keys import assign_keys
from aggregator.ingest.match.matcher import match_entries
from aggregator.ingest.parse.parser import parse
from aggregator.ingest.retelling import Desk, tell
from aggregator.model import (
    Batch,
    Entry,
    Fetched,
    FetchState,
    Outcome,
    ParsedFeed,
    Source,
    StoryChange,
    Topic,
    Validators,
)
from aggregator.store import open_store
from benchmarks.feeds import make_feed

__all__ = ["table"]

FEEDS, ENTRIES = 40, 50
NOW = datetime(2026, 10, 2, tzinfo=UTC)
T = TypeVar("T")


def table(rules: tuple[str, ...]) -> str:
    """A Markdown table of microseconds per entry, on rich feeds, the production code's."""
    costs: dict[str, float] = {}
    topics = [Topic(id=f"t{n}", title="T", match=rule) for n, rule in enumerate(rules)]
    rulebook = TopicRules(topics)
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder) / "news.db")
        sources = [_source(number) for number in range(FEEDS)]
        store.sync(sources, NOW)
        listed = {source.id: source for source in sources}
        desk = Desk(sources=listed, rulebook=rulebook, store=store, now=NOW, authority="x.example")
        for number, source in enumerate(sources):
            fetched = _fetched(make_feed(number, ENTRIES, "rich"))
            with _clock(costs, "parse (feedparser)"):
                parsed = parse(fetched)
            assert isinstance(parsed, ParsedFeed)
            with _clock(costs, "name, recognise"):
                found = match_entries(assign_keys(parsed.entries), {})
            with _clock(costs, "move between processes"):
                new = _moved(_moved(found.new))
            with _clock(costs, "clean"):
                cleaned = clean_all(new, source, NOW)
            with _clock(costs, "move between processes"):
                entries = [entry for entry in _moved(cleaned) if isinstance(entry, Entry)]
            with _clock(costs, "dedupe"):
                told = tell(desk, entries, is_first_import=True)
            with _clock(costs, "categorize"):
                placed = [
                    categorize([view_of_entry(e, source) for e in story.entries], rulebook, listed)
                    for story in told.stories
                ]
            with _clock(costs, "save"):
                filed = tuple(
                    StoryChange(story=story, listed_at=story.listed_at, placements=placements)
                    for story, placements in zip(told.stories, placed, strict=True)
                )
                state = FetchState()
                store.save(
                    Batch(source=source.id, state=state, outcome=Outcome.CHANGED, new=filed), NOW
                )
        store.close()
    total = sum(costs.values())
    rows = "\n".join(
        f"| {step} | {cost / (FEEDS * ENTRIES) * 1e6:.0f} | {100 * cost / total:.0f} % |"
        for step, cost in costs.items()
    )
    return f"| step | µs per entry | share |\n|---|---|---|\n{rows}\n"


@contextmanager
def _clock(costs: dict[str, float], step: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    costs[step] = costs.get(step, 0.0) + time.perf_counter() - began


def _moved(thing: T) -> T:
    """As it arrives in another process."""
    moved: T = pickle.loads(pickle.dumps(thing))
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
