"""`post`: publish an article that was found on the web."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from aggregator.cli.common import INGEST_LOCK_SECONDS, log_to_stderr, open_config
from aggregator.cli.completion import complete_topic
from aggregator.cli.options import DateOrTime, json_option
from aggregator.cli.tables import print_json
from aggregator.ingest.workers import open_workers
from aggregator.posting import PostedArticle, post_article

__all__ = ["post"]

EARLIEST_DATE = datetime(1800, 1, 1, tzinfo=UTC)


@click.command()
@click.argument("url")
@click.option("--title", required=True, help="Headline of the article, as its outlet has it.")
@click.option(
    "--topic",
    "topics",
    multiple=True,
    metavar="ID",
    shell_complete=complete_topic,
    help="Put it into this topic; repeat it for several.",
)
@click.option("--outlet", default="", help="Name of the outlet, if it is not in feeds.toml.")
@click.option("--summary", default="", help="A few sentences of the article.")
@click.option("--author", default="", help="Who wrote it.")
@click.option(
    "--published",
    type=DateOrTime(),
    metavar="DATE",
    help="When it was published, such as 2026-11-30 or 2026-11-30T10:00+01:00; the default is now.",
)
@json_option
@click.pass_obj
def post(path: Path, /, *, as_json: bool, published: datetime | None, **given: Any) -> None:
    """Publish an article that you found on the web.

    It is credited to its outlet and links there, as if a feed had brought it; if another outlet has
    it already, both become one story. The outlet need not be in feeds.toml.
    """
    log_to_stderr()
    now = datetime.now(UTC)
    if published is not None and not EARLIEST_DATE <= published <= now + timedelta(days=1):
        raise click.BadParameter(
            f"{published.date().isoformat()} is not the date of an article.",
            param_hint="'--published'",
        )
    published = min(now, published) if published else None
    article = PostedArticle(published=published, **given)
    with open_workers(1) as workers, open_config(path) as (config, store):
        posting = post_article(config, store, workers, article, now, INGEST_LOCK_SECONDS)
        story, is_new = asyncio.run(posting)
    page = f"{config.site.url}/stories/{story.id}"
    if as_json:
        topics = list(story.topics)
        print_json(
            {"id": story.id, "url": page, "title": story.title, "topics": topics, "is_new": is_new}
        )
        return
    where = ", ".join(story.topics) or "no topic"
    click.echo(f"{'Published' if is_new else 'Known already'}, in {where}: {page}")
