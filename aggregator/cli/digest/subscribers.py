"""`digest subscribers` and `digest forget`: who gets the digest."""

import io
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import click

from aggregator.cli.common import open_config
from aggregator.cli.options import CommandGroup, NonEmptyPath
from aggregator.cli.tables import count_noun
from aggregator.digest.sign_up import SignUps, find_subscriber
from aggregator.digest.signed_links import open_link_signer
from aggregator.digest.subscriber_lists import import_subscribers, write_subscribers
from aggregator.errors import CommandError
from aggregator.site.digest_pages import default_preferences

__all__ = ["forget", "subscribers"]

MAX_PROBLEMS_SHOWN = 20


@click.group(cls=CommandGroup)
def subscribers() -> None:
    """Import or export subscribers."""


@subscribers.command(name="import")
@click.argument("file", type=NonEmptyPath(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def import_(path: Path, file: Path) -> None:
    """Add the subscribers of a CSV file whose first line names the columns.

    Only `address` is needed; `topics` (ids, with spaces between them), `frequency`, `weekday`,
    `hour`, `timezone`, `language`, `confirmed_at` and `state` may follow. They need not confirm
    again, so import only people who have agreed. Anyone who has unsubscribed is not added again.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise CommandError(f"{file} is not in UTF-8; save it as CSV in UTF-8.") from error
    with open_config(path) as (config, store):
        signer = open_link_signer(config.site.url, store)
        found = import_subscribers(
            io.StringIO(text, newline=""), store, signer, config.topics,
            default_preferences(config), datetime.now(UTC),
        )  # fmt: skip
    click.echo(
        f"{count_noun(found.added, 'subscriber', 'subscribers')} added; {found.known:,} already "
        f"known, {found.left:,} had unsubscribed and were not added."
    )
    for problem in found.problems[:MAX_PROBLEMS_SHOWN]:
        click.echo(problem, err=True)
    if len(found.problems) > MAX_PROBLEMS_SHOWN:
        click.echo(f"… and {len(found.problems) - MAX_PROBLEMS_SHOWN:,} more.", err=True)
    if found.problems:
        lines = count_noun(len(found.problems), "line was", "lines were")
        raise CommandError(f"{lines} left out.")


@subscribers.command()
@click.argument("file", type=NonEmptyPath(dir_okay=False, path_type=Path), required=False)
@click.pass_obj
def export(path: Path, file: Path | None) -> None:
    """Write all subscribers as CSV to a new FILE, or to standard output."""
    with open_config(path) as (config, store):
        people = store.digest_subscribers.all()
        if file is None:
            write_subscribers(people, config.topics, sys.stdout)
            return
        try:
            with _new_private_file(file) as opened:
                count = write_subscribers(people, config.topics, opened)
        except FileExistsError as error:
            raise CommandError(f"{file} exists already; name a new file.") from error
        except OSError as error:
            raise CommandError(f"{file} cannot be written ({error.strerror}).") from error
    click.echo(f"{count_noun(count, 'subscriber', 'subscribers')} written to {file}.")


@click.command()
@click.argument("address")
@click.pass_obj
def forget(path: Path, address: str) -> None:
    """Delete everything that is stored about an address.

    What remains is a keyed hash, which does not show the address; it keeps an import from adding
    it again.
    """
    with open_config(path) as (config, store):
        found = find_subscriber(store, address)
        if found is None:
            raise CommandError("Nothing is stored about this address.")
        signer = open_link_signer(config.site.url, store)
        SignUps(store, signer).leave(found.id, datetime.now(UTC))
    click.echo("Everything about this address is deleted.")


def _new_private_file(file: Path) -> TextIO:
    """A new file that only its owner may read: it has people's addresses."""
    descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    return os.fdopen(descriptor, "w", encoding="utf-8", newline="")
