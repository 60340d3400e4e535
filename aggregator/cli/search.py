"""`search`: stories that match a query."""

from heapq import nlargest
from pathlib import Path

import click

from aggregator.cli.common import open_config
from aggregator.cli.tables import count_noun, format_time
from aggregator.errors import CommandError, QueryError
from aggregator.query import parse

__all__ = ["search"]


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("query")
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="Stories to show."
)
@click.pass_obj
def search(path: Path, query: str, limit: int) -> None:
    """Show the newest stories that match a query, and where they match.

    A query is written like the rule of a topic: 'title:strike OR "drug war"'.
    """
    try:
        parsed = parse(query)
    except QueryError as error:
        raise CommandError(f"The query cannot be parsed: {error}.") from error
    for warning in parsed.warnings:
        click.echo(f"warning: {warning}", err=True)
    with open_config(path) as (_, store):
        found: dict[int, tuple[str, int, str]] = {}
        for entry, hits in store.entries.search(parsed.root):
            match = (entry.published, entry.entry_id, ", ".join(hits))
            found.setdefault(entry.story_number, match)
        newest = nlargest(limit, found.values())
        stories = store.entries.stories([entry_id for _, entry_id, _ in newest])
        for _, entry_id, where in newest:
            if story := stories.get(entry_id):
                place = f"  ({where})" if where else ""
                title = f"{story.lead.source}: {story.lead.title}{place}"
                click.echo(f"{format_time(story.published)}  {story.id}  {title}")
        click.echo(count_noun(len(found), "story", "stories"))
