"""`hide`, `unhide` and `hidden`: stories that must not be told any more."""

from datetime import UTC, datetime
from pathlib import Path

import click
from rich.markup import escape

from aggregator.cli.common import find_story, open_config, story_id_from
from aggregator.cli.tables import format_time, print_table, table
from aggregator.errors import UnknownStory

__all__ = ["hidden", "hide", "unhide"]


@click.command()
@click.argument("story", metavar="STORY")
@click.option("--why", required=True, help="For the operators: who asked, and on what ground.")
@click.pass_obj
def hide(path: Path, story: str, why: str) -> None:
    """Take a story down everywhere, for good.

    STORY is its id or its address. It leaves every page, feed, archive and search; the Atom feeds
    say that it is gone (RFC 6721), and its own page answers 410. It stays down when its outlet
    lists it again, under whatever id, and so do copies of it at other outlets.
    """
    if not why.strip():
        raise click.UsageError("--why is empty; whoever reads it in a year wants to know")
    with open_config(path) as (_, store):
        told = find_story(store, story)
        store.hide(told.id, " ".join(why.split()), datetime.now(UTC))
    click.echo(f"{told.id}: taken down: {told.lead.title}")
    click.echo("`aggregator publish` removes it from a static export when it is run next.")


@click.command()
@click.argument("story", metavar="STORY")
@click.pass_obj
def unhide(path: Path, story: str) -> None:
    """Put a story back to where it stood before `hide`."""
    id_ = story_id_from(story)
    with open_config(path) as (_, store):
        if all(one.id != id_ for one in store.hidden()):
            raise UnknownStory("story", id_, "`aggregator hidden` lists what was taken down.")
        store.unhide(id_, datetime.now(UTC))
    click.echo(f"{id_}: told again")


@click.command()
@click.pass_obj
def hidden(path: Path) -> None:
    """List what was taken down: when, and why."""
    with open_config(path) as (_, store):
        found = store.hidden()
    if not found:
        click.echo("Nothing was taken down.")
        return
    listing = table("story", "since", "title", "why")
    for one in found:
        listing.add_row(
            one.id, format_time(one.taken_down_at), escape(one.title), escape(one.reason)
        )
    print_table(listing)
