"""`backup` and `doctor`: keeping the database well."""

from datetime import UTC, datetime
from pathlib import Path

import click

from aggregator.cli.common import open_config

__all__ = ["backup", "doctor"]


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def backup(path: Path, file: Path) -> None:
    """Copy the database into FILE, as it is at one moment.

    It may be run at any time, also while `aggregator run` works. FILE is replaced when the
    copy is whole. To go back to it, stop the program and put FILE in the database's place.
    """
    with open_config(path) as (_, store):
        store.backup(file)
    click.echo(f"{file} holds everything ({file.stat().st_size:,} bytes).")


@click.command()
@click.option("--repair", is_flag=True, help="Mend what can be mended.")
@click.pass_obj
def doctor(path: Path, repair: bool) -> None:
    """Check the database: integrity, schema, orphans, listings, books, times.

    The exit code is 1 if something is wrong and not mended. For --repair, stop the program
    and make a backup first.
    """
    now = datetime.now(UTC)
    with open_config(path) as (config, store):
        found = store.examine(now)
        if repair and any(finding.can_repair for finding in found):
            with store.ingesting():
                store.repair(now)
            left = store.examine(now)
        else:
            left = found
    for finding in found:
        state = "mended" if finding not in left else "not mended"
        advice = "" if not finding.can_repair or repair else "; --repair mends it"
        click.echo(f"{finding.check}: {finding.description} ({state}{advice})")
    if not left:
        click.echo(f"{config.database} is whole.")
        return
    if not all(finding.can_repair for finding in left):
        click.echo("What cannot be mended needs a backup put back.", err=True)
    raise click.exceptions.Exit(1)
