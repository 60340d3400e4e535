"""Where the labelled sets and real feeds lie, beside the project."""

from pathlib import Path

__all__ = ["SHARED", "TOPICS"]

SHARED = Path(__file__).parent.parent.parent / "shared" / "data"
TOPICS = SHARED / "topics"
