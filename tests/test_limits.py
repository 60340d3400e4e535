"""docs/limits.md lists every limit on what strangers send, with its value as it is."""

import ast
import importlib
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import aggregator
from aggregator.ingest.parse.field_limits import FIELD_LIMITS
from aggregator.ingest.workers import WorkerLimits
from aggregator.web.connections import Deadlines

PACKAGE = Path(aggregator.__file__).parent
TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "limits.md").read_text()
ROWS = re.findall(r"^\| `([\w/]+)` `(\w+)` \| ([^|]+) \|", PAGE, re.M)
STRANGERS = (
    "ingest/parse",
    "ingest/clean",
    "ingest/fetch",
    "digest",
    "mail",
    "web",
    "websub",
    "site",
    "query",
    "text",
)
"""Packages that read what outlets, visitors and subscribers send."""
OF_OUTPUT = "_SHOWN"
"""How the names of limits end that only shorten what operators see."""
LISTED_ELSEWHERE = {
    "ingest/parse/field_limits MAX_URL_CHARS", "ingest/parse/field_limits MAX_SOURCES",
    "ingest/fetch/transport MAX_QUOTED_CHARS",
}  # fmt: skip


def _value(module: str, name: str) -> Any:
    return getattr(importlib.import_module(f"aggregator.{module.replace('/', '.')}"), name)


def _formatted(value: Any) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return str(value) if isinstance(value, timedelta) else f"{value:g}"


@pytest.mark.parametrize(
    ("module", "name", "documented"), ROWS, ids=[f"{m} {n}" for m, n, _ in ROWS]
)
def test_a_limit_is_documented_as_it_is(module: str, name: str, documented: str) -> None:
    """Its value is that of the code."""
    assert documented.strip() == _formatted(_value(module, name))


def test_every_limit_has_a_row() -> None:
    """Every `MAX_…` of what reads input from outside."""
    found = set()
    for file in (file for folder in STRANGERS for file in (PACKAGE / folder).rglob("*.py")):
        module = file.relative_to(PACKAGE).with_suffix("").as_posix()
        for node in ast.parse(file.read_text()).body:
            targets = node.targets if isinstance(node, ast.Assign) else []
            names = [each.id for each in targets if isinstance(each, ast.Name)]
            found |= {f"{module} {name}" for name in names if name.startswith("MAX_")}

    found = {name for name in found if not name.endswith(OF_OUTPUT)}
    assert found - LISTED_ELSEWHERE <= {f"{module} {name}" for module, name, _ in ROWS}


def test_every_limit_has_a_test() -> None:
    """Each row of each table ends with a file of tests that exists."""
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    assert len(rows) >= len(ROWS)
    for row in rows:
        named = re.search(r"\| `(tests/[\w/]+\.py)`(, `tests/[\w/]+\.py`)* \|$", row)
        assert named, row
        for path in re.findall(r"`(tests/[\w/]+\.py)`", row):
            assert (TESTS.parent / path).is_file(), row


def test_fields_phases_and_workers_are_documented() -> None:
    """The tables of values that are not constants are complete."""
    for name, limit in FIELD_LIMITS.items():
        assert f"| `{name}` | {limit.chars:,} | {limit.count} | {limit.reason} |" in PAGE
    deadlines, workers = Deadlines(), WorkerLimits()
    for name in ("head", "body", "response", "stalled"):
        assert f"| `{name}` | {getattr(deadlines, name):g} |" in PAGE
    for name in (
        "document_seconds",
        "entry_seconds",
        "picture_seconds",
        "memory_bytes",
        "max_bad_entries",
    ):
        assert f"| `{name}` | {_formatted(getattr(workers, name))} |" in PAGE


def test_every_scene_of_an_attack_exists() -> None:
    """The table of attacks in docs/hostile.md names files of tests."""
    page = (TESTS.parent / "docs" / "hostile.md").read_text().partition("\n## ")[2]
    rows = [line for line in page.splitlines() if line.startswith("| ")][1:]

    for row in rows:
        scenes = re.findall(r"`(tests/[\w/.]+)`", row)
        assert scenes, row
        assert all((TESTS.parent / scene).is_file() for scene in scenes), row
