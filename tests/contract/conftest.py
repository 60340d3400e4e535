"""An empty store for each backend."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from aggregator.store.base import Store
from tests.harness.backends import BACKENDS, Backend
from tests.harness.builders import NOW, source


@pytest.fixture(scope="session", params=sorted(BACKENDS))
def backend(request: pytest.FixtureRequest) -> Backend:
    """Each backend in turn."""
    return BACKENDS[request.param]


@pytest.fixture
def open_again(backend: Backend, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """A function that opens the database of `store` again, as another process would."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(closing(backend(tmp_path)))


@pytest.fixture
def store(open_again: Callable[[], Store]) -> Store:
    """An empty store that knows two sources."""
    opened = open_again()
    opened.sources.sync([source("harbor"), source("plains")], NOW)
    return opened
