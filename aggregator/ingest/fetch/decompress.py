"""Bodies that are compressed in ways that aiohttp does not undo.

It undoes one of gzip, deflate and br, where the header names it. Servers also say `x-gzip`, or
`gzip, gzip`, or nothing at all and send a file that was stored compressed (RFC 9110, section 8.4).
"""

import zlib
from collections.abc import Sequence

import brotli

__all__ = ["DecompressedTooLarge", "decompress", "is_gzip", "undone_by_aiohttp"]

MAX_ROUNDS = 3
"""Times that a body may be compressed."""
READ_BYTES = 64 * 1024
_GZIP = b"\x1f\x8b\x08"
_WINDOW_GZIP = 31
"""zlib's name for gzip with the largest window."""


class DecompressedTooLarge(Exception):
    """A body is larger than the limit when decompressed."""


def undone_by_aiohttp(encodings: Sequence[str]) -> bool:
    """True if a response with these content codings comes decompressed, or is not compressed."""
    return len(encodings) <= 1 and "x-gzip" not in encodings


def is_gzip(body: bytes) -> bool:
    """True if a body begins as gzip does (RFC 1952, section 2.3.1)."""
    return body.startswith(_GZIP)


def decompress(body: bytes, encodings: Sequence[str], max_bytes: int) -> bytes:
    """The body without these content codings, listed in the order in which they were applied, and
    without any gzip that no header names.

    Raises DecompressedTooLarge, or ValueError if the body is not compressed as it says.
    """
    rounds = 0
    for coding in reversed(encodings):
        if coding in ("gzip", "x-gzip") and body.startswith(_GZIP):
            body = _inflate(body, _WINDOW_GZIP, max_bytes)
        elif coding == "deflate":
            body = _inflate_deflate(body, max_bytes)
        elif coding == "br":
            body = _inflate_brotli(body, max_bytes)
        else:
            continue  # "utf-8", "none", "identity": a mistake, or nothing
        rounds += 1
        if rounds > MAX_ROUNDS:
            raise ValueError("compressed too many times")
    while body.startswith(_GZIP) and rounds < MAX_ROUNDS:
        body = _inflate(body, _WINDOW_GZIP, max_bytes)
        rounds += 1
    return body


def _inflate(body: bytes, window: int, max_bytes: int) -> bytes:
    parts: list[bytes] = []
    size, rest = 0, body
    while rest:
        inflater = zlib.decompressobj(window)
        try:
            while rest and not inflater.eof:
                parts.append(inflater.decompress(rest, READ_BYTES))
                size += len(parts[-1])
                if size > max_bytes:
                    raise DecompressedTooLarge
                rest = inflater.unconsumed_tail
        except zlib.error as error:
            raise ValueError(str(error)) from error
        if not inflater.eof:
            raise ValueError("the body ends too early")
        rest = inflater.unused_data
        if not rest.startswith(_GZIP):  # padding; another member goes on
            break
    return b"".join(parts)


def _inflate_deflate(body: bytes, max_bytes: int) -> bytes:
    """zlib data, or raw deflate data, which some servers send instead."""
    try:
        return _inflate(body, zlib.MAX_WBITS, max_bytes)
    except ValueError:
        return _inflate(body, -zlib.MAX_WBITS, max_bytes)


def _inflate_brotli(body: bytes, max_bytes: int) -> bytes:
    inflater, parts, size = brotli.Decompressor(), list[bytes](), 0
    try:
        parts.append(inflater.process(body, output_buffer_limit=READ_BYTES))
        while not inflater.is_finished():
            size += len(parts[-1])
            if size > max_bytes:
                raise DecompressedTooLarge
            if not parts[-1] and inflater.can_accept_more_data():
                raise ValueError("the body ends too early")
            parts.append(inflater.process(b"", output_buffer_limit=READ_BYTES))
    except brotli.error as error:
        raise ValueError(str(error)) from error
    return b"".join(parts)
