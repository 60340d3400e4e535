"""`publish`: every page and feed as a file."""

import os
import signal
import sys
import tempfile
from pathlib import Path

import click

from aggregator.cli.shared import configured
from aggregator.edition import Edition, file_of
from aggregator.errors import WriteError

__all__ = ["publish"]


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.pass_obj
def publish(path: Path, folder: Path) -> None:
    """Write every feed and page into FOLDER, for any web server.

    A file stands under the path of its address (topics/drug-war.atom), a page as the
    index.html of its folder. Only what has changed is written, and each file appears whole.
    """
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # tidy up, as for ^C
    written = unchanged = 0
    with configured(path) as (config, store):
        edition = Edition(config, store)
        for place in edition.paths():
            found = edition.find(place)
            document = found.make() if found else None
            if document is None:
                continue
            if _write(folder / file_of(place), document.body):
                written += 1
            else:
                unchanged += 1
    click.echo(f"{folder}: {written} files written, {unchanged} unchanged.")


def _write(file: Path, body: bytes) -> bool:
    """Write a file whole or not at all; False if it holds these bytes already."""
    try:
        if file.is_file() and file.read_bytes() == body:
            return False
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=file.parent, prefix=".new-", delete=False) as new:
            try:
                new.write(body)
                new.flush()
                os.fchmod(new.fileno(), 0o644)
                Path(new.name).replace(file)
            except BaseException:
                Path(new.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise WriteError(
            f"Cannot write {file} ({error.strerror}); choose another folder or make room."
        ) from error
    return True
