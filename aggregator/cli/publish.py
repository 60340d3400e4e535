"""`publish`: the static export."""

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from aggregator.calendar import advance
from aggregator.cli.common import log_to_stderr, open_config
from aggregator.cli.options import NonEmptyPath
from aggregator.notifiers import notify_subscribers
from aggregator.site import PublicSite
from aggregator.site.export import export_site
from aggregator.startup import rename

__all__ = ["publish"]


@click.command()
@click.argument("folder", type=NonEmptyPath(file_okay=False, path_type=Path))
@click.pass_obj
def publish(path: Path, folder: Path) -> None:
    """Write every feed and page into FOLDER, for any web server.

    A feed is a file at the path of its URL (topics/drug-war.atom), a page is the index.html of its
    folder, and next to each are compressed forms (.gz, .br, .zst) for web servers that send them.
    Only files that have changed are written, each in one step. Files that an earlier run wrote and
    that are no longer published are removed; other files are left alone. Then hubs and subscribers
    are notified of the changes.
    """
    log_to_stderr()
    with open_config(path) as (config, store):
        now = datetime.now(UTC)
        rename(config, store, now)
        advance(config, store, now)
        with _progress() as on_progress:
            report = export_site(
                PublicSite(config, store), folder, os.cpu_count() or 1, on_progress
            )
        asyncio.run(notify_subscribers(config, store))
    click.echo(
        f"{folder}: {report.written} files written, {report.unchanged} unchanged, "
        f"{report.removed} removed."
    )


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A callback that shows a progress bar on a terminal."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    with click.progressbar(
        length=0, label="Writing", show_pos=True, width=20, file=sys.stderr
    ) as bar:

        def show(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield show
