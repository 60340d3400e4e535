"""Time to build a page, and how it grows with the archive.

    made-up stories, saved in bulk --site--> one page after the other, never from a cache

The same pages of a small archive and of a large one, in one run; the ratio shows what a longer
archive costs.
"""

import random
import statistics
import tempfile
import time
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from aggregator.calendar import advance
from aggregator.config import parse_config
from aggregator.model import (
    ALL,
    Batch,
    Entry,
    EntryKey,
    EntryKeyKind,
    FetchState,
    Outcome,
    PictureResult,
    Placement,
    SafeHtml,
    Story,
    StoryChange,
    ThumbnailFiles,
)
from aggregator.site import PublicSite
from aggregator.store import Store, open_store
from benchmarks.feeds import NEWEST, WORDS

__all__ = ["fill", "report"]

SIZES = (10_000, 1_000_000)
BATCH_STORIES = 5_000
OUTLETS = 40
PAUSE = timedelta(minutes=6)
"""Between two stories: 240 a day, as of sixty outlets."""
VOCABULARY = 15_000
REPEATS = 21
PICTURED = 2_000
"""Newest stories that have a picture."""

CONFIG = """
[site]
title = "The Commons"
url = "https://commons.example"
[defaults]
images = "own"
""" + "".join(
    f'[[topic]]\nid = "{name}"\ntitle = "{name.title()}"\nmatch = "{name}"\n'
    for name in ("world", *(f"topic{number}" for number in range(11)))
)
SOURCE = """[[source]]
id = "o{0}"
name = "Outlet {0}"
feed = "https://o{0}.example/feed"
site = "https://o{0}.example/"
"""


def report() -> str:
    """Measure and return the section in Markdown."""
    small, large = (_measure(size) for size in SIZES)
    rows = "".join(
        f"| {name} | {small[name]:.1f} ms | {cost:.1f} ms | {cost / small[name]:.2f} "
        f"| {cost / large['newest stories of a topic']:.2f} |\n"
        for name, cost in large.items()
    )
    return (
        "## Pages\n\n"
        "One page, built from scratch: read from the database and rendered, without cache and "
        f"compression; the median of {REPEATS}.\n"
        "The topic has every story of the archive, and the newest stories have pictures.\n\n"
        f"| page | {SIZES[0]:,} stories | {SIZES[1]:,} stories | ratio "
        "| ratio to the topic's newest |\n"
        f"|---|---|---|---|---|\n{rows}"
    )


def _measure(size: int) -> dict[str, float]:
    """Milliseconds that each kind of page takes."""
    with tempfile.TemporaryDirectory() as folder:
        text = CONFIG + "".join(SOURCE.format(number) for number in range(OUTLETS))
        config = parse_config(text, Path(folder) / "feeds.toml", {})
        with closing(open_store(Path(folder) / "news.db")) as store:
            store.sources.sync(config.all_sources, NEWEST)
            fill(store, size)
            store.lists.close_older_pages(config.site.per_page, {}, NEWEST)
            advance(config, store, NEWEST)
            site = PublicSite(config, store)
            newest = site.catalog.older_pages(site.catalog.find("/topics/world")).newest  # type: ignore[arg-type]  # it exists
            story = store.lists.latest(ALL, 1)[0]
            pages = {
                "newest stories of a topic": "/topics/world",
                "its page 1": "/topics/world/older/1",
                "its page 500": "/topics/world/older/500",
                "its newest page of older stories": f"/topics/world/older/{newest}",
                "home": "/",
                "a story": f"/stories/{story.id}",
                "an outlet": "/sources/o1",
                "card of a story": f"/stories/{story.id}.png",
            }
            return {name: _cost(site, path) for name, path in pages.items()}


def _cost(site: PublicSite, path: str) -> float:
    costs = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        resource = site.find(path)
        assert resource is not None
        document = resource.build()
        costs.append(1000 * (time.perf_counter() - began))
        assert document is not None
        assert document.status == 200
    return statistics.median(costs)


# ---- the archive


def fill(store: Store, size: int, newest: datetime = NEWEST) -> None:
    """Save so many stories, all in one topic, and each in another one, too; the last one was
    published before `newest`."""
    rng = random.Random(5)
    for start in range(0, size, BATCH_STORIES):
        numbers = range(start, start + BATCH_STORIES)
        outlet = f"o{start // BATCH_STORIES % OUTLETS}"
        changes = [
            _change(rng, number, newest - (size - number) * PAUSE, size, outlet)
            for number in numbers
        ]
        entries = [change.story.lead for change in changes]
        batch = Batch(
            source=outlet,
            state=FetchState(last_success=newest),
            outcome=Outcome.CHANGED,
            new=tuple(changes),
            new_entry_ids=frozenset(entry.entry_id for entry in entries),
            pictures={entry.entry_id: (entry.image,) for entry in entries if entry.image},
        )
        store.entries.save(batch, newest)
        store.pictures.save([_result(entry) for entry in entries if entry.image], newest)


def _change(
    rng: random.Random, number: int, published: datetime, size: int, outlet: str
) -> StoryChange:
    link = f"https://{outlet}.example/{number}"
    entry = Entry(
        source=outlet, keys=(EntryKey(EntryKeyKind.ID, str(number)),), id=link, url=link,
        canonical_url=link, title=_words(rng, 9).capitalize(), summary=f"{_words(rng, 50)}.",
        content=SafeHtml(""), author="Staff", published=published, updated=published, tags=(),
        language="en", image=f"{link}.jpg" if number >= size - PICTURED else "", enclosures=(),
        raw_hash=link, content_hash=link, feed_index=0, entry_id=number + 1,
    )  # fmt: skip
    story = Story(
        id=f"{number:016x}", public_id=link, lead=entry, published=published, updated=published,
        listed_at=published, first_seen_at=published,
    )  # fmt: skip
    topics = ("world", f"topic{number % 11}")
    placements = tuple(Placement(topic=topic, reason=f"rule {topic}") for topic in topics)
    return StoryChange(story=story, listed_at=published, placements=placements)


def _result(entry: Entry) -> PictureResult:
    files = ThumbnailFiles(small=bytes(9_000), large=bytes(60_000), width=960, height=640)
    return PictureResult(url=entry.image, files=files)


def _words(rng: random.Random, count: int) -> str:
    """Words of a large vocabulary, of which few are frequent, as in any language (Zipf's law)."""
    return " ".join(_word(int(VOCABULARY ** rng.random())) for _ in range(count))


def _word(rank: int) -> str:
    first, second = divmod(rank, len(WORDS))
    return WORDS[second] if not first else f"{WORDS[first % len(WORDS)]}{WORDS[second]}"
