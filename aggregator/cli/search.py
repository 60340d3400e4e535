"""`search`: stories by their words, in the language of rules."""

from collections import deque
from pathlib import Path

import click

from aggregator.cli.shared import configured
from aggregator.cli.tables import time_text
from aggregator.errors import QueryError
from aggregator.query import parse

__all__ = ["search"]


@click.command()
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
    with configured(path) as (_, store):
        found: deque[tuple[int, str]] = deque(maxlen=limit)
        stories: set[int] = set()
        for glimpse, hits in store.search(asked):
            if glimpse.story not in stories:
                stories.add(glimpse.story)
                found.append((glimpse.entry, ", ".join(hits)))
        told = store.told_in([entry for entry, _ in found])
        for entry, where in reversed(found):
            if story := told.get(entry):
                title = f"{story.lead.source}: {story.lead.title}"
                click.echo(f"{time_text(story.published)}  {story.id}  {title}  ({where})")
        click.echo(f"{len(stories)} stories")
