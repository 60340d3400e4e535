"""How well copies are recognised: the production code over labelled rows.

rows in time order --name, recognise, clean, tell, save--> one story each
"""

import json
import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from aggregator.ingest.categorize.rules import TopicRules
from aggregator.ingest.changeset import build_batch
from aggregator.ingest.clean.cleaner import clean_all
from aggregator.ingest.match.keys import KeyedEntry, assign_keys
from aggregator.ingest.match.matcher import match_entries
from aggregator.ingest.retelling import Desk
from aggregator.model import FetchState, ParsedEntry, Source, Text, Topic
from aggregator.store import Store, open_store
from benchmarks import lookup

__all__ = ["predicted", "read_rows", "report", "take_in", "write_predictions"]

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
            source = sources[_slug(row["source"])]
            (item,) = take_in(store, sources, source, [_given(row)], now)
            rows_of[row["id"]] = _row_of(store, source, item)
        told = store.told_in(set(rows_of.values()))
        store.close()
    for row in listed:
        yield row["id"], told[rows_of[row["id"]]].id


def take_in(
    store: Store,
    sources: Mapping[str, Source],
    source: Source,
    given: Sequence[ParsedEntry],
    now: datetime,
    topics: Sequence[Topic] = (),
) -> list[KeyedEntry]:
    """Take in a file of entries as the line does, but for fetching; gives their names."""
    named = assign_keys(given)
    keys = {key for item in named for key in item.keys}
    found = match_entries(named, store.known(source.id, keys), now)
    cleaned = clean_all([*found.new, *(item for item, _ in found.changed)], source, now)
    desk = Desk(
        sources=sources, store=store, now=now, authority="x.example", rulebook=TopicRules(topics)
    )
    before = FetchState(last_success=now)
    store.save(build_batch(desk, source, before, None, found, cleaned, is_held=False), now)
    return named


def _row_of(store: Store, source: Source, item: KeyedEntry) -> int:
    """The number of an entry that is stored."""
    known = store.known(source.id, item.keys)
    return next(known[key].entry_id for key in item.keys if key in known)


def _given(row: Row) -> ParsedEntry:
    def text(value: str, is_html: bool = True) -> Text | None:
        return Text(value=value, is_html=is_html) if value.strip() else None

    return ParsedEntry(
        url=row["url"],
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


def write_predictions(file: Path) -> None:
    """Print one {"id", "story"} a line for the rows of a file."""
    try:
        rows = read_rows(file)
    except (OSError, ValueError) as error:
        raise SystemExit(f"{file} holds no rows of a labelled set ({error}).") from error
    for id_, story in predicted(rows):
        print(json.dumps({"id": id_, "story": story}))


def report() -> str:
    """The section of docs/measurements.md."""
    if not SHARED.is_dir():
        raise SystemExit(f"The labelled sets are missing; they are expected in {SHARED}.")
    lines = "\n".join(_scored(name_, *wanted) for name_, wanted in SETS.items())
    return (
        "## One story, told once\n\n"
        "How well copies are recognised in the open halves of the labelled sets of "
        "`shared/data/dedup`, by the production code with its default settings: each row is a "
        "feed of one entry, read at its own time, and what the database has in the end is scored "
        "by pairs. Rows without a date come first and may be of any time, and nothing is forgotten "
        "on the way.\n"
        "`ecbplus` holds look-alike events: none should be merged with another, and independent "
        "reports of one event stay apart.\n\n"
        "| set | pairs | precision | wanted | recall | wanted |\n|---|---|---|---|---|---|\n"
        f"{lines}\n\n"
        "How long it takes, in one process: entries of 150 to 450 words, a fifth of them copies, "
        f"whole or cut; stored ones are of {lookup.SOURCES} outlets.\n"
        "The signature is made when an entry is cleaned, look-up and decision when it is filed.\n\n"
        f"{lookup.table()}"
    )


def _scored(name_: str, truth: str, precision: str, recall: str) -> str:
    folder = SHARED / "data" / "dedup"
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        for id_, story in predicted(read_rows(folder / f"{name_}.jsonl")):
            file.write(json.dumps({"id": id_, "story": story}) + "\n")
        file.flush()
        command = [sys.executable, str(SHARED / "score" / "stories.py"), file.name]
        done = subprocess.run([*command, str(folder / truth)], capture_output=True, text=True)
    found = re.search(r"wanted (\d+) .* precision ([\d.]+) recall ([\d.]+)", done.stdout)
    if found is None:
        raise SystemExit(f"{name_} could not be scored: {done.stdout}{done.stderr}")
    return f"| {name_} | {found[1]} | {found[2]} | {precision} | {found[3]} | {recall} |"
