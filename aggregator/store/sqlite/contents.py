"""The texts of entries: compressed, and in a table of their own, so that lists need not read them.

A text takes less than half of its bytes, and rows without texts fill the pages of the database.
"""

from collections.abc import Iterable

from sqlite_utils import Database

from aggregator.text.zstd import zstd

__all__ = [
    "CONTENT", "add_contents", "is_readable_text", "read_text", "replace_content",
]  # fmt: skip

CONTENT = "(select compressed from contents where entry_id = entries.id)"
"""What `read_text` reads, in a query of entries."""
LEVEL = 1
"""Higher levels take longer, and save less than a hundredth more of an article."""


def read_text(compressed: bytes | None) -> str:
    """The text of an entry; empty if it has none, or if the database is damaged there, which
    `aggregator doctor` finds."""
    if compressed is None:
        return ""
    try:
        return zstd.decompress(compressed).decode()
    except (zstd.ZstdError, UnicodeDecodeError):
        return ""


def is_readable_text(compressed: bytes) -> bool:
    """False if the text was damaged. No text that is stored is empty."""
    return read_text(compressed) != ""


def add_contents(db: Database, contents: Iterable[tuple[int, str]]) -> None:
    """Store the texts of entries that have none yet, each as one frame of Zstandard (RFC 8878)."""
    compressor = zstd.ZstdCompressor(LEVEL)  # to make one takes as long as a text
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
