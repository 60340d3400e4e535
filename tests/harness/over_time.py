"""An outlet that publishes over time: many articles, and how many are new or updated."""

from datetime import timedelta

from aggregator.demo.sample_feeds import Item
from tests.harness.newsroom import Newsroom, article

__all__ = ["DAY", "HOUR", "archive_articles", "many_articles", "publish"]

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def many_articles(count: int, host: str = "outlet.example") -> list[Item]:
    """Articles of the last hours, newest first."""
    return [
        article(
            f"Story {n}",
            link=f"https://{host}/2026/10/story-{n}",
            published=Newsroom.NOW - (n + 1) * HOUR,
        )
        for n in range(count)
    ]


def archive_articles(count: int) -> list[Item]:
    """Old articles, as an outlet lists them again after a migration."""
    return [
        article(
            f"Archive {n}",
            link=f"https://h.example/archive/{n}",
            published=Newsroom.NOW - (n + 5) * DAY,
        )
        for n in range(count)
    ]


def publish(newsroom: Newsroom, *articles: Item, later: timedelta = HOUR) -> tuple[int, int]:
    """Let the outlet "harbor" publish, and ingest; returns how many are new and updated."""
    newsroom.publishes("harbor", *articles)
    total = newsroom.ingests(later=later).total
    assert total.is_balanced
    return total.new, total.updated
