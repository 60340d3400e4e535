"""The contract tests name no backend, and cover every method of every part."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.store import base

TESTS = Path(__file__).parents[1]
FORBIDDEN = ("aggregator.store.sqlite", "sqlite3", "sqlite_utils")
STORE_PARTS = {
    "alerts": base.AlertStore,
    "sources": base.SourceStore,
    "entries": base.EntryStore,
    "stories": base.StoryStore,
    "lists": base.ListStore,
    "topics": base.TopicStore,
    "learning": base.LearningStore,
    "subscriptions": base.SubscriptionStore,
    "hub": base.HubStore,
    "calendar": base.CalendarStore,
    "config": base.ConfigStore,
    "digest": base.DigestStore,
    "digest_subscribers": base.DigestSubscriberStore,
    "maintenance": base.MaintenanceStore,
    "statistics": base.StatisticsStore,
    "operators": base.OperatorStore,
    "pictures": base.PictureStore,
}
METHODS = [
    f"{part}.{method}"
    for part, protocol in STORE_PARTS.items()
    for method in vars(protocol)
    if not method.startswith("_")
]


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _with_imports(files: set[Path]) -> set[Path]:
    """These files, and every test module that they import, directly or not."""
    found: set[Path] = set()
    while files - found:
        file = (files - found).pop()
        found.add(file)
        modules = {TESTS.parent / f"{name.replace('.', '/')}.py" for name in _imports(file)}
        files |= {module for module in modules if module.is_relative_to(TESTS) and module.exists()}
    return found


def test_contract_tests_import_no_backend() -> None:
    """Neither the tests nor their helpers import a backend, so a second one runs the same tests."""
    for file in _with_imports(set(Path(__file__).parent.glob("*.py"))):
        for name in _imports(file):
            assert not f"{name}.".startswith(tuple(f"{each}." for each in FORBIDDEN)), (file, name)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_exercised(method: str) -> None:
    """Every method is called by a test in this folder, or by the helpers that save."""
    files = set(Path(__file__).parent.glob("test_*.py")) - {Path(__file__)}
    files.add(TESTS / "harness" / "saving.py")
    source = "".join(file.read_text(encoding="utf-8") for file in files)

    assert f".{method}(" in source


def test_every_part_is_covered() -> None:
    """STORE_PARTS lists every part of the store."""
    assert set(STORE_PARTS) == {
        name for name, kind in vars(base.Store).items() if isinstance(kind, property)
    }
