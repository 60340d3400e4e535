"""The files of exported documents, and the processes that write them.

A feed is a file at the path of its URL, a page is the index.html of its folder, and next to each
are its compressed forms.
"""

import os
import signal
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

from pebble import ProcessExpired

from aggregator.config import Config
from aggregator.errors import WriteError
from aggregator.garbage import tune_gc
from aggregator.processes import end_process_pool, open_process_pool
from aggregator.render.compress import ENCODINGS, compress
from aggregator.site.document import Document
from aggregator.site.routes import PublicSite
from aggregator.store import open_store

__all__ = [
    "UNFINISHED", "WrittenDocument", "export_file_name", "file_names", "write_documents",
    "write_file", "write_in_processes",
]  # fmt: skip

UNFINISHED = ".new-"
"""Beginning of the name of a file that is being written; the process and a number follow."""
FILE_MODE = 0o644


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenDocument:
    """The files of a document with their sizes in bytes, and how many of them were new
    or changed. There are none if there is no document."""

    path: str
    sizes: Mapping[str, int]
    written: int


def export_file_name(path: str) -> str:
    """The file name of a public path; a page is the index.html of a folder."""
    if path.endswith("/"):
        return f"{path[1:]}index.html"
    is_file = "." in path.rpartition("/")[2]
    return path[1:] if is_file else f"{path[1:]}/index.html"


def file_names(path: str) -> list[str]:
    """The names of the file of a public path and of its compressed forms."""
    name = export_file_name(path)
    return [name, *(f"{name}.{suffix}" for suffix in ENCODINGS.values())]


def write_documents(site: PublicSite, folder: Path, paths: Iterable[str]) -> list[WrittenDocument]:
    """Write the documents at these paths, each file in one step, unless it is there already.
    Raises WriteError."""
    return [_write_document(site, folder, path) for path in paths]


def _write_document(site: PublicSite, folder: Path, path: str) -> WrittenDocument:
    resource = site.find(path)
    document = resource.build() if resource else None
    if document is None or document.status != 200:
        return WrittenDocument(path=path, sizes={}, written=0)
    encoded = dict(_encoded_files(export_file_name(path), document))
    written = sum(write_file(folder / name, body) for name, body in encoded.items())
    sizes = {name: len(body) for name, body in encoded.items()}
    return WrittenDocument(path=path, sizes=sizes, written=written)


def _encoded_files(name: str, document: Document) -> Iterator[tuple[str, bytes]]:
    yield name, document.body
    if document.is_compressed:
        return
    for encoding, suffix in ENCODINGS.items():
        if (encoded := compress(document.body, encoding)) is not None:
            yield f"{name}.{suffix}", encoded


_numbers = count()


def write_file(file: Path, body: bytes) -> bool:
    """Write a file atomically; False if it has these bytes already. Raises WriteError."""
    target = os.fspath(file)
    try:
        if os.path.exists(target) and file.read_bytes() == body:  # noqa: PTH110 - twice as fast
            return False
        unfinished = f"{os.path.dirname(target)}/{UNFINISHED}{os.getpid()}-{next(_numbers)}"  # noqa: PTH120 - as above
        try:
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
        except FileNotFoundError:
            file.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
        try:
            with os.fdopen(descriptor, "wb") as opened:
                opened.write(body)
                os.fchmod(descriptor, FILE_MODE)  # whatever the umask
            os.replace(unfinished, target)  # noqa: PTH105 - as above
        except BaseException:
            Path(unfinished).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise WriteError(
            f"Cannot write {file} ({error.strerror}); choose another folder or free some space."
        ) from error
    return True


# ---- in processes


def write_in_processes(
    config: Config, folder: Path, batches: Sequence[Sequence[str]], processes: int
) -> Generator[list[WrittenDocument]]:
    """Write batches of documents in several processes, each with a connection of its own to the
    database. The results come in order. When the iterator is closed, the processes end. Raises
    WriteError."""
    pool = open_process_pool(processes, __name__, _open_site, config, folder)
    try:
        yield from pool.map(_write_batch, batches).result()
    except (ProcessExpired, BrokenProcessPool) as error:
        raise WriteError(
            f"A worker process died while writing files ({error}); see the system log. Run the "
            "command again to write the missing files."
        ) from error
    finally:
        end_process_pool(pool)


class _Worker:
    """State of a worker process, shared by its batches."""

    write: "partial[list[WrittenDocument]]"


def _open_site(config: Config, folder: Path) -> None:
    tune_gc()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command stops its processes itself
    site = PublicSite(config, open_store(config.database))
    _Worker.write = partial(write_documents, site, folder)


def _write_batch(paths: Sequence[str]) -> list[WrittenDocument]:
    return _Worker.write(paths)
