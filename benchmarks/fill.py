"""A store of any size, filled as ingest would, without fetching and cleaning each entry.

    2,000 cleaned entries --other words, ids, dates, fingerprints--> find copies, place, save

Every row is written by the code that ingest runs; `aggregator doctor` finds nothing wrong.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import combinations, islice
from zlib import crc32

from aggregator.config import Config
from aggregator.ingest.categorize.rules import TopicRules
from aggregator.ingest.changeset import build_batch, place, regrouped_stories
from aggregator.ingest.dedupe import ClusterSettings
from aggregator.ingest.match.keys import assign_keys
from aggregator.ingest.parse.parser import parse
from aggregator.ingest.pipeline import find_duplicates
from aggregator.ingest.worker_tasks import clean_entries
from aggregator.model import (
    Entry,
    EntryKey,
    Fetched,
    FetchState,
    ParsedFeed,
    Source,
    Validators,
    shares,
)
from aggregator.store import Store
from benchmarks.feeds import WORDS, make_feed
from benchmarks.inline import AUTHORITY, new_entries

__all__ = ["INTERVAL", "config_text", "fill"]

TEMPLATES, ENTRIES_PER_BATCH = 40, 50
"""Feeds from which entries are made, and entries of each."""
BATCHES_PER_TRANSACTION = 20
BATCHES_PER_ARCHIVE = 400
INTERVAL = timedelta(minutes=3)
"""Between two stories: five hundred a day."""
BITS = 0x7FFF_FFFF_FFFF_FFFF


def config_text(urls: Sequence[str], sources: int, topics: int) -> str:
    """A feeds.toml with so many sources, the first of which have these feeds, and topics."""
    pairs = islice(combinations(WORDS, 2), 7, None, 5)
    rules = [
        f"title:({' AND '.join(pair[: 1 + n % 2])})"
        for n, pair in zip(range(topics), pairs, strict=False)
    ]
    topic_tables = "".join(
        f'[[topic]]\nid = "topic-{n}"\ntitle = "Topic {n}"\nmatch = \'{rule}\'\n'
        for n, rule in enumerate(rules)
    )
    others = (f"https://outlet-{n}.example/feed" for n in range(len(urls), sources))
    feeds = [*urls[:sources], *others]
    source_tables = "".join(
        f'[[source]]\nid = "outlet-{n}"\nname = "Outlet {n}"\nfeed = "{feed}"\n'
        f'site = "https://outlet-{n}.example/"\n'
        for n, feed in enumerate(feeds)
    )
    return (
        '[site]\ntitle = "Bench"\nurl = "https://bench.example"\n'
        f'[fetch]\nallow_private = ["127.0.0.0/8"]\nspacing = "0s"\n{topic_tables}{source_tables}'
    )


def fill(store: Store, config: Config, first: int, last: int, newest: datetime) -> None:
    """Save the stories number `first` to `last` of sources in turn; the one before `last` is
    published at `newest`."""
    sources = {source.id: source for source in config.all_sources}
    store.sources.sync(config.all_sources, newest)
    rules = TopicRules(config.topics)
    batches = _batches(list(sources.values()), first, last, newest)
    count = 0
    while some := list(islice(batches, BATCHES_PER_TRANSACTION)):
        with store.transaction():
            for source, entries in some:
                _save(store, rules, sources, source, entries)
        count += len(some)
        if count % BATCHES_PER_ARCHIVE == 0:
            _close_pages(store, config, max(entry.published for entry in some[-1][1]))
    _close_pages(store, config, newest)


def _close_pages(store: Store, config: Config, now: datetime) -> None:
    """What each run does at its end."""
    while store.maintenance.forget_fingerprints(now - timedelta(seconds=config.window), 1_000):
        pass
    store.lists.archive(config.publish.limit, now)
    store.lists.close_older_pages(config.site.per_page, shares(config.topics), now)


def _save(
    store: Store,
    rules: TopicRules,
    sources: dict[str, Source],
    source: Source,
    entries: Sequence[Entry],
) -> None:
    now = max(entry.published for entry in entries)
    ids = store.entries.next_ids(len(entries))
    numbered = [replace(entry, entry_id=id_) for entry, id_ in zip(entries, ids, strict=True)]
    changes = new_entries(numbered)
    settings = ClusterSettings(sources=sources, authority=AUTHORITY, now=now)
    clusters = find_duplicates(store, settings, changes, is_first_import=False)
    placed = place(regrouped_stories(clusters, now, at_own_date=True), rules, sources, ())
    state = FetchState(last_success=now)
    store.entries.save(build_batch(source, state, changes, clusters, placed, ()), now)


def _batches(
    sources: Sequence[Source], first: int, last: int, newest: datetime
) -> Iterator[tuple[Source, list[Entry]]]:
    templates = [entry for number in range(TEMPLATES) for entry in _templates(number, newest)]
    for start in range(first, last, ENTRIES_PER_BATCH):
        source = sources[start // ENTRIES_PER_BATCH % len(sources)]
        yield (
            source,
            [
                _variant(
                    templates[number % len(templates)],
                    source,
                    number,
                    newest - INTERVAL * (last - 1 - number),
                )
                for number in range(start, min(start + ENTRIES_PER_BATCH, last))
            ],
        )


def _templates(number: int, now: datetime) -> list[Entry]:
    site = f"https://template-{number}.example/"
    source = Source(id=f"template-{number}", name="Template", feed=f"{site}feed", site=site)
    fetched = Fetched(
        url=source.feed, status=200, content_type="application/xml",
        body=make_feed(number, ENTRIES_PER_BATCH, "rich"), validators=Validators(),
    )  # fmt: skip
    parsed = parse(fetched)
    assert isinstance(parsed, ParsedFeed)
    cleaned = clean_entries(assign_keys(parsed.entries), source, now, ())
    return [entry for entry in cleaned if isinstance(entry, Entry)]


def _variant(entry: Entry, source: Source, number: int, published: datetime) -> Entry:
    """The entry as another one of another source: with a word of its own, and fingerprints that no
    other has."""
    word = f"n{number}"
    address = f"outlet.example/{number}"
    shift = number * 0x9E37_79B9_7F4A_7C15
    return replace(
        entry,
        source=source.id,
        keys=tuple(EntryKey(key.kind, f"{key.value}-{number}") for key in entry.keys),
        id=f"{entry.id}-{number}",
        url=f"https://{address}",
        canonical_url=address,
        title=f"{entry.title} {word}",
        published=published,
        updated=published,
        raw_hash=f"{number:024x}"[::-1],
        content_hash=f"{number:024x}",
        fingerprints=tuple((each ^ shift) & BITS for each in entry.fingerprints),
        words=f"{entry.words} {word}",
        event_words=tuple(sorted({*entry.event_words[1:], crc32(word.encode())})),
    )
