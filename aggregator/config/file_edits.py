"""feeds.toml is replaced whole or not at all, and never if it has changed underneath.

    lock its folder | read | edit | check | compare | temporary file, fsync, rename

Other programs do not take the lock, so the file is compared once more right before it is replaced.
"""

import difflib
import errno
import fcntl
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from aggregator.config.key_lines import lines_of
from aggregator.config.loader import decode, parse_config
from aggregator.errors import FileChanged, WriteError

__all__ = ["FileEdit", "create_file", "edit_file", "preview_edit", "restore_file"]


SAMPLES = Path(__file__).resolve().parent / "samples"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEdit:
    """The text of feeds.toml before and after an edit, exactly."""

    before: str
    after: str

    @property
    def diff(self) -> str:
        """The changed lines, as a unified diff without the names of files."""
        lines = difflib.unified_diff(lines_of(self.before), lines_of(self.after), n=2)
        shown = (line if line.endswith("\n") else f"{line}\n" for line in list(lines)[2:])
        return "".join(shown)


def preview_edit(
    path: Path, change: Callable[[str], str], environment: Mapping[str, str]
) -> FileEdit:
    """What an edit would change; see `edit_file`."""
    before = _read(path)
    try:
        after = change(before)
    except tomllib.TOMLDecodeError:
        parse_config(decode(before.encode(), path), path, environment)  # says what is wrong
        raise
    parse_config(decode(after.encode(), path), path, environment)
    return FileEdit(before=before, after=after)


def edit_file(
    path: Path,
    change: Callable[[str], str],
    environment: Mapping[str, str],
    *,
    based_on: str | None = None,
) -> FileEdit:
    """Apply `change` to the text of feeds.toml and save the result.

    `based_on` is the text that the operator has seen; without it, any is changed. Raises
    ConfigError if the result has problems, FileChanged if the file is no longer as it was, and
    WriteError if it cannot be written; then the file is as it was.
    """
    if path.resolve().parent == SAMPLES:
        raise WriteError(
            f"{path} is the sample of the program; run `aggregator init --sample` in a folder of "
            "your own."
        )
    with _locked(path):
        edit = preview_edit(path, change, environment)
        if based_on is not None and edit.before != based_on:
            raise FileChanged(path)
        if edit.after != edit.before:
            _replace(path, edit)
        return edit


def create_file(path: Path, text: str) -> None:
    """Write a new file, whole or not at all. Raises WriteError, also if it exists."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        _write_durably(temporary, text, 0o644)
        os.link(temporary, path)  # unlike a rename, it never replaces a file
    except FileExistsError as error:
        raise WriteError(f"{path} already exists; it was not changed.") from error
    except OSError as error:
        raise WriteError(f"Cannot write {path} ({error.strerror}).") from error
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)


def restore_file(path: Path, text: str, now: datetime) -> None:
    """Write a file that is missing, or damaged; a damaged one is kept under another name. Raises
    WriteError."""
    with _locked(path):
        if path.exists():
            damaged = path.with_name(f"{path.name}.damaged-{now:%Y%m%d-%H%M%S}")
            try:
                path.rename(damaged)
            except OSError as error:
                raise WriteError(f"Cannot rename {path} ({error.strerror}).") from error
        create_file(path, text)


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError:
        decode(path.read_bytes(), path)  # says what is wrong
        raise
    except FileNotFoundError as error:
        message = (
            f"{path} does not exist any more; put it back, or write one with `aggregator init`."
        )
        raise WriteError(message) from error
    except OSError as error:
        raise WriteError(f"Cannot read {path} ({error.strerror}).") from error


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock of the folder, so that two edits are made one after the other."""
    try:
        folder = os.open(path.resolve().parent, os.O_RDONLY)
    except OSError as error:
        raise WriteError(f"Cannot open the folder of {path} ({error.strerror}).") from error
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _replace(path: Path, edit: FileEdit) -> None:
    target = path.resolve()
    temporary = target.with_name(f".{target.name}.part")
    try:
        mode = target.stat().st_mode & 0o7777
        if not mode & 0o222:  # root could, but the operator does not want it
            raise PermissionError(errno.EACCES, "it is read-only")
        _write_durably(temporary, edit.after, mode)
        _keep_owner(temporary, target)
        if target.read_bytes() != edit.before.encode():
            raise FileChanged(path)
        temporary.replace(target)
    except OSError as error:
        raise WriteError(
            f"Cannot write {path} ({error.strerror}); it was not changed. {_advice(error)}"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(target.parent)


def _advice(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "Free some space and try again."
    return "Check its permissions and those of its folder."


def _write_durably(temporary: Path, text: str, mode: int) -> None:
    with temporary.open("wb") as file:
        file.write(text.encode())
        file.flush()
        os.fchmod(file.fileno(), mode)
        os.fsync(file.fileno())


def _keep_owner(temporary: Path, target: Path) -> None:
    """Give the new file the owner of the old one; only root can, and needs to."""
    before = target.stat()
    if os.geteuid() == 0 and (before.st_uid, before.st_gid) != (0, 0):
        os.chown(temporary, before.st_uid, before.st_gid)


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
