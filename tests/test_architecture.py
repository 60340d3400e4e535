"""The floors and the rooms of the house, as data."""

import ast
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent / "aggregator"

FLOORS = {
    "errors": 0, "text": 0, "words": 0, "model": 0, "query": 0,
    "config": 1,
    "ingest.pipeline": 3, "ingest.intake": 3, "ingest.filing": 3,
    "ingest.retelling": 3, "ingest.refiling": 3, "ingest.states": 3,
    "ingest.teaching": 3, "ingest.learners": 3,
    "ingest.workers": 3, "ingest": 2,
    "store": 2, "publish": 2,
    "edition": 3, "hub": 3,
    "web": 4, "cli": 4, "demo": 4,
}  # fmt: skip
"""Module or folder -> its floor. A file imports from lower floors, or inside its folder."""
GROUND = {"errors", "text", "words"}
"""What everything stands on."""

ROOMS = {
    "aiohttp": {"ingest.fetch"}, "yarl": {"ingest.fetch"},
    "feedparser": {"ingest.parse"},
    "nh3": {"ingest.clean"}, "dateutil": {"ingest.clean"},
    "selectolax": {"text"},
    "w3lib": {"ingest.addresses", "ingest.clean"},  # addresses to compare, addresses to publish
    "pebble": {"ingest.workers"},
    "rensa": {"ingest.prints"}, "Stemmer": {"words"},
    "ahocorasick_rs": {"ingest.boilerplate", "query.rules"},  # sentences of outlets, words of rules
    "publicsuffixlist": {"ingest.domains"},
    "sklearn": {"ingest.learning"}, "numpy": {"ingest.learning"}, "scipy": {"ingest.learning"},
    "wordllama": {"ingest.learning"},
    "whatlang": {"ingest.languages"}, "langcodes": {"ingest.clean"},
    "luqum": {"query.syntax"}, "tomlkit": {"config.edit"},
    "pydantic": {"config"}, "pydantic_core": {"config"},
    "feedgen": {"publish.rss", "publish.atom", "publish.feedgen_mends"},
    "lxml": {"publish.feedgen_mends", "publish.opml"},
    "jinja2": {"publish.pages"}, "markupsafe": {"publish.pages"},
    "sqlite_utils": {"store"},
    "sqlite3": {"store.connection", "store.schema", "store.sqlite", "store.doctor"},
    "flask": {"web"}, "werkzeug": {"web"},
    "brotli": {"publish.compress"}, "backports": {"publish.compress"},
    "granian": {"cli.serve"},
    "click": {"cli"}, "rich": {"cli"},
    "structlog": {"cli", "ingest.pipeline"},
}  # fmt: skip
"""Library -> the only modules or folders that import it."""

STEPS = {"fetch", "parse", "clean", "dedupe", "categorize", "schedule"}

FILES = sorted(HOUSE.rglob("*.py"))


def _module(file: Path) -> str:
    parts = file.relative_to(HOUSE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            module = node.module or ""
            yield module
            if module.startswith("aggregator"):
                yield from (
                    f"{module}.{alias.name}"
                    for alias in node.names
                    if _is_module(f"{module}.{alias.name}")
                )


def _is_module(name: str) -> bool:
    path = HOUSE.parent / name.replace(".", "/")
    return path.is_dir() or path.with_suffix(".py").is_file()


def _ours(file: Path) -> set[str]:
    found = {name.removeprefix("aggregator").lstrip(".") for name in _imports(file)
             if name.split(".")[0] == "aggregator"}  # fmt: skip
    return found - {""}


def _floor(module: str) -> int | None:
    while module:
        if module in FLOORS:
            return FLOORS[module]
        module = module.rpartition(".")[0]
    return None


def _stands_in(module: str, places: set[str]) -> bool:
    return any(module == place or module.startswith(f"{place}.") for place in places)


@pytest.mark.parametrize("file", FILES, ids=_module)
def test_a_file_imports_from_below(file: Path) -> None:
    """Never from its own floor but inside its folder, never from above."""
    module = _module(file)
    floor = _floor(module)
    if floor is None:
        assert module in ("", "__main__")
        return
    room = module.partition(".")[0]
    for name in _ours(file):
        other = _floor(name)
        assert other is not None, name
        same_room = name.partition(".")[0] == room or (
            room == "cli" and name.startswith(("demo", "web"))  # the doors of the program
        )
        assert other < floor or same_room or name in GROUND, f"{module} imports {name}"


@pytest.mark.parametrize("file", FILES, ids=_module)
def test_one_library_one_room(file: Path) -> None:
    """A library is imported where it lives and nowhere else."""
    module = _module(file)
    for name in _imports(file):
        library = name.partition(".")[0]
        if library != "aggregator" and library not in sys.stdlib_module_names - {"sqlite3"}:
            assert library in ROOMS, f"{module} imports {name}, which has no room yet"
            assert _stands_in(module, ROOMS[library]), f"{module} imports {name}"


@pytest.mark.parametrize("step", sorted(STEPS))
def test_a_step_knows_only_values(step: str) -> None:
    """It imports no other step, no store, no configuration, no publisher."""
    file = HOUSE / "ingest" / f"{step}.py"
    for name in chain.from_iterable(map(_ours, [file] if file.exists() else _folder(step))):
        assert name not in {f"ingest.{other}" for other in STEPS - {step}}
        assert name.partition(".")[0] in {"model", "query", "ingest", *GROUND}


def _folder(step: str) -> list[Path]:
    found = sorted((HOUSE / "ingest" / step).glob("*.py"))
    assert found
    return found


def test_the_nouns_import_nothing_of_ours() -> None:
    """Nor does the ground."""
    for name in GROUND:
        assert _ours(HOUSE / f"{name}.py") == set()
    for file in (HOUSE / "model").glob("*.py"):
        assert {name.partition(".")[0] for name in _ours(file)} <= {"model"}


def test_store_and_publish_do_not_know_each_other() -> None:
    """Nor does the store know a step."""
    for room, strangers in (
        ("store", {"ingest", "publish", "config"}),
        ("publish", {"store", "ingest"}),
    ):
        for file in (HOUSE / room).rglob("*.py"):
            assert not {name.partition(".")[0] for name in _ours(file)} & strangers


@pytest.mark.parametrize("file", FILES, ids=_module)
def test_only_doors_read_the_clock_and_the_environment(file: Path) -> None:
    """Steps and publishers get `now` and settings as arguments."""
    module = _module(file)
    allowed = {"cli", "web", "demo", "ingest.fetch", "store.sqlite"}
    text = file.read_text(encoding="utf-8")
    if not _stands_in(module, allowed):
        assert "datetime.now" not in text
        assert "os.environ" not in text
        assert "time.time(" not in text
        assert "'now'" not in text  # SQLite's own clock


@pytest.mark.parametrize("file", FILES, ids=_module)
def test_every_file_says_what_it_is_for(file: Path) -> None:
    """The docstring is the sign on the door."""
    assert ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))


def test_nothing_but_cleaning_makes_safe_html() -> None:
    """Publishing demands SafeHtml, so only two other places may say that a text is safe:
    the row that kept it, and the text that was escaped."""
    makers = {_module(f) for f in FILES if "SafeHtml(" in f.read_text(encoding="utf-8")}

    assert makers == {"ingest.clean", "store.rows", "publish.shown"}
