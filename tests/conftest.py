"""Fixtures for all tests: a web server, worker processes, a newsroom."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from aggregator.demo.press import Press, open_press
from aggregator.ingest.workers import Workers, open_workers
from tests.harness.newsroom import Newsroom
from tests.harness.shared_data import SHARED

settings.register_profile("here", deadline=None, max_examples=100, derandomize=True)
settings.register_profile("long", deadline=None, max_examples=5000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "here"))


@pytest.fixture(scope="session")
def workers() -> Iterator[Workers]:
    """Worker processes, shared by all tests."""
    with open_workers(os.cpu_count() or 1) as opened:
        yield opened


@pytest.fixture
def press() -> Iterator[Press]:
    """A web server on loopback that serves canned responses."""
    with open_press() as opened:
        yield opened


@pytest.fixture
def newsroom(tmp_path: Path, press: Press, workers: Workers) -> Iterator[Newsroom]:
    """An empty newsroom."""
    made = Newsroom(tmp_path, press, workers)
    yield made
    made.close()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real feeds; tests that need it are skipped if it is missing."""
    if not SHARED.is_dir():
        pytest.skip(f"the real feeds are not here ({SHARED})")
    return SHARED
