"""The package as a library: its exports, what importing it loads, and its documentation."""

import doctest
import subprocess
import sys
from pathlib import Path

import pytest

import aggregator

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "library.md"


def _loaded_by(statement: str) -> set[str]:
    """The top-level modules that a new interpreter has loaded after a statement."""
    program = f"import sys; {statement}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(result.stdout.split())


def test_importing_the_package_loads_nothing_heavy() -> None:
    """Importing the package loads no library such as Flask or feedparser."""
    loaded = _loaded_by("import aggregator; aggregator.__version__; dir(aggregator)")

    assert (
        loaded & {"flask", "feedparser", "aiohttp", "pydantic", "sqlite3", "lxml", "nh3"} == set()
    )


def test_a_worker_process_loads_its_steps_only() -> None:
    """A worker imports no server, store or configuration."""
    loaded = _loaded_by("import aggregator.ingest.worker_tasks")

    assert "feedparser" in loaded
    assert loaded & {"flask", "uvicorn", "pydantic", "sqlite_utils", "feedgen", "click"} == set()


@pytest.mark.parametrize(
    ("command", "not_loaded"),
    [
        ("check", {"flask", "uvicorn", "aiohttp", "feedparser", "feedgen", "jinja2", "numpy"}),
        ("topics", {"flask", "uvicorn", "aiohttp", "feedparser", "feedgen", "jinja2", "numpy"}),
        ("story", {"flask", "uvicorn", "aiohttp", "feedparser", "feedgen", "jinja2", "numpy"}),
        ("serve", {"aiohttp", "feedparser", "pebble", "nh3", "numpy"}),
        ("ingest", {"flask", "uvicorn", "sklearn", "numpy", "feedparser", "nh3", "jinja2", "PIL"}),
    ],
)
def test_a_command_loads_only_what_it_needs(command: str, not_loaded: set[str]) -> None:
    """A command that shows something starts without the web server and the fetcher."""
    loaded = _loaded_by(f"import aggregator.cli.{command}")

    assert loaded & not_loaded == set()


def test_numpy_is_there_for_learning() -> None:
    """The store does not load numpy, and leaves it to those who need it."""
    assert "numpy" not in _loaded_by("import aggregator.store")
    assert "numpy" in _loaded_by("import aggregator.store, aggregator.ingest.relearn, numpy.linalg")


@pytest.mark.parametrize("name", aggregator.__all__)
def test_every_public_name_is_available(name: str) -> None:
    """A public name can be accessed, is listed by dir(), and is documented."""
    assert getattr(aggregator, name) is not None
    assert name in dir(aggregator)
    assert f"`{name}" in PAGE.read_text(encoding="utf-8")


def test_an_unknown_name_is_an_attribute_error() -> None:
    """Accessing an unknown name fails as for any module."""
    with pytest.raises(AttributeError, match="'aggregator' has no attribute 'nonsense'"):
        aggregator.nonsense  # noqa: B018 - the access is tested


def test_types_are_published() -> None:
    """Type checkers see the package's types (PEP 561)."""
    assert (ROOT / "aggregator" / "py.typed").exists()


def test_the_examples_in_the_documentation_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The examples run in order in an empty folder."""
    monkeypatch.chdir(tmp_path)
    result = doctest.testfile(
        str(PAGE), module_relative=False, optionflags=doctest.ELLIPSIS, encoding="utf-8"
    )

    assert result.attempted > 8
    assert result.failed == 0
