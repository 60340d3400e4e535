"""The feeds of shared/data, served on loopback and ingested in one run."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from aggregator.ingest.parse.chunks import ChunkedDocument, split_into_chunks
from aggregator.ingest.parse.parser import parse
from aggregator.model import Outcome, ParsedEntry, ParsedFeed
from tests.harness.builders import fetched
from tests.harness.newsroom import Newsroom
from tests.harness.shared_data import feed_rows, list_feeds

pytestmark = pytest.mark.slow


def test_real_feeds_are_ingested_completely(newsroom: Newsroom, shared: Path) -> None:
    """Nearly every entry is stored or rejected with a reason, and no source fails."""
    listed = list_feeds(newsroom, shared, feed_rows(shared, "real"))

    report = newsroom.ingests()

    bugs = [r.source for r in report.sources if "bug" in r.error]
    failed = {listed[r.source]["file"]: r.error for r in report.failed}
    assert (bugs, failed) == ([], {})
    assert all(r.counts.is_balanced for r in report.sources)
    assert report.total.is_balanced
    health = {h.source: h for h in newsroom.store.sources.health()}
    stored = newsroom.store.sources.count_entries()
    counted = accounted = 0
    for r in report.sources:
        expected = int(listed[r.source]["entries"] or 0)
        h = health[r.source]
        repeats = r.counts.known  # the same article twice in one file
        counted += expected
        accounted += min(expected, stored.get(r.source, 0) + h.rejected + repeats)
        rejected = newsroom.store.sources.rejected(r.source, 10_000)
        assert all(each.reason for each in rejected)
    assert accounted / counted >= 0.995

    for source in listed:
        for ending in ("rss", "atom"):
            newsroom.read(f"/sources/{source}.{ending}")
        assert newsroom.get(f"/sources/{source}.json").is_json
    for path in ("/all.rss", "/all.atom"):
        assert 50 <= len(newsroom.read(path).entries) <= 1_000  # many are undated


def test_ingesting_real_feeds_again_changes_nothing(newsroom: Newsroom, shared: Path) -> None:
    """Ingesting the same bytes without validators brings no new entry, update or id."""
    list_feeds(newsroom, shared, feed_rows(shared, "real")[:60])
    first = newsroom.ingests()
    ids = newsroom.ids()
    with closing(sqlite3.connect(newsroom.config.database)) as db, db:
        db.execute("update sources set etag = '', last_modified = '', body_hash = ''")

    second = newsroom.ingests()

    assert (second.total.new, second.total.updated) == (0, 0)
    assert second.total.received == first.total.received
    assert second.total.rejected == first.total.rejected
    assert newsroom.ids() == ids


NESTED_ITEMS = "real/danmactough__node-feedparser__9d532e32__illegally-nested.xml"
"""The last item is nested in the one before; a chunk may begin there."""


def test_real_feeds_give_the_same_entries_in_chunks(shared: Path) -> None:
    """Every feed gives the same entries in chunks as it does as a whole.

    Texts may differ: feedparser parses some depending on the previous entry, and one wrong byte
    changes the encoding of a whole document.
    """
    split = 0
    for row in feed_rows(shared, "real"):
        document = fetched((shared / "feeds" / row["file"]).read_bytes())
        whole, parts = parse(document), split_into_chunks(document, chunk_entries=3)
        assert isinstance(whole, ParsedFeed)
        assert isinstance(parts, ChunkedDocument)
        read = [parse(parts[number].document) for number in range(len(parts))]
        entries = [e for part in read if isinstance(part, ParsedFeed) for e in part.entries]
        assert len(entries) == len(whole.entries), row["file"]
        if not whole.problem and row["file"] != NESTED_ITEMS:
            assert list(map(_facts, entries)) == list(map(_facts, whole.entries)), row["file"]
        split += len(parts) > 1
    assert split > 200


def _facts(entry: ParsedEntry) -> tuple[object, ...]:
    return entry.id, entry.url, entry.published, entry.tags, entry.enclosures


@pytest.mark.parametrize("part", range(4))
def test_edge_feeds_raise_no_exception(newsroom: Newsroom, shared: Path, part: int) -> None:
    """Feeds with edge cases are published as well-formed feeds."""
    listed = list_feeds(newsroom, shared, feed_rows(shared, "edge")[part::4])

    report = newsroom.ingests()

    bugs = {listed[r.source]["file"]: r.error for r in report.sources if "bug" in r.error}
    assert bugs == {}
    assert all(r.counts.is_balanced for r in report.sources)
    assert all(r.error for r in report.sources if r.outcome is Outcome.FAILED)
    for path in ("/all.rss", "/all.atom"):
        newsroom.read(path)
    for source in listed:
        newsroom.read(f"/sources/{source}.atom")
        newsroom.read(f"/sources/{source}.rss")
