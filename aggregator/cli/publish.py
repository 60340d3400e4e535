"""`publish`: every page and feed as a file."""

import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from aggregator.cli.shared import configured
from aggregator.edition import Edition, file_of
from aggregator.errors import WriteError

__all__ = ["publish"]

LISTING = ".published"
"""The file that lists what was written."""


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.pass_obj
def publish(path: Path, folder: Path) -> None:
    """Write every feed and page into FOLDER, for any web server.

    A file stands under the path of its address (topics/drug-war.atom), a page as the
    index.html of its folder. Only what has changed is written, and each file appears whole.
    What it wrote before and does not publish any more is removed; other files are let be.
    """
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # tidy up, as for ^C
    written, files = 0, []
    with configured(path) as (config, store):
        edition = Edition(config, store)
        for place in edition.paths():
            found = edition.find(place)
            document = found.make() if found else None
            if document is None:
                continue
            files.append(file_of(place))
            written += _write(folder / files[-1], document.body)
    removed = _remove_others(folder, files)
    unchanged = len(files) - written
    click.echo(f"{folder}: {written} files written, {unchanged} unchanged, {removed} removed.")


def _remove_others(folder: Path, files: Sequence[str]) -> int:
    """Remove what an earlier run wrote and this one did not: a right that was withdrawn, say."""
    listing = folder / LISTING
    try:
        before = listing.read_text(encoding="utf-8").splitlines() if listing.is_file() else []
        gone = sorted(set(before) - set(files))
        for name in gone:
            _remove(folder.resolve(), (folder / name).resolve())
    except (OSError, UnicodeError) as error:
        raise WriteError(
            f"Cannot remove what {listing} lists ({error}); remove that file, and by hand what "
            "is published no more."
        ) from error
    _write(listing, "".join(f"{name}\n" for name in files).encode())
    return len(gone)


def _remove(folder: Path, file: Path) -> None:
    """Remove a file below the folder, and the folders that it leaves empty."""
    if folder not in file.parents:
        return
    file.unlink(missing_ok=True)
    for parent in file.parents:
        if parent == folder or not parent.is_dir() or any(parent.iterdir()):
            return
        parent.rmdir()


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
