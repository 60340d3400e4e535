"""The static export: every resource as a file, for any web server.

A feed is a file at the path of its URL, a page is the index.html of its folder, and next to each
are its compressed forms. `.published` lists the files that were written, each with its state.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from aggregator import __version__
from aggregator.errors import WriteError
from aggregator.model import Revision, hash_values
from aggregator.render.compress import ENCODINGS, compress
from aggregator.site.document import Document, Resource
from aggregator.site.routes import PublicSite

__all__ = ["ExportReport", "export_file_name", "export_site"]

MANIFEST = ".published"
UNFINISHED = ".new-"
"""Beginning of the name of a file that is being written; eight more characters follow."""
FILE_MODE = 0o644


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportReport:
    """Numbers of files that were written, left unchanged and removed."""

    written: int
    unchanged: int
    removed: int


def export_site(site: PublicSite, folder: Path) -> ExportReport:
    """Write every resource into a folder. Raises WriteError.

    Only files that have changed are written, each atomically. Files of an earlier export that are
    no longer published are removed; other files are left alone. The folder must be empty, or hold
    an earlier export.
    """
    _claim(folder)
    before = _read_manifest(folder)
    files: dict[str, str] = {}
    try:
        written = sum(_export(site, path, folder, before, files) for path in site.paths())
    except BaseException:  # stopped: the next run must know what this one has written
        _write_manifest(folder, before | files)
        raise
    removed = _remove_stale(folder, before, files)
    for unfinished in folder.rglob(f"{UNFINISHED}????????"):  # of a run that was killed
        unfinished.unlink(missing_ok=True)
    return ExportReport(written=written, unchanged=len(files) - written, removed=removed)


def _export(
    site: PublicSite, path: str, folder: Path, before: Mapping[str, str], files: dict[str, str]
) -> int:
    """Write the document at a path and its compressed forms, unless they are there already; they
    are added to `files`. Returns how many were written."""
    resource = site.find(path)
    if resource is None:
        return 0
    name = export_file_name(path)
    state = _state(site, resource, site.store.lists.revision(*resource.scopes))
    previous = {each: before[each] for each in _file_names(name) if each in before}
    if previous.get(name, "").startswith(state) and _are_intact(folder, previous):
        files |= previous
        return 0
    document = resource.build()
    if document is None or document.status != 200:
        return 0
    encoded, written = dict(_encoded_files(name, document)), 0
    files |= dict.fromkeys(encoded, "")  # written again, if this run is stopped in between
    for each, body in encoded.items():
        written += _write(folder / each, body)
    files |= {each: f"{state} {len(body)}" for each, body in encoded.items()}
    return written


def export_file_name(path: str) -> str:
    """The file name of a public path; a page is the index.html of a folder."""
    if path.endswith("/"):
        return f"{path[1:]}index.html"
    is_file = "." in path.rpartition("/")[2]
    return path[1:] if is_file else f"{path[1:]}/index.html"


def _state(site: PublicSite, resource: Resource, revision: Revision) -> str:
    """A hash of everything that the file depends on."""
    config = site.config
    return hash_values(
        resource.scopes, revision, config.changed_at, config.site, config.theme, __version__
    )


def _are_intact(folder: Path, files: Mapping[str, str]) -> bool:
    """True if all files exist with the sizes that they were written with."""
    try:
        sizes = {name: (folder / name).stat().st_size for name in files}
    except OSError:
        return False
    return all(state.endswith(f" {sizes[name]}") for name, state in files.items())


def _file_names(name: str) -> list[str]:
    """The names of a file and its compressed forms."""
    return [name, *(f"{name}.{suffix}" for suffix in ENCODINGS.values())]


def _encoded_files(name: str, document: Document) -> Iterator[tuple[str, bytes]]:
    yield name, document.body
    if document.is_compressed:
        return
    for encoding, suffix in ENCODINGS.items():
        if (encoded := compress(document.body, encoding)) is not None:
            yield f"{name}.{suffix}", encoded


def _claim(folder: Path) -> None:
    """Mark the folder as ours with an empty manifest, unless it has one. Raises WriteError if it
    contains files but no manifest."""
    manifest = folder / MANIFEST
    try:
        if not manifest.is_file() and folder.is_dir() and any(folder.iterdir()):
            raise WriteError(
                f"{folder} is not empty, and `aggregator publish` has not written to it before. "
                "Choose an empty folder; if its files may be overwritten, create an empty file "
                f"{MANIFEST} in it."
            )
        if not manifest.is_file():
            folder.mkdir(parents=True, exist_ok=True)
            manifest.touch()
    except OSError as error:
        raise WriteError(
            f"Cannot write to {folder} ({error.strerror}); choose another folder."
        ) from error


def _read_manifest(folder: Path) -> dict[str, str]:
    """The files of an earlier export, with their states."""
    manifest = folder / MANIFEST
    try:
        lines = manifest.read_text(encoding="utf-8").splitlines() if manifest.is_file() else []
    except (OSError, UnicodeError) as error:
        raise WriteError(_manifest_error(manifest, error)) from error
    return {name: state for name, _, state in (line.partition("\t") for line in lines)}


def _remove_stale(folder: Path, before: Mapping[str, str], files: Mapping[str, str]) -> int:
    """Remove files of an earlier export that are not among these, such as stories that were taken
    down, and write the new manifest. Returns their number."""
    manifest = folder / MANIFEST
    stale = sorted(set(before) - set(files))
    try:
        for name in stale:
            _remove(folder.resolve(), (folder / name).resolve())
    except OSError as error:
        raise WriteError(_manifest_error(manifest, error)) from error
    _write_manifest(folder, files)
    return len(stale)


def _write_manifest(folder: Path, files: Mapping[str, str]) -> None:
    lines = "".join(f"{name}\t{state}\n" for name, state in files.items())
    _write(folder / MANIFEST, lines.encode())


def _manifest_error(manifest: Path, error: Exception) -> str:
    return (
        f"Cannot remove the files that {manifest} lists ({error}); empty {manifest.name} and "
        "delete, by hand, the files that are no longer published."
    )


def _remove(folder: Path, file: Path) -> None:
    """Remove a file below the folder, and folders that it leaves empty."""
    if folder not in file.parents:
        return
    file.unlink(missing_ok=True)
    for parent in file.parents:
        if parent == folder or not parent.is_dir() or any(parent.iterdir()):
            return
        parent.rmdir()


def _write(file: Path, body: bytes) -> bool:
    """Write a file atomically; False if it has these bytes already."""
    try:
        if file.is_file() and file.read_bytes() == body:
            return False
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            dir=file.parent, prefix=UNFINISHED, delete=False
        ) as temporary:
            try:
                temporary.write(body)
                temporary.flush()
                os.fchmod(temporary.fileno(), FILE_MODE)
                Path(temporary.name).replace(file)
            except BaseException:
                Path(temporary.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise WriteError(
            f"Cannot write {file} ({error.strerror}); choose another folder or free some space."
        ) from error
    return True
