"""`set`, `remove` and `rename`: changes of feeds.toml that keep its comments and order."""

import os
import tomllib
from functools import partial
from pathlib import Path
from typing import Any

import click

from aggregator.cli.completion import complete_either, complete_key, complete_source
from aggregator.config.editor import change_table, remove_table, rename_source, rename_topic
from aggregator.config.file_edits import FileEdit, edit_file, preview_edit
from aggregator.errors import CommandError, ConfigError, UnknownName
from aggregator.startup import load_config

__all__ = ["remove", "rename", "set_"]

_DRY_RUN = click.option("--dry-run", is_flag=True, help="Only show the changed lines.")


@click.command(name="set")
@click.argument("id_", metavar="ID", shell_complete=complete_source)
@click.argument("key", shell_complete=complete_key)
@click.argument("value", required=False)
@click.option("--unset", is_flag=True, help="Remove the key, so that its default applies.")
@_DRY_RUN
@click.pass_obj
def set_(path: Path, id_: str, key: str, value: str | None, unset: bool, dry_run: bool) -> None:
    """Change a key of a source in feeds.toml.

    The changed lines are shown. VALUE is text, or a value as written in TOML.

    \b
    Examples:
      aggregator set truthout feed https://truthout.org/latest/feed/
      aggregator set truthout enabled false
      aggregator set truthout topics '["labor", "climate"]'
    """
    if unset == (value is not None):
        raise click.UsageError("give a VALUE, or --unset")
    given = None if value is None else _value(key, value)
    _apply(path, partial(change_table, kind="source", id_=id_, values={key: given}), dry_run)


def _value(key: str, text: str) -> Any:
    """The value of a key: TOML where the key takes more than text, else the text itself."""
    from aggregator.config.schema import SourceTable

    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
    field = SourceTable.model_fields.get(key)
    is_text = field is not None and "str" in str(field.annotation).split("[")[0]
    return text if is_text and not isinstance(value, str) else value


@click.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...", shell_complete=complete_source)
@_DRY_RUN
@click.pass_obj
def remove(path: Path, ids: tuple[str, ...], dry_run: bool) -> None:
    """Remove sources from feeds.toml; their articles stay.

    The removed lines are shown. To hide articles, see `aggregator hide`. To stop fetching a source
    for a while, use `aggregator set ID enabled false` instead.
    """

    def without(text: str) -> str:
        for id_ in ids:
            text = remove_table(text, "source", id_)
        return text

    _apply(path, without, dry_run)


@click.command()
@click.argument("old", shell_complete=complete_either)
@click.argument("new")
@_DRY_RUN
@click.pass_obj
def rename(path: Path, old: str, new: str, dry_run: bool) -> None:
    """Give a source or topic another id; its history stays.

    Its subscribers and pages stay, too: the former id is kept in `was`, and its addresses
    redirect. Public ids of stories do not change.
    """
    config = load_config(path)
    sources = {source.id for source in config.all_sources}
    topics = {topic.id for topic in config.topics}
    if old in sources and old in topics:
        message = f"{old!r} is both a source and a topic; rename it in feeds.toml, with `was`."
        raise CommandError(message)
    if old not in sources | topics:
        raise UnknownName("source or topic", old, sources | topics)
    if new in (sources if old in sources else topics):
        raise CommandError(f"The id {new!r} is taken.")
    rename_table = rename_source if old in sources else rename_topic
    _apply(path, partial(rename_table, old=old, new=new), dry_run)


def _apply(path: Path, change: Any, dry_run: bool) -> None:
    try:
        edit: FileEdit = (preview_edit if dry_run else edit_file)(path, change, os.environ)
    except ConfigError as error:
        issues = "; ".join(map(str, error.issues))
        message = f"Nothing was changed, because {path} would be wrong: {issues}."
        raise CommandError(message) from error
    if edit.before == edit.after:
        click.echo(f"There is nothing to change in {path}.")
        return
    click.echo(edit.diff, nl=False)
    click.echo(f"Nothing was written to {path}." if dry_run else f"Written to {path}.")
