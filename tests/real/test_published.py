"""Our feeds of real articles, read with other parsers: three formats, the same stories."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fastfeedparser
import feedparser
import pytest

from tests.harness.newsroom import Newsroom
from tests.harness.shared_data import feed_rows, list_feeds

StoryFields = tuple[Any, ...]
"""A story: id, title, link, date, author, outlet, tags, text."""


@pytest.fixture
def real(newsroom: Newsroom, shared: Path) -> Newsroom:
    """A newsroom that has ingested forty real feeds and may show full texts."""
    rows = [row for row in feed_rows(shared, "real") if row["news_like"] == "1"][:40]
    newsroom.has_topic("world", "the OR a OR in OR to")
    newsroom.change("[fetch]", '[defaults]\nshow = "full"\nlicense = "CC BY 4.0"\n[fetch]')
    newsroom.change("[fetch]", '[publish]\ncredit_line = "From {outlet}. {license}"\n[fetch]')
    list_feeds(newsroom, shared, rows)
    newsroom.ingests()
    return newsroom


def _from_json(item: Mapping[str, Any]) -> StoryFields:
    return (
        item["id"], item["title"], item["url"], datetime.fromisoformat(item["date_published"]),
        item["authors"][0]["name"], item["_source"]["name"], item.get("tags", []),
        item.get("content_html") or item["content_text"],
    )  # fmt: skip


def _from_feedparser(entry: Any) -> StoryFields:
    year, month, day, hour, minute, second = entry.published_parsed[:6]
    date = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    return (
        entry.id, entry.title, entry.link, date, entry.author, entry.source.title,
        [tag.term for tag in entry.get("tags", ())],
        entry.content[0].value if "content" in entry else entry.summary,
    )  # fmt: skip


def _from_fastfeedparser(entry: Any, outlet: str) -> StoryFields:
    """The story of an entry; fastfeedparser does not parse its source."""
    return (
        entry.id, entry.title, entry.link, datetime.fromisoformat(entry.published), entry.author,
        outlet, [tag["term"] for tag in entry.get("tags", ())],
        entry.content[0]["value"] if "content" in entry else entry.description,
    )  # fmt: skip


def _stripped(story: StoryFields) -> StoryFields:
    """Strip surrounding white space, as parsers do."""
    return tuple(value.strip() if isinstance(value, str) else value for value in story)


@pytest.mark.parametrize("path", ["/topics/world", "/all?limit=200"])
def test_all_formats_contain_the_same_stories(real: Newsroom, path: str) -> None:
    """Three parsers read the same stories, in the same order, with the same fields."""
    name, _, query = path.partition("?")
    found = {end: real.get(f"{name}.{end}?{query}").data for end in ("json", "rss", "atom")}
    stories = [_stripped(_from_json(item)) for item in json.loads(found["json"])["items"]]
    assert len(stories) >= 50
    assert len({story[0] for story in stories}) == len(stories)

    for end in ("rss", "atom"):
        read = feedparser.parse(found[end], sanitize_html=False, resolve_relative_uris=False)
        assert not read.bozo
        assert [_stripped(_from_feedparser(entry)) for entry in read.entries] == stories
        quick = fastfeedparser.parse(found[end])
        outlets = [story[5] for story in stories]
        pairs = zip(quick.entries, outlets, strict=True)
        assert [_stripped(_from_fastfeedparser(*pair)) for pair in pairs] == stories
