"""Large documents wait on disk, so that they hold neither memory nor a slot for fetching.

    Fetched --spool--> SpooledDocument -> its turn --load--> Fetched

Reading one may take minutes. If several came at once and waited in memory, they would hold all
slots, and the small feeds behind them would be fetched much later.
"""

import tempfile
from dataclasses import replace
from typing import IO

from aggregator.model import Fetched

__all__ = ["SpooledDocument", "spool"]

SPOOLED_BYTES = 700_000
"""A smaller document is read at once."""


class SpooledDocument:
    """A document whose body is in a temporary file, which goes with the process."""

    def __init__(self, document: Fetched, file: IO[bytes]) -> None:
        self.size = len(document.body)
        """Bytes of its body."""
        self._document = replace(document, body=b"")
        self._file = file

    def load(self) -> Fetched:
        """The document with its body. Raises OSError."""
        with self._file as file:
            file.seek(0)
            return replace(self._document, body=file.read())


def spool(document: Fetched) -> SpooledDocument | None:
    """Put a large document on disk; None for a small one, and if the disk is full."""
    if len(document.body) < SPOOLED_BYTES:
        return None
    try:
        file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `load`, or with the process
        file.write(document.body)
        file.flush()
    except OSError:
        return None
    return SpooledDocument(document, file)
