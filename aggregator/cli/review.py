"""`held` and `moved`: what waits for an operator's word."""

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from aggregator import config as configuration
from aggregator.cli.common import open_config, select_sources
from aggregator.config import editor
from aggregator.ingest.schedule import is_redirect_confirmed
from aggregator.model import PermanentRedirect

__all__ = ["held", "moved"]

SHOWN = 50


@click.command()
@click.argument("id_", metavar="[ID]", required=False)
@click.option("--release", is_flag=True, help="Publish them, each at its own date.")
@click.option("--drop", is_flag=True, help="Never publish them.")
@click.pass_obj
def held(path: Path, id_: str | None, release: bool, drop: bool) -> None:
    """Show the stories that are held back, and decide about them.

    A source that has long been read and suddenly brings more than max_new articles at once,
    and far more than its rhythm promises, has most likely had an accident: it moved to
    another system, say, and gave its whole archive new names. Readers are spared until you
    have looked.
    """
    if release and drop:
        raise click.UsageError("--release and --drop exclude each other")
    if (release or drop) and id_ is None:
        raise click.UsageError("name the source whose stories you decide about")
    with open_config(path) as (config, store):
        if id_ is None:
            waiting = [h for h in store.health() if h.held_stories]
            for health in waiting:
                click.echo(f"{health.source}: {health.held_stories} stories")
            if not waiting:
                click.echo("Nothing is held.")
            return
        (source,) = select_sources(config, [id_])
        if release:
            click.echo(f"{store.release(source.id, datetime.now(UTC))} stories are published.")
        elif drop:
            click.echo(f"{store.drop(source.id)} stories will not be published.")
        else:
            for story in store.held(source.id, SHOWN):
                click.echo(f"{story.published:%Y-%m-%d %H:%M}  {story.id}  {story.lead.title}")


@click.command()
@click.option("--write", is_flag=True, help="Write the new addresses into feeds.toml.")
@click.pass_obj
def moved(path: Path, write: bool) -> None:
    """Show the feeds that have moved for good, and write their new addresses down.

    A permanent redirect is believed after three readable feeds from the new address over a
    day. From then on the new address is asked; the one in feeds.toml stays until --write,
    which changes those addresses and nothing else, comments included.
    """
    now = datetime.now(UTC)
    with open_config(path) as (config, store):
        listed = {source.id: source for source in config.all_sources}
        moves = {
            h.source: h.redirect for h in store.health() if h.redirect.url and h.source in listed
        }
    believed = {
        id_: move
        for id_, move in moves.items()
        if is_redirect_confirmed(move, now) and not listed[id_].is_private
    }
    for id_, move in moves.items():
        state = "believed" if id_ in believed else "not believed yet"
        if listed[id_].is_private:
            state = "not followed: its secret is not meant for another address"
        click.echo(f"{id_}: {listed[id_].feed} -> {move.url} ({state}, {move.hits} times)")
    if not moves:
        click.echo("No feed has moved.")
    if write:
        _write(path, believed)


def _write(path: Path, moves: dict[str, PermanentRedirect]) -> None:
    text = path.read_bytes().decode()
    changed = editor.with_feeds(text, {id_: move.url for id_, move in moves.items()})
    configuration.parse(changed.lstrip("\ufeff"), path, os.environ)  # it must be right
    if changed != text:
        editor.write(path, changed)
    click.echo(f"{len(moves)} addresses written to {path}; restart `aggregator run`.")
