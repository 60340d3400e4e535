"""`held` and `moved`: stories and feeds that await an operator's decision."""

import os
from collections.abc import Container
from datetime import UTC, datetime
from pathlib import Path

import click

from aggregator.cli.common import open_config, select_sources
from aggregator.cli.options import json_option
from aggregator.cli.tables import count_noun, print_json, show_rows
from aggregator.config.editor import change_table
from aggregator.config.file_edits import edit_file
from aggregator.ingest.schedule import is_redirect_confirmed
from aggregator.model import PermanentRedirect, Source
from aggregator.overview.source_states import shown_url

__all__ = ["held", "moved"]

MAX_STORIES_SHOWN = 50


@click.command()
@click.argument("id_", metavar="[ID]", required=False)
@click.option("--release", is_flag=True, help="Publish the stories.")
@click.option("--drop", is_flag=True, help="Never publish the stories.")
@click.option(
    "--story", "stories", multiple=True, metavar="STORY", help="Only this story, by its id."
)
@json_option
@click.pass_obj
def held(
    path: Path,
    id_: str | None,
    release: bool,
    drop: bool,
    stories: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show the stories that are held back, and release or drop them.

    If a source that has been fetched for some time suddenly has more than max_new new articles, and
    far more than usual, something has probably gone wrong: it may have moved to another system and
    given its whole archive new ids. Those stories are held back until you decide; so is all that
    comes from a source with approve = true, which is listed as new when you release it.
    """
    if release and drop:
        raise click.UsageError("--release and --drop cannot be combined")
    if (release or drop) and id_ is None:
        raise click.UsageError("give the ID of the source whose stories to release or drop")
    with open_config(path) as (config, store):
        if id_ is None:
            waiting = [health for health in store.sources.health() if health.held_stories]
            if as_json:
                print_json({health.source: health.held_stories for health in waiting})
                return
            for health in waiting:
                number = count_noun(health.held_stories, "story", "stories")
                click.echo(f"{health.source}: {number}")
            if not waiting:
                click.echo("No stories are held.")
            return
        (source,) = select_sources(config, [id_])
        if release:
            now, as_new = datetime.now(UTC), source.approve
            count = store.stories.release(source.id, now, stories or None, as_new=as_new)
            click.echo(f"{count_noun(count, 'story', 'stories')} published.")
        elif drop:
            count = store.stories.drop(source.id, stories or None)
            click.echo(f"{count_noun(count, 'story', 'stories')} dropped for good.")
        else:
            rows = [
                {"published": each.published, "story": each.id, "title": each.lead.title}
                for each in store.stories.held(source.id, MAX_STORIES_SHOWN)
            ]
            empty = f"No stories of {source.id} are held."
            show_rows(rows, as_json=as_json, empty=empty)


@click.command()
@click.option("--write", is_flag=True, help="Write the new addresses into feeds.toml.")
@json_option
@click.pass_obj
def moved(path: Path, write: bool, as_json: bool) -> None:
    """Show the feeds that have moved permanently.

    A permanent redirect is confirmed after three successful fetches from the new address over at
    least a day. From then on the new address is fetched; the one in feeds.toml stays until --write,
    which changes only those addresses and keeps comments.
    """
    now = datetime.now(UTC)
    with open_config(path) as (config, store):
        listed = {source.id: source for source in config.all_sources}
        redirects = {
            health.source: health.redirect
            for health in store.sources.health()
            if health.redirect.url and health.source in listed
        }
    confirmed = {
        id_: redirect
        for id_, redirect in redirects.items()
        if is_redirect_confirmed(redirect, now) and not listed[id_].is_private
    }
    if as_json:
        print_json(
            [_as_json(listed[id_], redirect, confirmed) for id_, redirect in redirects.items()]
        )
    for id_, redirect in redirects.items() if not as_json else ():
        state = "confirmed" if id_ in confirmed else "not confirmed yet"
        if listed[id_].is_private:
            state = "not followed: the secret of this source must not be sent elsewhere"
        count = count_noun(redirect.hits, "time", "times")
        urls = [shown_url(url, listed[id_]) for url in (listed[id_].feed, redirect.url)]
        click.echo(f"{id_}: {urls[0]} -> {urls[1]} ({state}, {count})")
    if not redirects and not as_json:
        click.echo("No feed has moved.")
    if write and redirects:
        _write(path, confirmed)


def _as_json(
    source: Source, redirect: PermanentRedirect, confirmed: Container[str]
) -> dict[str, object]:
    return {
        "source": source.id,
        "from": shown_url(source.feed, source),
        "to": shown_url(redirect.url, source),
        "is_confirmed": source.id in confirmed,
        "since": redirect.since,
        "seen": redirect.hits,
    }


def _write(path: Path, redirects: dict[str, PermanentRedirect]) -> None:
    def replace_urls(text: str) -> str:
        for id_, redirect in redirects.items():
            text = change_table(text, "source", id_, {"feed": redirect.url})
        return text

    if not redirects:
        click.echo(f"There is no new address to write; {path} is unchanged.")
        return
    edit_file(path, replace_urls, os.environ)
    addresses = count_noun(len(redirects), "address", "addresses")
    click.echo(f"{addresses} written to {path}.")
