"""A newsroom with two outlets and two topics."""

from datetime import timedelta

import pytest

from tests.harness.builders import NOW
from tests.harness.newsroom import Newsroom, article

HOUR = timedelta(hours=1)


@pytest.fixture
def docks(newsroom: Newsroom) -> Newsroom:
    """A newsroom with two outlets, two topics, and stories about an hour apart."""
    newsroom.lists("harbor")
    newsroom.lists("plains", language='"es"')
    newsroom.has_topic("labor", "strike")
    newsroom.has_topic("courts", "verdict")
    for outlet, titles in (
        ("harbor", ("Strike ends", "Verdict falls", "Verdict on a strike")),
        ("plains", ("Huelga: strike",)),
    ):
        newsroom.publishes(
            outlet,
            *(
                article(
                    title, link=f"https://{outlet}.example/{number}",
                    published=NOW - (number + (1 if outlet == "harbor" else 1.5)) * HOUR,
                )
                for number, title in enumerate(titles)
            ),
            form="atom03" if outlet == "plains" else "rss20",
        )  # fmt: skip
    newsroom.ingests()
    return newsroom
