"""How long duplicate detection takes, with few and with very many entries in the window.

made-up entries, a fifth of them copies --fingerprints, lookup, decision--> time per entry
"""

import random
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path

from sqlite_utils import Database

from aggregator.ingest.changeset import regrouped_stories
from aggregator.ingest.dedupe import ClusterSettings
from aggregator.ingest.dedupe.fingerprints import compute_fingerprints
from aggregator.ingest.pipeline import find_duplicates
from aggregator.model import (
    Batch,
    Entry,
    EntryKey,
    EntryKeyKind,
    FetchState,
    Outcome,
    SafeHtml,
    Source,
)
from aggregator.store import Store, open_store
from aggregator.text.boilerplate import article_text
from benchmarks.inline import AUTHORITY, new_entries

__all__ = ["table"]

SIZES = (10_000, 1_000_000)
SOURCES = 200
ENTRIES = 50
"""Entries per feed document."""
DOCUMENTS = 40
RUNS = 3
COPIED_COUNT = 2_000
"""Number of stored entries to copy; only these keep their text, so that the file stays small."""
NOW = datetime(2026, 10, 5, 12, 0, tzinfo=UTC)

WORD_TABLES = ("entry_search_data", "entry_search_idx", "entry_search_docsize")
_LETTERS = "bcdfghjklm"
_WORDS = ["".join(_LETTERS[int(digit)] for digit in str(number)) for number in range(20_000)]
_WEIGHTS = list(accumulate(1 / (rank + 10) for rank in range(len(_WORDS))))
"""Words are as frequent as in natural languages (Zipf)."""


def table() -> str:
    """Measure; return two tables in Markdown: time per entry, and bytes per entry."""
    sources = [_source(number) for number in range(SOURCES)]
    rng = random.Random(1)
    rows: list[tuple[int, float, float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "news.db"
        store = open_store(file)
        store.sources.sync(sources, NOW)
        copied: list[Entry] = []
        stored = 0
        for size in SIZES:
            _fill(store, sources, rng, stored, size, copied)
            stored = size
            fingerprint, decision = _measure(store, sources, rng, size, copied)
            rows.append((size, fingerprint, decision, _memory()))
        sizes = _table_sizes(file)
        store.close()
    base = rows[0][1] + rows[0][2]
    lines = [
        f"| {size:,} | {fingerprint:.0f} | {decision:.0f} | {1e6 / (fingerprint + decision):,.0f} "
        f"| {(fingerprint + decision) / base:.2f} | {memory:.0f} |"
        for size, fingerprint, decision, memory in rows
    ]
    return (
        "| entries in the window | fingerprints, µs | lookup and decision, µs "
        "| entries per second and core | time of 10,000 | memory of the process, MB |\n"
        "|---|---|---|---|---|---|\n"
        + "\n".join(lines)
        + "\n\n| in the database | bytes per entry |\n|---|---|\n"
        + "\n".join(f"| {name} | {count / SIZES[-1]:,.0f} |" for name, count in sizes)
        + "\n"
    )


def _fill(
    store: Store,
    sources: Sequence[Source],
    rng: random.Random,
    first: int,
    last: int,
    copied: list[Entry],
) -> None:
    """Store entries `first` to `last`, a few hundred at a time."""
    for start in range(first, last, 500):
        source = sources[(start // 500) % len(sources)]
        entries = []
        for number in range(start, min(start + 500, last)):
            entry = _entry(rng, source, number)
            if number < COPIED_COUNT:
                copied.append(entry)
            else:
                entry = replace(entry, content=SafeHtml(""))
            entries.append(entry)
        _save(store, sources, source, entries)


def _save(
    store: Store, sources: Sequence[Source], source: Source, entries: Sequence[Entry]
) -> None:
    changes = new_entries(entries)
    clusters = find_duplicates(store, _settings(sources), changes, is_first_import=False)
    batch = Batch(
        source=source.id, state=FetchState(), outcome=Outcome.CHANGED,
        new=tuple(regrouped_stories(clusters, NOW)), matches=clusters.matches,
        new_entry_ids=frozenset(entry.entry_id for entry in entries),
    )  # fmt: skip
    store.entries.save(batch, NOW)


def _measure(
    store: Store,
    sources: Sequence[Source],
    rng: random.Random,
    size: int,
    copied: Sequence[Entry],
) -> tuple[float, float]:
    """Return microseconds per entry for fingerprints, and for lookup and decision; the best run."""
    best = (float("inf"), float("inf"))
    settings = _settings(sources)
    for run in range(RUNS):
        documents = list(_documents(rng, sources, size + run * ENTRIES * DOCUMENTS, copied))
        began = time.process_time()
        fingerprinted = [
            [
                replace(e, fingerprints=compute_fingerprints(e.title, article_text(e.content)))
                for e in document
            ]
            for document in documents
        ]
        middle = time.process_time()
        for document in fingerprinted:
            find_duplicates(store, settings, new_entries(document), is_first_import=False)
        end = time.process_time()
        count = ENTRIES * DOCUMENTS
        best = min(best, ((middle - began) / count * 1e6, (end - middle) / count * 1e6), key=sum)
    return best


def _documents(
    rng: random.Random, sources: Sequence[Source], first: int, copied: Sequence[Entry]
) -> Iterator[list[Entry]]:
    """Yield new entries of other outlets, a fifth of them copies, whole or shortened."""
    for index in range(DOCUMENTS):
        source = sources[(index + 100) % len(sources)]
        entries = []
        for number in range(first + index * ENTRIES, first + (index + 1) * ENTRIES):
            entry = _entry(rng, source, number)
            if number % 5 == 0:
                entry = _copy(rng, entry, rng.choice(copied))
            entries.append(replace(entry, fingerprints=()))
        yield entries


def _copy(rng: random.Random, entry: Entry, copied_entry: Entry) -> Entry:
    words = article_text(copied_entry.content).split()
    length = rng.choice((40, len(words)))
    text = f"<p>{' '.join(words[:length])}</p><p>Originally published elsewhere.</p>"
    return replace(entry, title=copied_entry.title, content=SafeHtml(text))


def _entry(rng: random.Random, source: Source, number: int) -> Entry:
    words = rng.choices(_WORDS, cum_weights=_WEIGHTS, k=rng.randint(150, 450))
    paragraphs = [" ".join(words[start : start + 60]) for start in range(0, len(words), 60)]
    content = "".join(f"<p>{text}.</p>" for text in paragraphs)
    title = " ".join(rng.choices(_WORDS, cum_weights=_WEIGHTS, k=9))
    link = f"{source.site}{number}"
    published = NOW - timedelta(seconds=number % 1_000_000)
    return Entry(
        entry_id=number + 1, source=source.id, keys=(EntryKey(EntryKeyKind.ID, str(number)),),
        id=f"{link}#id", url=link, canonical_url=link.removeprefix("https://"), title=title,
        summary=paragraphs[0][:300], content=SafeHtml(content), author="", published=published,
        updated=published, tags=(), language="en", image="", enclosures=(), raw_hash=str(number),
        content_hash=str(number), feed_index=0,
        fingerprints=compute_fingerprints(title, article_text(content)),
    )  # fmt: skip


def _source(number: int) -> Source:
    site = f"https://outlet-{number}.example/"
    return Source(id=f"outlet-{number}", name="Outlet", feed=f"{site}feed", site=site)


def _settings(sources: Sequence[Source]) -> ClusterSettings:
    listed = {source.id: source for source in sources}
    return ClusterSettings(sources=listed, authority=AUTHORITY, now=NOW)


def _memory() -> float:
    """Return the memory of this process in megabytes, including the texts to copy."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


def _table_sizes(file: Path) -> list[tuple[str, int]]:
    db = Database(file)
    found = []
    for title, tables in (
        ("fingerprints, to find copies", ("fingerprints", "entry_fingerprints")),
        ("words, for search", WORD_TABLES),
    ):
        sql = f"select sum(pgsize) from dbstat where name in ({','.join('?' * len(tables))})"
        found.append((title, db.execute(sql, tables).fetchone()[0]))
    db.close()
    return found
