"""How test modules depend on each other: what they share is in tests/harness only."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent


def _imported(file: Path) -> Iterator[str]:
    """The names that a file imports, with their modules."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from (f"{module}.{alias.name}" for alias in node.names)


def _test_modules_imported(folder: Path) -> dict[str, list[str]]:
    """Test module -> the test modules that it imports, if any."""
    found = {}
    for file in sorted(folder.rglob("*.py")):
        names = [
            name
            for name in _imported(file)
            if name.startswith(("tests.", "."))
            and any(part.startswith("test_") for part in name.split("."))
        ]
        if names:
            found[file.relative_to(folder).as_posix()] = names
    return found


def test_no_test_module_is_imported() -> None:
    """Neither tests nor the harness import a test module."""
    assert _test_modules_imported(TESTS) == {}


@pytest.mark.parametrize(
    "line",
    [
        "from tests.cli.test_one import HEAD",
        "from tests.cli import test_one",
        "import tests.cli.test_one",
        "from .test_one import HEAD",
        "from . import test_one",
        "def test_two():\n    from tests.cli.test_one import HEAD",
    ],
)
def test_an_import_of_a_test_module_is_found(tmp_path: Path, line: str) -> None:
    """Every form of import is found, anywhere in a file."""
    (tmp_path / "cli").mkdir()
    (tmp_path / "cli" / "test_one.py").write_text("from tests.harness.builders import NOW\n")
    (tmp_path / "cli" / "test_two.py").write_text(line)

    assert list(_test_modules_imported(tmp_path)) == ["cli/test_two.py"]


def test_every_folder_is_a_package() -> None:
    """Packages allow two test files to have the same name."""
    for file in TESTS.rglob("*.py"):
        assert (file.parent / "__init__.py").exists(), file
