"""The labelled sets and real feeds in the folder next to the project."""

import csv
from pathlib import Path

from tests.harness.newsroom import Newsroom

__all__ = ["SERIES", "SHARED", "TOPICS", "FeedRow", "feed_rows", "list_feeds"]

SHARED = Path(__file__).parents[3] / "shared" / "data"
TOPICS = SHARED / "topics"

SERIES = (
    "headlines-ann", "headlines-bbc", "headlines-dailytelegraph", "headlines-fox",
    "headlines-gmanews", "headlines-gmanewstv", "headlines-philstar", "headlines-rnz",
    "headlines-smh", "headlines-wsj", "jtw-npr",
)  # fmt: skip
"""The outlets of shared/data/replay, with hourly or daily snapshots of their feeds."""

FeedRow = dict[str, str]
"""A row of shared/data/feeds/manifest.csv."""


def feed_rows(shared: Path, class_: str) -> list[FeedRow]:
    """The rows of the manifest with this class: `real` or `edge`."""
    with (shared / "feeds" / "manifest.csv").open(encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["class"] == class_]


def list_feeds(newsroom: Newsroom, shared: Path, rows: list[FeedRow]) -> dict[str, FeedRow]:
    """Add feeds to the newsroom as sources; returns the row of each source id."""
    listed = {}
    for number, row in enumerate(rows):
        id_ = f"real-{number}"
        kind = "application/json" if row["format"] == "JSON Feed" else "application/xml"
        newsroom.lists(id_)
        newsroom.answers(id_, (shared / "feeds" / row["file"]).read_bytes(), kind)
        listed[id_] = row
    return listed
