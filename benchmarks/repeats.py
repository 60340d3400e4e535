"""Articles that an outlet lists again, in the feeds of shared/data/replay without the ids.

every snapshot of every series, ids removed --ingest--> stories; the ids say what is one article
"""

import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from aggregator.ingest.parse.parser import parse
from aggregator.model import EntryKey, Fetched, ParsedEntry, ParsedFeed, Source, Validators
from aggregator.store import Store, open_store
from benchmarks.inline import open_ingest
from benchmarks.stories import SHARED

__all__ = ["report", "snapshots_of"]

MIN_IDS = 2
"""A series whose entries all have one id, or none, says nothing."""
Form: TypeAlias = tuple[str, str, str]
"""How an article is listed: URL, title and date."""


def report() -> str:
    """Measure and return the section in Markdown."""
    folder = SHARED / "data" / "replay"
    if not folder.is_dir():
        raise SystemExit(f"The snapshots are missing; they are expected in {folder}.")
    rows, review = [], []
    for series in sorted(path for path in folder.iterdir() if path.is_dir()):
        forms, stories = _stories_of_forms(series)
        if len(forms) < MIN_IDS:
            continue
        pairs = [pair for own in forms.values() for pair in combinations(sorted(own), 2)]
        together = sum(stories[a] == stories[b] for a, b in pairs)
        ids_of_story: dict[str, set[str]] = defaultdict(set)
        for id_, own in forms.items():
            for form in own:
                ids_of_story[stories[form]].add(id_)
        joined = [ids for ids in ids_of_story.values() if len(ids) > 1]
        review += [f"{series.name}: {' = '.join(sorted(ids))}" for ids in joined]
        rows.append(
            f"| {series.name} | {len(forms):,} | {len(pairs):,} | {together:,} | {len(joined)} |"
        )
    print("\n".join(review))
    return (
        "## Articles that an outlet lists again\n\n"
        "The feeds of `shared/data/replay`, snapshot by snapshot, with the ids of their entries "
        "removed; the ids say which forms (URL, title, date) are one article.\n"
        "Ids that are one story are outlets' own repeats, or mistakes: the benchmark prints them "
        "for review.\n\n"
        "| series | articles | pairs of forms | found to be one | stories with several ids |\n"
        "|---|---|---|---|---|\n" + "\n".join(rows) + "\n"
    )


def snapshots_of(series: Path) -> Iterator[tuple[datetime, tuple[ParsedEntry, ...]]]:
    """The time and the entries of each readable snapshot."""
    for path in sorted(series.glob("*.xml")):
        parsed = parse(
            Fetched(
                url="https://x.example/", status=200, content_type="application/xml",
                body=path.read_bytes(), validators=Validators(),
            )
        )  # fmt: skip
        if isinstance(parsed, ParsedFeed) and parsed.entries:
            yield datetime.strptime(path.stem, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC), parsed.entries


def _stories_of_forms(series: Path) -> tuple[dict[str, set[Form]], dict[Form, str]]:
    """The forms of each article, by its id, and the story of each form."""
    forms: dict[str, set[Form]] = defaultdict(set)
    keys: dict[Form, tuple[EntryKey, ...]] = {}
    sources: dict[str, Source] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(open_store(Path(folder) / "news.db")) as store,
        open_ingest(store, sources) as ingest,
    ):
        for now, entries in snapshots_of(series):
            host = urlsplit(entries[0].url).netloc
            source = Source(
                id="one", name="one", feed="https://x.example/", site=f"https://{host}/"
            )
            if not sources:
                sources["one"] = source
                store.sources.sync([source], now)
            bare = [replace(entry, id="") for entry in entries]
            for entry, keyed in zip(entries, ingest(source, bare, now), strict=True):
                if not entry.id:
                    continue
                form = _form(entry)
                forms[entry.id].add(form)
                keys.setdefault(form, keyed.keys)
        stories = {form: _story_of(store, own) for form, own in keys.items()}
    return forms, stories


def _form(entry: ParsedEntry) -> Form:
    return entry.url, entry.title.value if entry.title else "", str(entry.published)


def _story_of(store: Store, keys: tuple[EntryKey, ...]) -> str:
    known = store.entries.by_keys("one", keys)
    ids = [known[key].entry_id for key in keys if key in known]
    return store.entries.stories(ids[:1])[ids[0]].id if ids else f"none {keys}"
