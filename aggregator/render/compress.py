"""Compression of documents for HTTP; the same body gives the same bytes."""

import gzip

import brotli

from aggregator.text.zstd import zstd

__all__ = ["ENCODINGS", "compress"]

ENCODINGS = {"br": "br", "zstd": "zst", "gzip": "gz"}
"""Content encoding -> file suffix that web servers look for; preferred first."""
MIN_COMPRESSED_BYTES = 500
"""Smaller documents are not compressed."""
_LEVELS = {"br": 6, "zstd": 9, "gzip": 6}
"""Medium levels: higher ones take about ten times as long and save hardly any bytes."""


def compress(body: bytes, encoding: str) -> bytes | None:
    """The body in a content encoding; None if that saves nothing."""
    if len(body) < MIN_COMPRESSED_BYTES:
        return None
    level = _LEVELS[encoding]
    if encoding == "br":
        compressed: bytes = brotli.compress(body, quality=level)
    elif encoding == "zstd":
        compressed = zstd.compress(body, level)
    else:
        compressed = gzip.compress(body, level, mtime=0)
    return compressed if len(compressed) < len(body) else None
