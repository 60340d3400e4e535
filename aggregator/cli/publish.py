"""`publish`: every page and feed as a file."""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import click

from aggregator import __version__
from aggregator.cli.common import log_to_stderr, open_config
from aggregator.config import Config
from aggregator.errors import WriteError
from aggregator.model import Revision, hash_values
from aggregator.notifier import notify_once
from aggregator.render.compress import ENCODINGS, compress
from aggregator.site import PublicSite, Resource, export_file_name

__all__ = ["publish"]

LISTING = ".published"
"""The file that lists what was written."""


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.pass_obj
def publish(path: Path, folder: Path) -> None:
    """Write every feed and page into FOLDER, for any web server.

    A file stands under the path of its address (topics/drug-war.atom), a page as the
    index.html of its folder, and beside each what a web server sends instead to those who can
    unpack it (.gz, .br, .zst). Only what has changed is written, and each file appears whole.
    What it wrote before and does not publish any more is removed; other files are let be.
    Then hubs and subscribers are told of what has changed.
    """
    log_to_stderr()
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # tidy up, as for ^C
    before = _listed(folder)
    files: dict[str, str] = {}
    written = 0
    with open_config(path) as (config, store):
        store.rename_topics(config.topics, datetime.now(UTC))
        edition = PublicSite(config, store)
        for place in edition.paths():
            found = edition.find(place)
            if found is None:
                continue
            name = export_file_name(place)
            state = _state(found, store.revision(*found.scopes), config)
            known = {each: before[each] for each in _names(name) if each in before}
            if known.get(name, "").startswith(state) and _stand(folder, known):
                files |= known
                continue
            document = found.build()
            if document is None or document.status != 200:
                continue
            for each, body in _codings(name, document.body):
                files[each] = f"{state} {len(body)}"
                written += _write(folder / each, body)
        removed = _remove_others(folder, before, files)
        asyncio.run(notify_once(config, store))
    unchanged = len(files) - written
    click.echo(f"{folder}: {written} files written, {unchanged} unchanged, {removed} removed.")


def _state(place: Resource, revision: Revision, config: Config) -> str:
    """The same as long as nothing that stands in a file can have changed."""
    return hash_values(place.scopes, revision, config.changed, config.site, __version__)


def _stand(folder: Path, known: Mapping[str, str]) -> bool:
    """True if the files are there, and as large as they were written."""
    try:
        sizes = {name: (folder / name).stat().st_size for name in known}
    except OSError:
        return False
    return all(state.endswith(f" {sizes[name]}") for name, state in known.items())


def _names(name: str) -> list[str]:
    """A file, and its codings."""
    return [name, *(f"{name}.{ending}" for ending in ENCODINGS.values())]


def _codings(name: str, body: bytes) -> Iterator[tuple[str, bytes]]:
    """The files to write: the document and its codings."""
    yield name, body
    for coding, ending in ENCODINGS.items():
        if (coded := compress(body, coding)) is not None:
            yield f"{name}.{ending}", coded


def _listed(folder: Path) -> dict[str, str]:
    """What an earlier run wrote, and the state that it was of."""
    listing = folder / LISTING
    try:
        lines = listing.read_text(encoding="utf-8").splitlines() if listing.is_file() else []
    except (OSError, UnicodeError) as error:
        raise WriteError(_unreadable(listing, error)) from error
    return {name: state for name, _, state in (line.partition("\t") for line in lines)}


def _remove_others(folder: Path, before: Mapping[str, str], files: Mapping[str, str]) -> int:
    """Remove what an earlier run wrote and this one did not: a right that was withdrawn, say."""
    listing = folder / LISTING
    gone = sorted(set(before) - set(files))
    try:
        for name in gone:
            _remove(folder.resolve(), (folder / name).resolve())
    except OSError as error:
        raise WriteError(_unreadable(listing, error)) from error
    lines = "".join(f"{name}\t{state}\n" for name, state in files.items())
    _write(listing, lines.encode())
    return len(gone)


def _unreadable(listing: Path, error: Exception) -> str:
    return (
        f"Cannot remove what {listing} lists ({error}); remove that file, and by hand what "
        "is published no more."
    )


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
