"""A document in the codings that browsers and readers know; the same bytes every time."""

import gzip

import brotli
from backports import zstd

__all__ = ["ENCODINGS", "compress"]

ENCODINGS = {"br": "br", "zstd": "zst", "gzip": "gz"}
"""What is preferred first: coding, and the ending that web servers look for beside a file."""
MIN_COMPRESSED_BYTES = 500
"""Bytes."""
_LEVELS = {"br": 9, "zstd": 12, "gzip": 9}
"""Thorough, for it is done once per change: 30 KB take about 10 ms."""


def compress(body: bytes, coding: str) -> bytes | None:
    """The document in a coding, or None if that is not worth it."""
    if len(body) < MIN_COMPRESSED_BYTES:
        return None
    level = _LEVELS[coding]
    if coding == "br":
        made: bytes = brotli.compress(body, quality=level)
    elif coding == "zstd":
        made = zstd.compress(body, level)
    else:
        made = gzip.compress(body, level, mtime=0)
    return made if len(made) < len(body) else None
