"""Zstandard (RFC 8878): Python's own since 3.14, a backport of it before."""

import sys

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["zstd"]
