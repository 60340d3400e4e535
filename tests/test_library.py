"""The package as a library: what it exports, what importing it loads, and that its page is true."""

import doctest
import subprocess
import sys
from pathlib import Path

import pytest

import aggregator

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "library.md"


def _loaded_by(statement: str) -> set[str]:
    """Top-level modules that a fresh interpreter has loaded after a statement."""
    program = f"import sys; {statement}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(result.stdout.split())


def test_importing_the_package_loads_nothing_heavy() -> None:
    """Neither Flask nor feedparser, nor any other library."""
    loaded = _loaded_by("import aggregator; aggregator.__version__; dir(aggregator)")

    assert (
        loaded & {"flask", "feedparser", "aiohttp", "pydantic", "sqlite3", "lxml", "nh3"} == set()
    )


def test_a_worker_process_loads_its_steps_only() -> None:
    """What a worker imports knows no server, no store and no configuration."""
    loaded = _loaded_by("import aggregator.ingest.workers")

    assert "feedparser" in loaded
    assert loaded & {"flask", "granian", "pydantic", "sqlite_utils", "feedgen", "click"} == set()


@pytest.mark.parametrize("name", aggregator.__all__)
def test_every_public_name_is_there(name: str) -> None:
    """It is loaded when asked for, listed by dir(), and documented."""
    assert getattr(aggregator, name) is not None
    assert name in dir(aggregator)
    assert f"`{name}" in PAGE.read_text(encoding="utf-8")


def test_an_unknown_name_is_an_attribute_error() -> None:
    """As for every module."""
    with pytest.raises(AttributeError, match="'aggregator' has no attribute 'nonsense'"):
        aggregator.nonsense  # noqa: B018 - the access is what is tried


def test_types_are_published() -> None:
    """Type checkers of those who use the library see its types (PEP 561)."""
    assert (ROOT / "aggregator" / "py.typed").exists()


def test_the_page_is_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its examples run, in order, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    result = doctest.testfile(
        str(PAGE), module_relative=False, optionflags=doctest.ELLIPSIS, encoding="utf-8"
    )

    assert result.attempted > 8
    assert result.failed == 0
