"""`hide`, `unhide` and `hidden`: stories that were taken down."""

from datetime import UTC, datetime
from pathlib import Path

import click

from aggregator.cli.common import open_config
from aggregator.cli.options import json_option
from aggregator.cli.tables import show_rows
from aggregator.errors import CommandError
from aggregator.overview.story_lookup import find_story, story_id_from

__all__ = ["hidden", "hide", "unhide"]


@click.command()
@click.argument("story", metavar="STORY")
@click.option(
    "--why", required=True, help="Reason, for operators: who asked for it, and on what grounds."
)
@click.pass_obj
def hide(path: Path, story: str, why: str) -> None:
    """Take a story down everywhere, until `unhide`.

    STORY is the id or address of the story, the address of its article at the outlet, or words from
    its title.

    The story is removed from every page, feed, archive and search;
    Atom feeds announce the removal (RFC 6721), and its own page responds with 410. It stays down if
    its outlet lists it again, even with another id, and so do its duplicates at other outlets.
    """
    if not why.strip():
        raise click.UsageError(
            "--why is empty; give a reason that others will understand in a year"
        )
    with open_config(path) as (_, store):
        found = find_story(store, story)
        store.stories.take_down(found.id, " ".join(why.split()), datetime.now(UTC))
    click.echo(f"{found.id}: taken down: {found.lead.title}")
    click.echo("The next `aggregator publish` removes it from a static export.")


@click.command()
@click.argument("story", metavar="STORY")
@click.pass_obj
def unhide(path: Path, story: str) -> None:
    """Publish a story again, where it was before `hide`."""
    id_ = story_id_from(story)
    with open_config(path) as (_, store):
        if all(takedown.id != id_ for takedown in store.stories.takedowns()):
            raise CommandError(
                f"The story {id_!r} was not taken down; `aggregator hidden` lists those that were."
            )
        store.stories.restore(id_, datetime.now(UTC))
    click.echo(f"{id_}: published again")


@click.command()
@json_option
@click.pass_obj
def hidden(path: Path, as_json: bool) -> None:
    """List the stories that were taken down, when and why."""
    with open_config(path) as (_, store):
        found = store.stories.takedowns()
    rows = [
        {"story": each.id, "since": each.taken_down_at, "title": each.title, "why": each.reason}
        for each in found
    ]
    show_rows(rows, as_json=as_json, empty="Nothing was taken down.")
