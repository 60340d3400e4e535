"""A newsroom with a digest."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.digest import DigestRoom, open_digest_room


@pytest.fixture
def digest_room(tmp_path: Path) -> Iterator[DigestRoom]:
    """A newsroom with a digest and no stories yet."""
    with open_digest_room(tmp_path) as opened:
        yield opened
