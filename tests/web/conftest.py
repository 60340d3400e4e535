"""A newsroom with stories, for the tests of the web server."""

import pytest

from tests.harness.newsroom import Newsroom, article


@pytest.fixture
def labor_newsroom(newsroom: Newsroom) -> Newsroom:
    """A newsroom with one outlet, one topic and some stories."""
    newsroom.lists("harbor")
    newsroom.has_topic("labor", "strike")
    newsroom.publishes("harbor", *(article(f"Strike {n}", "Long. " * 40) for n in range(5)))
    newsroom.ingests()
    return newsroom
