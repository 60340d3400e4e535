"""docs/aggregator.1: made from the help, valid, and complete."""

import os
import shutil
import subprocess

import pytest

from aggregator.cli import COMMANDS
from tests.make_man_page import PAGE, man_page


def test_the_page_is_that_of_the_help() -> None:
    """If this fails, run `python -m tests.make_man_page`."""
    assert PAGE.read_text() == man_page()


@pytest.mark.skipif(not shutil.which("groff"), reason="groff is not installed (apt-get groff)")
def test_man_shows_every_command() -> None:
    """groff does not warn, and each command has its usage line."""
    done = subprocess.run(
        ["groff", "-man", "-ww", "-Tutf8", "-P-cbou", "-rLL=100n", str(PAGE)],
        capture_output=True, text=True, check=True,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    lines = [line.strip() for line in done.stdout.splitlines()]

    assert done.stderr == ""
    for command in COMMANDS:
        assert any(line.startswith(f"aggregator {command} [OPTIONS]") for line in lines), command
    assert "130, 143, 129" in lines
