"""Every rule of docs/addresses.md: addresses of one article, and of two that look alike."""

import re
from pathlib import Path

import pytest

from aggregator.text.canonical import canonical_url

DOCUMENT = Path(__file__).parent.parent.parent / "docs/addresses.md"
ROWS = re.findall(
    r"^\| ([^|]+) \| `(http[^`]+)` `(http[^`]+)` \| `(http[^`]+)` `(http[^`]+)` \| [^|]+ \|$",
    DOCUMENT.read_text(encoding="utf-8"),
    re.MULTILINE,
)


@pytest.mark.parametrize(
    ("one", "other", "third", "fourth"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_a_rule(one: str, other: str, third: str, fourth: str) -> None:
    """What does not identify an article is removed; what may do so is kept."""
    assert canonical_url(one) == canonical_url(other) != ""
    assert canonical_url(third) != canonical_url(fourth)


def test_every_row_is_read() -> None:
    """A row in another form would not be tested."""
    lines = [line for line in DOCUMENT.read_text().splitlines() if line.startswith("| ")]

    assert len(ROWS) == len(lines) - 1
