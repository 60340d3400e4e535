"""`search`: stories by their words, in the language of rules."""

from heapq import nlargest
from pathlib import Path

import click

from aggregator.cli.common import open_config
from aggregator.cli.tables import count_noun, format_time
from aggregator.errors import QueryError
from aggregator.query import parse

__all__ = ["search"]


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("query")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@click.pass_obj
def search(path: Path, query: str, limit: int) -> None:
    """Show the newest stories that a query finds, and where.

    The query is written as a rule of a topic is: 'title:strike OR "drug war"'.
    """
    try:
        asked = parse(query)
    except QueryError as error:
        raise click.UsageError(f"the query cannot be read: {error}") from error
    for warning in asked.warnings:
        click.echo(f"warning: {warning}", err=True)
    with open_config(path) as (_, store):
        found: dict[int, tuple[str, int, str]] = {}
        for glimpse, hits in store.search(asked):
            find = (glimpse.published, glimpse.entry_id, ", ".join(hits))
            found.setdefault(glimpse.story_number, find)
        newest = nlargest(limit, found.values())
        told = store.told_in([entry for _, entry, _ in newest])
        for _, entry, where in newest:
            if story := told.get(entry):
                place = f"  ({where})" if where else ""
                title = f"{story.lead.source}: {story.lead.title}{place}"
                click.echo(f"{format_time(story.published)}  {story.id}  {title}")
        click.echo(count_noun(len(found), "story", "stories"))
