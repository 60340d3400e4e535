"""Edits of feeds.toml that keep its comments and order."""

import os
from collections.abc import Mapping
from pathlib import Path

import tomlkit
from tomlkit.items import AoT, Array

from aggregator.errors import WriteError

__all__ = ["replace_feed_urls", "write"]


def replace_feed_urls(text: str, urls: Mapping[str, str]) -> str:
    """The text of a feeds.toml with these feed URLs, by source id."""
    byte_order_mark = "\ufeff" if text.startswith("\ufeff") else ""
    document = tomlkit.parse(text.removeprefix(byte_order_mark))
    sources = document.get("source")
    for table in sources if isinstance(sources, AoT | Array) else ():
        if (url := urls.get(str(table.get("id")))) is not None:
            table["feed"] = url
    return byte_order_mark + document.as_string()


def write(path: Path, text: str) -> None:
    """Replace a file in one step, or leave it as it was. Raises WriteError."""
    temporary = path.with_name(f".{path.name}.part")
    try:
        temporary.write_bytes(text.encode())
        temporary.chmod(path.stat().st_mode)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path.resolve())
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise WriteError(
            f"Cannot write {path} ({error.strerror}); it was not changed. Check its permissions."
        ) from error
