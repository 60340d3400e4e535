"""A feeds.toml for the tests of the commands."""

from pathlib import Path

import pytest

from aggregator.demo.press import CannedResponse, Press
from tests.harness.command_line import (
    HEAD,
    feed_response,
    source_table,
)
from tests.harness.newsroom import article


@pytest.fixture
def config(tmp_path: Path, press: Press) -> Path:
    """A feeds.toml with two sources, one of which fails."""
    good = press.put("/good", feed_response("harbor", article("Strike one"), article("Weather")))
    bad = press.put("/bad", CannedResponse(status=500))
    file = tmp_path / "feeds.toml"
    file.write_text(HEAD + source_table("harbor", good) + source_table("broken", bad))
    return file
