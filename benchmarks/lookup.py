"""How long it takes to recognise copies, with few and with very many entries in the window.

made-up entries, a fifth of them copies --signature, look-up, decision--> time per entry
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

from aggregator.ingest.dedupe.fingerprints import compute_fingerprints
from aggregator.ingest.retelling import Desk, filed, tell
from aggregator.model import Batch, Entry, FetchState, Outcome, SafeHtml, Source
from aggregator.store import Store, open_store
from aggregator.text.boilerplate import article_text

__all__ = ["table"]

SIZES = (10_000, 1_000_000)
SOURCES = 200
FETCH = 50
"""Entries that arrive together, as a feed has them."""
FETCHES = 40
ROUNDS = 3
COPIED = 2_000
"""Stored entries of which copies are made; they alone have their text, to keep the file small."""
NOW = datetime(2026, 10, 5, 12, 0, tzinfo=UTC)

_LETTERS = "bcdfghjklm"
_WORDS = ["".join(_LETTERS[int(digit)] for digit in str(number)) for number in range(20_000)]
_WEIGHTS = list(accumulate(1 / (rank + 10) for rank in range(len(_WORDS))))
"""As often as words are in any language (Zipf)."""


def table() -> str:
    """Two tables in Markdown: time per entry, and what an entry takes in the database."""
    sources = [_source(number) for number in range(SOURCES)]
    random_ = random.Random(1)
    rows: list[tuple[int, float, float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "news.db"
        store = open_store(file)
        store.sync(sources, NOW)
        originals: list[Entry] = []
        stored = 0
        for size in SIZES:
            _fill(store, sources, random_, stored, size, originals)
            stored = size
            signature, decision = _measured(store, sources, random_, size, originals)
            rows.append((size, signature, decision, _memory()))
        sizes = _sizes(file)
        store.close()
    base = rows[0][1] + rows[0][2]
    lines = [
        f"| {size:,} | {signature:.0f} | {decision:.0f} | {1e6 / (signature + decision):,.0f} "
        f"| {(signature + decision) / base:.2f} | {memory:.0f} |"
        for size, signature, decision, memory in rows
    ]
    return (
        "| entries in the window | signature, µs | look-up and decision, µs "
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
    random_: random.Random,
    first: int,
    last: int,
    originals: list[Entry],
) -> None:
    """Store entries up to a number, a few hundred at a time."""
    for start in range(first, last, 500):
        source = sources[(start // 500) % len(sources)]
        entries = []
        for number in range(start, min(start + 500, last)):
            entry = _entry(random_, source, number)
            if number < COPIED:
                originals.append(entry)
            else:
                entry = replace(entry, content=SafeHtml(""))
            entries.append(entry)
        _save(store, sources, source, entries)


def _save(
    store: Store, sources: Sequence[Source], source: Source, entries: Sequence[Entry]
) -> None:
    desk = _desk(store, sources)
    told = tell(desk, entries)
    batch = Batch(
        source=source.id, state=FetchState(), outcome=Outcome.CHANGED,
        new=filed(desk, told), matches=told.matches,
    )  # fmt: skip
    store.save(batch, NOW)


def _measured(
    store: Store,
    sources: Sequence[Source],
    random_: random.Random,
    size: int,
    originals: Sequence[Entry],
) -> tuple[float, float]:
    """Microseconds per entry for its signature, and for look-up and decision; the best round."""
    best = (float("inf"), float("inf"))
    desk = _desk(store, sources)
    for round_ in range(ROUNDS):
        fetches = list(_fetches(random_, sources, size + round_ * FETCH * FETCHES, originals))
        begin = time.process_time()
        signed = [
            [
                replace(e, fingerprints=compute_fingerprints(e.title, article_text(e.content)))
                for e in fetch
            ]
            for fetch in fetches
        ]
        middle = time.process_time()
        for fetch in signed:
            tell(desk, fetch)
        end = time.process_time()
        count = FETCH * FETCHES
        best = min(best, ((middle - begin) / count * 1e6, (end - middle) / count * 1e6), key=sum)
    return best


def _fetches(
    random_: random.Random, sources: Sequence[Source], first: int, originals: Sequence[Entry]
) -> Iterator[list[Entry]]:
    """New entries of other outlets, a fifth of them copies, whole or cut."""
    for place in range(FETCHES):
        source = sources[(place + 100) % len(sources)]
        entries = []
        for number in range(first + place * FETCH, first + (place + 1) * FETCH):
            entry = _entry(random_, source, number)
            if number % 5 == 0:
                entry = _copy(random_, entry, random_.choice(originals))
            entries.append(replace(entry, fingerprints=()))
        yield entries


def _copy(random_: random.Random, entry: Entry, original: Entry) -> Entry:
    words = article_text(original.content).split()
    kept = random_.choice((40, len(words)))
    text = f"<p>{' '.join(words[:kept])}</p><p>Originally published elsewhere.</p>"
    return replace(entry, title=original.title, content=SafeHtml(text))


def _entry(random_: random.Random, source: Source, number: int) -> Entry:
    words = random_.choices(_WORDS, cum_weights=_WEIGHTS, k=random_.randint(150, 450))
    paragraphs = [" ".join(words[start : start + 60]) for start in range(0, len(words), 60)]
    content = "".join(f"<p>{text}.</p>" for text in paragraphs)
    title = " ".join(random_.choices(_WORDS, cum_weights=_WEIGHTS, k=9))
    link = f"{source.site}{number}"
    when = NOW - timedelta(seconds=number % 1_000_000)
    return Entry(
        entry_id=-1 - number, source=source.id, keys=(f"id {number}",), id=f"{link}#id", url=link,
        canonical_url=link.removeprefix("https://"), title=title, summary=paragraphs[0][:300],
        content=SafeHtml(content), author="", published=when, updated=when, tags=(), language="en",
        image="", enclosures=(), raw_hash=str(number), content_hash=str(number), feed_index=0,
        fingerprints=compute_fingerprints(title, article_text(content)),
    )  # fmt: skip


def _source(number: int) -> Source:
    site = f"https://outlet-{number}.example/"
    return Source(id=f"outlet-{number}", name="Outlet", feed=f"{site}feed", site=site)


def _desk(store: Store, sources: Sequence[Source]) -> Desk:
    listed = {source.id: source for source in sources}
    return Desk(sources=listed, store=store, now=NOW, authority="x.example")


def _memory() -> float:
    """What this process holds now, in megabytes; the texts that are copied are a part of it."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


def _sizes(file: Path) -> list[tuple[str, int]]:
    db = Database(file)
    found = []
    for title, tables in (
        ("prints, by which copies are found", ("prints", "printed")),
        ("words, by which related stories are found", ("words_data", "words_idx", "words_docsize")),
    ):
        sql = f"select sum(pgsize) from dbstat where name in ({','.join('?' * len(tables))})"
        found.append((title, db.execute(sql, tables).fetchone()[0]))
    db.close()
    return found
