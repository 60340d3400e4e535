"""Changes to the text of feeds.toml that keep everything an operator wrote around them."""

import os
from collections.abc import Mapping
from pathlib import Path

import tomlkit
from tomlkit.items import AoT, Array

from aggregator.errors import WriteError

__all__ = ["with_feeds", "write"]


def with_feeds(text: str, feeds: Mapping[str, str]) -> str:
    """The same feeds.toml with these feed addresses, by source id; comments and order stay."""
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    document = tomlkit.parse(text.removeprefix(mark))
    listed = document.get("source")
    for table in listed if isinstance(listed, AoT | Array) else ():
        if (address := feeds.get(str(table.get("id")))) is not None:
            table["feed"] = address
    return mark + document.as_string()


def write(path: Path, text: str) -> None:
    """Replace a file, whole or not at all. Raises WriteError."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(text.encode())
        part.chmod(path.stat().st_mode)
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(path.resolve())
    except OSError as error:
        part.unlink(missing_ok=True)
        raise WriteError(f"Cannot write {path} ({error.strerror}); it is as it was.") from error
