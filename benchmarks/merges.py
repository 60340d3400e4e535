"""The cross-outlet merges in the feeds of shared/data/replay, to be read through by eye.

every snapshot of every series, in time order --the line--> stories of several outlets
"""

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from aggregator.ingest.parse.parser import parse
from aggregator.model import Fetched, ParsedFeed, Source, Story, Validators
from aggregator.store import open_store
from benchmarks.stories import SHARED, take_in

__all__ = ["write_merges"]


def write_merges(file: Path) -> None:
    """Write the stories that more than one outlet tells, with what says so."""
    snapshots = sorted((SHARED / "data" / "replay").glob("*/*.xml"), key=lambda path: path.name)
    if not snapshots:
        raise SystemExit(f"The snapshots are missing; they are expected in {SHARED}.")
    sources: dict[str, Source] = {}
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder) / "news.db")
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
                store.sync(list(sources.values()), datetime(2020, 1, 1, tzinfo=UTC))
            now = datetime.strptime(path.stem, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            take_in(store, sources, sources[id_], parsed.entries, now)
        stories = [store.story(id_) for id_ in store.story_ids()]
        store.close()
    merged = [story for story in stories if story and story.duplicates]
    text = "\n".join(_described(story) for story in merged)
    file.write_text(text, encoding="utf-8")
    print(f"{len(stories)} stories, {len(merged)} of them told by several outlets: {file}")


def _fetched(path: Path) -> Fetched:
    return Fetched(
        url="https://x.example/", status=200, content_type="application/xml",
        body=path.read_bytes(), validators=Validators(),
    )  # fmt: skip


def _described(story: Story) -> str:
    lines = [f"{story.id}  {'; '.join(story.reasons)}"]
    for entry in story.entries:
        lines.append(f"    {entry.source}  {entry.published:%Y-%m-%d %H:%M}  {entry.title}")
        lines.append(f"        {entry.url}\n        {entry.summary}")
    return "\n".join(lines) + "\n"
