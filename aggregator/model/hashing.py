"""A stable hash of values, for detecting changes."""

import hashlib

__all__ = ["hash_values", "short_hash"]


def hash_values(*values: object) -> str:
    """Hash of these values: 24 hex digits, the same on every machine."""
    text = "\x1f".join([v if isinstance(v, str) else repr(v) for v in values])
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def short_hash(whole: str) -> int:
    """The first 8 bytes of a hash, which distinguish the entries of one source."""
    return int(whole[:16], 16)
