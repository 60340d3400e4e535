"""`backup` and `doctor`: maintenance of the database."""

from datetime import UTC, datetime
from pathlib import Path

import click

from aggregator.cli.common import open_config
from aggregator.cli.options import NonEmptyPath, json_option
from aggregator.cli.tables import print_json
from aggregator.config_watch import current_config
from aggregator.store import restore_database
from aggregator.store.base import Store

__all__ = ["backup", "doctor", "restore"]


@click.command()
@click.argument("file", type=NonEmptyPath(dir_okay=False, path_type=Path))
@click.pass_obj
def backup(path: Path, file: Path) -> None:
    """Write a consistent copy of the database to FILE.

    The program may keep running meanwhile. FILE is replaced only once the copy is complete;
    `aggregator restore FILE` puts it back.
    """
    with open_config(path) as (_, store):
        store.maintenance.backup(file)
    click.echo(f"Database copied to {file} ({file.stat().st_size:,} bytes).")


@click.command()
@click.argument("file", type=NonEmptyPath(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def restore(path: Path, file: Path) -> None:
    """Replace the database with a backup.

    FILE is checked first, and refused if it is damaged or belongs to another program. While the
    program is running, nothing is restored. The old database is kept, with the time in its name.
    """
    config, _ = current_config(path)
    kept = restore_database(config.database, file, datetime.now().astimezone())
    click.echo(f"Restored {file} to {config.database}.")
    if kept:
        click.echo(
            f"The old database is kept as {kept.name}; delete it when you no longer need it."
        )


@click.command()
@click.option("--repair", is_flag=True, help="Repair what can be repaired.")
@click.option(
    "--undo-times", is_flag=True, help="Undo the last correction of times, and do nothing else."
)
@json_option
@click.pass_obj
def doctor(path: Path, repair: bool, undo_times: bool, as_json: bool) -> None:
    """Check the database, and repair it.

    The checks cover integrity, schema, references, search index, lists, counts and times. The exit
    code is 1 if there are problems that were not repaired. Before you use --repair, stop the
    program and make a backup.

    --repair sets times in the future to now, so check first that the clock is correct. It never
    changes a date that an outlet gave. --undo-times undoes the last correction of times; use it if
    the clock was wrong when they were corrected, and stop the program first.
    """
    if repair and undo_times:
        raise click.UsageError("--repair and --undo-times cannot be combined")
    now = datetime.now(UTC)
    with open_config(path) as (config, store):
        if undo_times:
            _undo_times(store, now)
            return
        found = store.maintenance.check(now)
        if repair and any(issue.can_repair for issue in found):
            with store.maintenance.lock("ingest"):
                store.maintenance.repair(now)
            left = store.maintenance.check(now)
        else:
            left = found
    if as_json:
        print_json([{"issue": each, "is_repaired": each not in left} for each in found])
        raise click.exceptions.Exit(1 if left else 0)
    for issue in found:
        state = "repaired" if issue not in left else "not repaired"
        advice = "" if not issue.can_repair or repair else "; --repair repairs it"
        click.echo(f"{issue.check}: {issue.description} ({state}{advice})")
    if not left:
        click.echo(f"{config.database}: no problems found.")
        return
    if not all(issue.can_repair or issue.check == "clock" for issue in left):
        click.echo("Restore a backup to fix what cannot be repaired.", err=True)
    raise click.exceptions.Exit(1)


def _undo_times(store: Store, now: datetime) -> None:
    with store.maintenance.lock("ingest"):
        count = store.maintenance.undo_correction(now)
    if not count:
        click.echo("There is nothing to undo: no times were corrected, or all have changed since.")
        return
    click.echo(f"Times put back: {count:,}.")
