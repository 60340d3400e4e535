"""The feeds of shared/data/replay, snapshot by snapshot, through the pipeline."""

import csv
import functools
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aggregator.ingest.parse.parser import parse
from aggregator.model import ALL, Failed, ParsedEntry
from tests.harness.builders import fetched
from tests.harness.newsroom import Newsroom
from tests.harness.shared_data import SERIES


def _snapshots(shared: Path, series: str) -> list[Path]:
    return sorted((shared / "replay" / series).glob("*.xml"))


def _play(newsroom: Newsroom, series: str, snapshots: list[Path]) -> None:
    reports = newsroom.plays(
        (
            datetime.strptime(path.stem, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC),
            functools.partial(newsroom.answers, series, path.read_bytes()),
        )
        for path in snapshots
    )
    for path, report in zip(snapshots, reports, strict=True):
        (source,) = report.sources
        assert "bug" not in source.error, (path.name, source.error)
        assert source.counts.is_balanced


def _articles(snapshots: list[Path]) -> set[str]:
    """The ids of the articles of a series, as the outlet gives them."""
    found: set[str] = set()
    for path in snapshots:
        parsed = parse(fetched(path.read_bytes()))
        entries: tuple[ParsedEntry, ...] = () if isinstance(parsed, Failed) else parsed.entries
        for entry in entries:
            found.add(entry.id or entry.url)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("series", SERIES)
def test_replaying_a_series_adds_nothing(newsroom: Newsroom, shared: Path, series: str) -> None:
    """There are as many stories as articles, minus up to two that have two ids."""
    snapshots = _snapshots(shared, series)
    newsroom.lists(series)
    articles = _articles(snapshots)

    _play(newsroom, series, snapshots)
    stories = newsroom.store.lists.counts()[ALL]
    ids = set(newsroom.store.stories.ids())
    _play(newsroom, series, snapshots)

    assert len(articles) - 2 <= stories <= len(articles)
    assert set(newsroom.store.stories.ids()) == ids
    assert newsroom.store.lists.counts()[ALL] == stories
    print(f"{series}: {stories} stories of {len(articles)} articles")


def test_a_title_changed_under_one_id_is_updated(newsroom: Newsroom, shared: Path) -> None:
    """The newest title is published."""
    with (shared / "replay" / "manifest.csv").open(encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if int(r["same_id_changed_title"] or 0) > 0]
    row = next(r for r in rows if r["series"] == "headlines-smh")
    snapshots = _snapshots(shared, row["series"])
    place = next(n for n, path in enumerate(snapshots) if row["file"].endswith(path.name))
    newsroom.lists(row["series"])

    _play(newsroom, row["series"], snapshots[place - 1 : place])
    before = {s.id: s.lead.title for s in newsroom.store.lists.latest(ALL, 500)}
    _play(newsroom, row["series"], snapshots[place : place + 1])
    after = {s.id: s.lead.title for s in newsroom.store.lists.latest(ALL, 500)}

    changed = {id_ for id_ in before if after[id_] != before[id_]}
    assert len(changed) == int(row["same_id_changed_title"])
