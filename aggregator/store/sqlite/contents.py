"""The texts of entries, compressed, in a table of their own, so that lists do not read them.

Compressed, a text takes less than half its size; without texts, more rows fit on a page.
"""

from collections.abc import Iterable

from sqlite_utils import Database

from aggregator.text.zstd import zstd

__all__ = ["CONTENT", "add_contents", "is_readable_text", "read_text", "replace_content"]

CONTENT = "(select compressed from contents where entry_id = entries.id)"
"""What `read_text` reads, in a query of entries."""
LEVEL = 1
"""Higher levels are slower and save less than 1 % more."""
_OPTIONS: dict[int, int] = {
    zstd.CompressionParameter.compression_level: LEVEL,
    zstd.CompressionParameter.checksum_flag: 1,  # SQLite has none
}


def read_text(compressed: bytes | None) -> str:
    """The text of an entry; empty if it has none, or if it is damaged, which `aggregator doctor`
    finds."""
    if not isinstance(compressed, bytes):  # SQLite does not enforce types
        return ""
    try:
        return zstd.decompress(compressed).decode()
    except (zstd.ZstdError, UnicodeDecodeError):
        return ""


def is_readable_text(compressed: bytes) -> bool:
    """False if the text is damaged. Empty texts are not stored."""
    return read_text(compressed) != ""


def add_contents(db: Database, contents: Iterable[tuple[int, str]]) -> None:
    """Store the texts of entries that have none yet, each as one frame of Zstandard (RFC 8878)."""
    compressor = zstd.ZstdCompressor(options=_OPTIONS)  # creating it takes as long as compressing
    rows = [
        (id_, len(text), compressor.compress(text.encode(), compressor.FLUSH_FRAME))
        for id_, text in contents
        if text
    ]
    db.conn.executemany(
        "insert into contents (entry_id, length, compressed) values (?, ?, ?)", rows
    )


def replace_content(db: Database, entry_id: int, text: str) -> None:
    """Store the text of a revised entry."""
    db.execute("delete from contents where entry_id = ?", [entry_id])
    add_contents(db, [(entry_id, text)])
