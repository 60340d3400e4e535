"""The stories of several outlets in the feeds of shared/data/replay, for review.

every snapshot of every series, in time order --ingest--> stories of several outlets
"""

import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from aggregator.ingest.parse.parser import parse
from aggregator.model import Fetched, ParsedFeed, Source, Story, Validators
from aggregator.store import open_store
from benchmarks.inline import open_ingest
from benchmarks.stories import SHARED

__all__ = ["write_merges"]


def write_merges(file: Path) -> None:
    """Write the stories that several outlets have, with the reasons for each."""
    snapshots = sorted((SHARED / "data" / "replay").glob("*/*.xml"), key=lambda path: path.name)
    if not snapshots:
        raise SystemExit(f"The snapshots are missing; they are expected in {SHARED}.")
    sources: dict[str, Source] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(open_store(Path(folder) / "news.db")) as store,
        open_ingest(store, sources) as ingest,
    ):
        for path in snapshots:
            parsed = parse(_fetched(path))
            if not isinstance(parsed, ParsedFeed) or not parsed.entries:
                continue
            id_ = path.parent.name
            if id_ not in sources:
                host = urlsplit(parsed.entries[0].url).netloc
                sources[id_] = Source(
                    id=id_, name=id_, feed=f"https://{id_}.example/", site=f"https://{host}/"
                )
                store.sources.sync(list(sources.values()), datetime(2020, 1, 1, tzinfo=UTC))
            now = datetime.strptime(path.stem, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            ingest(sources[id_], parsed.entries, now)
        stories = [store.stories.get(id_) for id_ in store.stories.ids()]
    merged = [story for story in stories if story and story.duplicates]
    text = "\n".join(_describe(story) for story in merged)
    file.write_text(text, encoding="utf-8")
    print(f"{len(stories)} stories, {len(merged)} of them of several outlets: {file}")


def _fetched(path: Path) -> Fetched:
    return Fetched(
        url="https://x.example/", status=200, content_type="application/xml",
        body=path.read_bytes(), validators=Validators(),
    )  # fmt: skip


def _describe(story: Story) -> str:
    lines = [f"{story.id}  {'; '.join(story.reasons)}"]
    for entry in story.entries:
        lines.append(f"    {entry.source}  {entry.published:%Y-%m-%d %H:%M}  {entry.title}")
        lines.append(f"        {entry.url}\n        {entry.summary}")
    return "\n".join(lines) + "\n"
