"""`search`: stories that match a query."""

from heapq import nlargest
from pathlib import Path

import click

from aggregator.cli.common import open_config
from aggregator.cli.options import json_option
from aggregator.cli.tables import count_noun, format_time, print_json, zone_note
from aggregator.errors import CommandError, QueryError
from aggregator.query import parse

__all__ = ["search"]


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("query")
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="Stories to show."
)
@json_option
@click.pass_obj
def search(path: Path, query: str, limit: int, as_json: bool) -> None:
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
    shown = [(stories[id_], where) for _, id_, where in newest if id_ in stories]
    if as_json:
        rows = [
            {
                "published": each.published,
                "story": each.id,
                "source": each.lead.source,
                "title": each.lead.title,
                "url": each.lead.url,
                "where": where,
            }
            for each, where in shown
        ]
        print_json({"count": len(found), "stories": rows})
        return
    for each, where in shown:
        place = f"  ({where})" if where else ""
        title = f"{each.lead.source}: {each.lead.title}{place}"
        click.echo(f"{format_time(each.published)}  {each.id}  {title}")
    click.echo(f"{count_noun(len(found), 'story', 'stories')}. {zone_note()}")
