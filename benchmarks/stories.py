"""How well copies are recognised: the production code over labelled rows.

rows in time order --name, recognise, clean, tell, save--> one story each
"""

import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from aggregator.ingest.clean import clean
from aggregator.ingest.filing import file_changes
from aggregator.ingest.identity import recognise
from aggregator.ingest.naming import name
from aggregator.ingest.retelling import Desk
from aggregator.model import FetchState, ParsedEntry, Source, Text
from aggregator.store import Store, open_store

__all__ = ["SETS", "predicted", "read_rows"]

SHARED = Path(__file__).parent.parent.parent / "shared"
SETS = {
    "wire": ("wire_gold.csv", "0.95", "0.85"),
    "republished": ("republished.jsonl", "0.995", "0.99"),
    "copies": ("copies_gold.csv", "0.98", "0.90"),
    "scoop": ("scoop.jsonl", "0.99", "0.96"),
    "ecbplus": ("ecbplus.jsonl", "", ""),
}
"""Set -> its truth, and the precision and recall that are wanted."""
Row: TypeAlias = Mapping[str, str]


def read_rows(file: Path) -> list[Row]:
    """The rows of a labelled set."""
    with file.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def predicted(rows: Iterable[Row]) -> Iterator[tuple[str, str]]:
    """Each row's id and the story that it became, as the production code has it in the end.

    Each row is a feed of one entry, read at its own time. Rows without a date come first;
    since they could be of any time, nothing is forgotten here.
    """
    listed = list(rows)
    sources = {source.id: source for source in _sources(listed)}
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder) / "news.db")
        store.sync(list(sources.values()), datetime(2000, 1, 1, tzinfo=UTC))
        rows_of: dict[str, int] = {}
        now = datetime(2000, 1, 1, tzinfo=UTC)
        for row in sorted(listed, key=lambda row: row["published"]):
            now = max(now, _time(row) or now)
            rows_of[row["id"]] = _taken_in(store, sources, row, now)
        told = store.told_in(set(rows_of.values()))
        store.close()
    for row in listed:
        yield row["id"], told[rows_of[row["id"]]].id


def _taken_in(store: Store, sources: Mapping[str, Source], row: Row, now: datetime) -> int:
    """Take in one row and give the number of its entry."""
    source = sources[_slug(row["source"])]
    (named,) = name([_given(row)])
    found = recognise([named], store.known(source.id, named.keys), now)
    again = [item for item, _ in found.again]
    cleaned = [clean(item, source, now) for item in (*found.new, *again)]
    desk = Desk(sources=sources, topics=(), store=store, now=now, authority="x.example")
    before = FetchState(last_success=now)
    store.save(file_changes(desk, source, before, None, found, cleaned, is_held=False), now)
    known = store.known(source.id, named.keys)
    return next(known[key].entry for key in named.keys if key in known)


def _given(row: Row) -> ParsedEntry:
    def text(value: str, is_html: bool = True) -> Text | None:
        return Text(value=value, is_html=is_html) if value.strip() else None

    return ParsedEntry(
        link=row["url"],
        title=text(row["title"], is_html=False),
        summary=text(row["summary"]),
        content=text(row["content"]),
        published=_time(row),
    )


def _time(row: Row) -> datetime | None:
    if not row["published"]:
        return None
    found = datetime.fromisoformat(row["published"])
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _slug(source: str) -> str:
    return "-".join(source.lower().split())


def _sources(rows: Iterable[Row]) -> Iterator[Source]:
    """An outlet's site is where most of its links lead."""
    hosts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        hosts[_slug(row["source"])][urlsplit(row["url"]).netloc] += 1
    for id_, counted in hosts.items():
        (host, _), *_ = counted.most_common(1)
        yield Source(id=id_, name=id_, feed=f"https://{host}/feed", site=f"https://{host}/")
