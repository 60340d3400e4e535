"""The static export: every resource as a file, for any web server.

    manifest of the last run, revisions --changed--> paths --write--> files (export_files)

`.published` lists the files that were written, each with the state of what it was made of.
"""

import os
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from aggregator import __version__
from aggregator.errors import WriteError
from aggregator.model import ListScope, Revision, hash_values
from aggregator.site.document import Resource
from aggregator.site.export_files import (
    UNFINISHED,
    WrittenDocument,
    export_file_name,
    file_names,
    write_documents,
    write_file,
    write_in_processes,
)
from aggregator.site.routes import PublicSite

__all__ = ["ExportReport", "export_site"]

MANIFEST = ".published"
BATCH_DOCUMENTS = 50
"""Documents that a process writes before it reports."""
FEW_DOCUMENTS = 500
"""With fewer, starting processes takes longer than writing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportReport:
    """Numbers of files that were written, left unchanged and removed."""

    written: int
    unchanged: int
    removed: int


def export_site(
    site: PublicSite,
    folder: Path,
    processes: int = 1,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> ExportReport:
    """Write every resource into a folder. Raises WriteError.

    Only files that have changed are written, each atomically. Files of an earlier export that are
    no longer published are removed; other files are left alone. The folder must be empty, or hold
    an earlier export. `on_progress` is called with the number of documents that are written, and
    that of those to write. With several `processes`, many documents are written in parallel.
    """
    _claim(folder)
    before, sizes = _read_manifest(folder), _sizes_of_files(folder)
    revisions = site.store.lists.revisions()
    basis = _basis(site)
    site_state = hash_values(basis, sorted(revisions.items()))
    is_known = before.pop(MANIFEST, "") == site_state
    _remove_unfinished(folder, sizes)
    if is_known and _are_intact(folder, before, sizes):
        return ExportReport(written=0, unchanged=len(before), removed=0)
    states, files, written = dict[str, str](), dict[str, str](), 0
    for path in site.paths():
        if resource := site.find(path):
            state = _state(basis, resource, revisions)
            previous = {name: before[name] for name in file_names(path) if name in before}
            is_same = previous.get(export_file_name(path), "").startswith(state)
            if is_same and _are_intact(folder, previous, sizes):
                files |= previous
            else:
                states[path] = state
    left = dict.fromkeys(states)
    planned = (name for path in states for name in file_names(path))
    _write_manifest(folder, dict.fromkeys(planned, "") | files | before)  # if this run is killed
    try:
        with closing(_written(site, folder, list(states), processes)) as documents:
            for document in documents:
                state = states[document.path]
                files |= {name: f"{state} {size}" for name, size in document.sizes.items()}
                written += document.written
                del left[document.path]
                on_progress(len(states) - len(left), len(states))
    except BaseException:  # stopped: the next run must know what this one has written
        for path in left:
            names = (name for name in file_names(path) if (folder / name).exists())
            files |= dict.fromkeys(names, "")
        _write_manifest(folder, before | files)
        raise
    removed = _remove_stale(folder, before, files)
    _write_manifest(folder, {MANIFEST: site_state, **files})
    return ExportReport(written=written, unchanged=len(files) - written, removed=removed)


def _written(
    site: PublicSite, folder: Path, paths: Sequence[str], processes: int
) -> Generator[WrittenDocument]:
    """Write the documents at these paths."""
    if processes == 1 or len(paths) < FEW_DOCUMENTS:
        for path in paths:
            yield from write_documents(site, folder, [path])
        return
    starts = range(0, len(paths), BATCH_DOCUMENTS)
    batches = [paths[start : start + BATCH_DOCUMENTS] for start in starts]
    with closing(write_in_processes(site.config, folder, batches, processes)) as results:
        for documents in results:
            yield from documents


def _basis(site: PublicSite) -> str:
    """A hash of what all files depend on."""
    config = site.config
    return hash_values(config.changed_at, config.site, config.theme, __version__)


def _state(basis: str, resource: Resource, revisions: Mapping[ListScope, Revision]) -> str:
    """A hash of everything that the file depends on."""
    found = [revisions[scope] for scope in resource.scopes if scope in revisions]
    return hash_values(basis, resource.scopes, found)


# ---- the folder


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


def _sizes_of_files(folder: Path) -> dict[str, int]:
    """The files in the folder, by their path below it, with their sizes in bytes."""
    sizes: dict[str, int] = {}
    below = [""]
    while below:
        name = below.pop()
        with suppress(PermissionError, FileNotFoundError), os.scandir(folder / name) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    below.append(f"{name}{entry.name}/")
                elif entry.is_file():
                    sizes[f"{name}{entry.name}"] = entry.stat().st_size
    return sizes


def _are_intact(folder: Path, files: Mapping[str, str], sizes: Mapping[str, int]) -> bool:
    """True if all files exist with the sizes that they were written with."""

    def size_of(name: str) -> int | None:
        if name in sizes:
            return sizes[name]
        try:  # in a folder that is a link
            return (folder / name).stat().st_size
        except OSError:
            return None

    return all(state.endswith(f" {size_of(name)}") for name, state in files.items())


def _remove_unfinished(folder: Path, sizes: Mapping[str, int]) -> None:
    """Remove what a run that was killed had begun to write."""
    for name in sizes:
        if name.rpartition("/")[2].startswith(UNFINISHED):
            (folder / name).unlink(missing_ok=True)


def _remove_stale(folder: Path, before: Mapping[str, str], files: Mapping[str, str]) -> int:
    """Remove files of an earlier export that are not among these, such as stories that were taken
    down. Returns their number."""
    stale = sorted(set(before) - set(files))
    try:
        return sum(_remove(folder.resolve(), (folder / name).resolve()) for name in stale)
    except OSError as error:
        raise WriteError(_manifest_error(folder / MANIFEST, error)) from error


def _remove(folder: Path, file: Path) -> bool:
    """Remove a file below the folder, and folders that it leaves empty; False if there is none."""
    if folder not in file.parents or not file.exists():
        return False
    file.unlink()
    for parent in file.parents:
        if parent == folder or not parent.is_dir() or any(parent.iterdir()):
            break
        parent.rmdir()
    return True


# ---- the manifest


def _read_manifest(folder: Path) -> dict[str, str]:
    """The files of an earlier export with their states. Its own state is that of the whole site."""
    manifest = folder / MANIFEST
    try:
        lines = manifest.read_text(encoding="utf-8").splitlines() if manifest.is_file() else []
    except (OSError, UnicodeError) as error:
        raise WriteError(_manifest_error(manifest, error)) from error
    return {name: state for name, _, state in (line.partition("\t") for line in lines)}


def _write_manifest(folder: Path, files: Mapping[str, str]) -> None:
    lines = "".join(f"{name}\t{state}\n" for name, state in files.items())
    write_file(folder / MANIFEST, lines.encode())


def _manifest_error(manifest: Path, error: Exception) -> str:
    return (
        f"Cannot remove the files that {manifest} lists ({error}); empty {manifest.name} and "
        "delete, by hand, the files that are no longer published."
    )
