"""Every test here runs with documents that are parsed whole, and in chunks."""

import pytest

from aggregator.ingest.parse.chunks import CHUNK_ENTRIES
from tests.harness.newsroom import Newsroom
from tests.harness.over_time import many_articles, publish


@pytest.fixture(autouse=True, params=[CHUNK_ENTRIES, 4], ids=["whole", "in chunks"])
def chunk_entries(request: pytest.FixtureRequest, newsroom: Newsroom) -> None:
    """Parse documents whole, and in chunks of four entries."""
    newsroom.ingest_options["chunk_entries"] = request.param


@pytest.fixture
def harbor(newsroom: Newsroom) -> Newsroom:
    """A newsroom that has ingested ten entries of one outlet."""
    newsroom.lists("harbor")
    assert publish(newsroom, *many_articles(10)) == (10, 0)
    return newsroom
