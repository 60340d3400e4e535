"""Names that were given up stay so: in the code, in the schema and in the log.

`retired_names.txt` has one retired name and its replacements per line. They are retired as names;
as words in a sentence they are free.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LIST = Path(__file__).parent / "retired_names.txt"
EXEMPT = {"development.sql", "test_retired_names.py"}
"""The schema of a development version, which this one refuses to open; and the examples here."""
LOG_METHODS = {"debug", "info", "warning", "error", "exception", "level"}


def _retired() -> dict[str, str]:
    lines = LIST.read_text(encoding="utf-8").splitlines()
    return dict(line.split(maxsplit=1) for line in lines if line and not line.startswith("#"))


RETIRED = _retired()


def _targets(node: ast.stmt) -> Iterator[str]:
    targets = node.targets if isinstance(node, ast.Assign) else []
    if isinstance(node, ast.AnnAssign):
        targets = [node.target]
    for target in targets:
        yield from (each.id for each in ast.walk(target) if isinstance(each, ast.Name))


def _event(node: ast.Call) -> Iterator[str]:
    """The name of the event that a call logs."""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    first = node.args[0] if node.args else None
    if name in LOG_METHODS and isinstance(first, ast.Constant) and isinstance(first.value, str):
        yield first.value
        yield from (keyword.arg for keyword in node.keywords if keyword.arg)


def names_in_python(text: str) -> Iterator[str]:
    """Classes, functions, parameters, fields, constants, aliases, log events and tables of a
    module."""
    tree = ast.parse(text)
    for statement in tree.body:
        yield from _targets(statement)
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield node.name
            for statement in node.body:
                yield from _targets(statement)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            if not isinstance(node, ast.Lambda):
                yield node.name
            given = node.args
            every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
            yield from (argument.arg for argument in every if argument is not None)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, ast.Call):
            yield from _event(node)
        elif isinstance(node, ast.alias) and node.asname:
            yield node.asname
        elif isinstance(node, ast.Constant) and re.match(r"\s*(create|alter) ", str(node.value)):
            yield from names_in_sql(str(node.value))


def names_in_sql(text: str) -> Iterator[str]:
    """Tables, indexes, triggers and columns of a schema."""
    text = re.sub(r"--.*", "", text)
    yield from re.findall(
        r"create\s+(?:unique\s+|virtual\s+|temp\s+)?(?:table|index|trigger|view)\s+"
        r"(?:if\s+not\s+exists\s+)?(\w+)",
        text, re.IGNORECASE,
    )  # fmt: skip
    yield from re.findall(r"[(,]\s*(\w+)", text)
    yield from re.findall(r"(?:add\s+column|add|\sto)\s+(\w+)", text, re.IGNORECASE)


def names_of(folder: Path) -> dict[str, set[str]]:
    """Every name in a folder -> the files that give it."""
    found: dict[str, set[str]] = {}
    for file in sorted([*folder.rglob("*.py"), *folder.rglob("*.sql")]):
        if file.name in EXEMPT:
            continue
        text = file.read_text(encoding="utf-8")
        module = file.stem if file.stem != "__init__" else file.parent.name
        names = names_in_python(text) if file.suffix == ".py" else names_in_sql(text)
        for name in {module, *names}:
            found.setdefault(name, set()).add(file.relative_to(folder).as_posix())
    return found


@pytest.mark.parametrize("folder", ["aggregator", "benchmarks", "tests"])
def test_no_retired_name_returns(folder: str) -> None:
    """Each that does is shown with its file and what to call it."""
    found = names_of(ROOT / folder)

    returned = {name: (found[name], RETIRED[name]) for name in found.keys() & RETIRED.keys()}

    assert returned == {}


def test_every_retired_name_has_a_replacement() -> None:
    """One that is not retired itself, and that is in use."""
    in_use = names_of(ROOT / "aggregator")
    for name, replacements in RETIRED.items():
        for replacement in replacements.split(" / "):
            last = replacement.rpartition(".")[2]
            assert last in in_use, (name, replacement)
            assert last not in RETIRED, (name, replacement)


@pytest.mark.parametrize(
    "text",
    [
        "class Shelf: ...",
        "def shelf(): ...",
        "def f(shelf): ...",
        "def f(*shelf): ...",
        "f = lambda shelf: 0",
        "shelf = 1",
        "shelf: int = 1",
        "class A:\n    shelf: int",
        "class A:\n    def __init__(self):\n        self.shelf = 1",
        "log.info('shelf')",
        "log.info('fetched', shelf=1)",
        "import cache as shelf",
        "db.execute('create temp table shelf (id integer)')",
    ],
)
def test_a_name_is_found_wherever_it_is_given(text: str) -> None:
    """As a class, function, parameter, constant, field or log event."""
    assert {"shelf", "Shelf"} & set(names_in_python(text))


def test_a_word_in_a_sentence_is_free() -> None:
    """So is a local variable."""
    text = '"""The shelf."""\ndef f():\n    shelf = "a shelf"\n    return f"{shelf}"\n'

    assert "shelf" not in set(names_in_python(text))


@pytest.mark.parametrize(
    "text",
    [
        "create table shelf (id integer)",
        "create table a (id integer, shelf text)",
        "create table a (shelf text)",
        "create index shelf on a (id)",
        "create virtual table if not exists shelf using fts5(a)",
        "create temp table shelf (id integer)",
        "alter table a add column shelf text",
        "alter table a rename to shelf",
        "alter table a rename column b to shelf",
    ],
)
def test_a_table_or_column_is_found(text: str) -> None:
    """Whatever it is created as."""
    assert "shelf" in set(names_in_sql(text))
