"""How well the production code detects duplicates in labelled rows.

rows in time order --match, clean, dedupe, save--> one story each
"""

import json
import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from aggregator.model import KeyedEntry, ParsedEntry, Source, Text
from aggregator.store import Store, open_store
from aggregator.text.dates import parse_any_date
from benchmarks import lookup
from benchmarks.inline import open_ingest

__all__ = ["predict", "read_rows", "report", "write_predictions"]

SHARED = Path(__file__).parent.parent.parent / "shared"
SETS = {
    "wire": ("wire_gold.csv", "0.95", "0.90"),
    "helsinki": ("helsinki_gold.csv", "0.985", "0.93"),
    "republished": ("republished.jsonl", "0.998", "0.992"),
    "copies": ("copies_gold.csv", "0.98", "0.90"),
    "scoop": ("scoop.jsonl", "0.99", "0.96"),
    "ecbplus": ("ecbplus.jsonl", "", ""),
}
"""Set -> its labels, and the target precision and recall."""
Row: TypeAlias = Mapping[str, str]


def read_rows(file: Path) -> list[Row]:
    """Return the rows of a labelled set."""
    with file.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def predict(rows: Iterable[Row]) -> Iterator[tuple[str, str]]:
    """Yield the id of each row and its final story, as the production code decides.

    Each row is a feed of one entry, ingested at its own time. Rows without a date come first; since
    they may be of any time, no fingerprints are dropped meanwhile.
    """
    all_rows = list(rows)
    sources = {source.id: source for source in _sources(all_rows)}
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(open_store(Path(folder) / "news.db")) as store,
        open_ingest(store, sources) as ingest,
    ):
        store.sources.sync(list(sources.values()), datetime(2000, 1, 1, tzinfo=UTC))
        entry_ids: dict[str, int] = {}
        now = datetime(2000, 1, 1, tzinfo=UTC)
        for row in sorted(all_rows, key=lambda row: _time(row) or now):
            now = max(now, _time(row) or now)
            source = sources[_slug(row["source"])]
            (keyed,) = ingest(source, [_parsed_entry(row)], now)
            entry_ids[row["id"]] = _entry_id(store, source, keyed)
        stories = store.entries.stories(set(entry_ids.values()))
    for row in all_rows:
        yield row["id"], stories[entry_ids[row["id"]]].id


def _entry_id(store: Store, source: Source, keyed: KeyedEntry) -> int:
    """Return the entry id of a stored entry."""
    known = store.entries.by_keys(source.id, keyed.keys)
    return next(known[key].entry_id for key in keyed.keys if key in known)


def _parsed_entry(row: Row) -> ParsedEntry:
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
    return parse_any_date(row["published"]) if row["published"] else None


def _slug(source: str) -> str:
    return "-".join(source.lower().split())


def _sources(rows: Iterable[Row]) -> Iterator[Source]:
    """Yield the outlets of the rows; the site of an outlet is the host of most of its links."""
    hosts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        hosts[_slug(row["source"])][urlsplit(row["url"]).netloc] += 1
    for id_, counted in hosts.items():
        (host, _), *_ = counted.most_common(1)
        yield Source(id=id_, name=id_, feed=f"https://{host}/feed", site=f"https://{host}/")


def write_predictions(file: Path) -> None:
    """Print {"id", "story"} for each row of a file."""
    try:
        rows = read_rows(file)
    except (OSError, ValueError) as error:
        raise SystemExit(f"{file} contains no rows of a labelled set ({error}).") from error
    for id_, story in predict(rows):
        print(json.dumps({"id": id_, "story": story}))


def report() -> str:
    """Measure and return the section in Markdown."""
    if not SHARED.is_dir():
        raise SystemExit(f"The labelled sets are missing; they are expected in {SHARED}.")
    rows = "\n".join(_score(name, *wanted) for name, wanted in SETS.items())
    return (
        "## Duplicates\n\n"
        "How well duplicates are recognised in the development halves of the labelled sets of "
        "`shared/data/dedup`, by the production code with its default settings.\n"
        "Each row is a feed of one entry, ingested at its own time, and the final stories are "
        "scored by pairs.\n"
        "Rows without a date come first and may be of any time, and no fingerprints are dropped "
        "meanwhile.\n"
        "`ecbplus` contains similar events: none should be merged with another, and independent "
        "reports of one event stay separate.\n\n"
        "| set | pairs | precision | wanted | recall | wanted |\n|---|---|---|---|---|---|\n"
        f"{rows}\n\n"
        "How long it takes, in one process: entries of 150 to 450 words, a fifth of them copies, "
        f"whole or shortened; stored entries are of {lookup.SOURCES} outlets.\n"
        "Fingerprints are made when an entry is cleaned; lookup and decision are the dedupe "
        "step.\n\n"
        f"{lookup.table()}"
    )


def _score(name: str, labels: str, precision: str, recall: str) -> str:
    folder = SHARED / "data" / "dedup"
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        for id_, story in predict(read_rows(folder / f"{name}.jsonl")):
            file.write(json.dumps({"id": id_, "story": story}) + "\n")
        file.flush()
        command = [sys.executable, str(SHARED / "score" / "stories.py"), file.name]
        done = subprocess.run([*command, str(folder / labels)], capture_output=True, text=True)
    scores = re.search(r"wanted (\d+) .* precision ([\d.]+) recall ([\d.]+)", done.stdout)
    if scores is None:
        raise SystemExit(f"{name} could not be scored: {done.stdout}{done.stderr}")
    return f"| {name} | {scores[1]} | {scores[2]} | {precision} | {scores[3]} | {recall} |"
