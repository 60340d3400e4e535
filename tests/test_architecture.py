"""Layers, libraries, clocks and file names of the package, and that every rule works.

The layers are contracts in pyproject.toml, checked by import-linter. This module checks the rest,
such as which modules may import a library. Every rule is also tested on a copy of the package in
which a file breaks it.
"""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "aggregator"
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60

LIBRARIES = {
    "ahocorasick_rs": {
        "ingest.clean", "query.evaluate", "text.boilerplate",
    },
    "aiosmtplib": {"mail.smtp", "mail.smtp_session"},
    "argon2": {"web.desk.passwords"},
    "aiohttp": {"ingest.fetch"}, "yarl": {"ingest.fetch"},
    "babel": {"render.interface"},
    "backports": {"text.zstd"}, "compression": {"text.zstd"},
    "brotli": {"ingest.fetch.decompress", "render.compress"},
    "click": {"cli"}, "wcwidth": {"cli"},
    "css_inline": {"render.digest_mail"},
    "dkim": {"mail.dkim_signing"},
    "disposable_email_domains": {"digest.addresses"}, "email_validator": {"digest.addresses"},
    "idna": {"digest.addresses"},
    "itsdangerous": {"digest.signed_links"},
    "dateutil": {"text.dates"},
    "feedgen": {"render.atom", "render.digest_feed", "render.feedgen_ext", "render.plain_feed",
        "render.rss"},
    "feedparser": {"ingest.parse"},
    "flask": {"web"}, "werkzeug": {"web"},
    "uvicorn": {"web.connections", "web.server"},
    "icu4py": {"text.segmentation"},
    "jinja2": {"render.page_templates"},
    "markupsafe": {"render.digest_feed", "render.pages", "web.desk.guard"},
    "langcodes": {"ingest.clean", "ingest.parse.entry_dates"},
    "nh3": {"ingest.clean"}, "whatlang": {"ingest.clean"},
    "luqum": {"query.syntax"},
    "lxml": {
        "config.feed_lists", "ingest.parse", "render.feedgen_ext", "render.opml", "render.sitemap",
    },
    "numpy": {"ingest.categorize.learned"}, "scipy": {"ingest.categorize.learned"},
    "sklearn": {"ingest.categorize.learned"}, "wordllama": {"ingest.categorize.learned"},
    "PIL": {"demo.drawings", "images"},
    "pebble": {"ingest.workers", "processes", "site.export_files"},
    "prometheus_client": {"web.metrics"},
    "publicsuffixlist": {"text.urls"}, "w3lib": {"text.canonical", "text.urls"},
    "merge3": {"config.merging"},
    "pydantic": {"config"}, "pydantic_core": {"config"}, "tomlkit": {"config.editor"},
    "rensa": {"ingest.dedupe.fingerprints"},
    "selectolax": {
        "text.html", "ingest.clean.rewrite", "ingest.clean.teaser", "ingest.parse.web_page",
    },
    "slugify": {"config.ids"},
    "Stemmer": {"text.tokens"},
    "sqlite3": {"store.sqlite"}, "sqlite_utils": {"store.sqlite"},
    "webauthn": {"web.desk.passkeys"},
    "webencodings": {"text.encodings"},
    "structlog": {
        "alerts.notifier", "app", "cli", "config_watch", "digest", "ingest.clock",
        "ingest.picture_runs", "ingest.runs", "scheduler", "site.log", "web", "websub.hub",
    },
}  # fmt: skip
"""Library -> the only modules and packages that may import it."""

CLOCKS = {
    "app", "cli", "config_watch", "demo", "hub_notifiers", "ingest.fetch", "notifiers", "scheduler",
    "startup",
    "store.sqlite",
    "web", "websub.hub",
}  # fmt: skip
"""Modules and packages that may read the clock or the environment."""
CLOCK = re.compile(
    r"datetime\.now|utcnow|date\.today|os\.environ|getenv|import environ|(?<!\w)time\.time(_ns)?\("
    r"|'now'"  # SQLite's clock
)

QUALIFIED_BY_PACKAGE = {"cli": "commands", "store/sqlite": "parts", "model": "nouns"}
"""Packages whose file names may occur elsewhere, and what their files contain."""


def _module(file: Path, package: Path) -> str:
    parts = file.relative_to(package).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def _is_in(module: str, places: set[str]) -> bool:
    return any(module == place or module.startswith(f"{place}.") for place in places)


def _imported_libraries(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            names = [node.module or ""]
        for name in names:
            library = name.partition(".")[0]
            if library != "aggregator" and library not in sys.stdlib_module_names - {"sqlite3"}:
                yield library


def misplaced_libraries(package: Path) -> set[tuple[str, str]]:
    """Modules with the libraries that they may not import."""
    return {
        (module, library)
        for file in package.rglob("*.py")
        for module in [_module(file, package)]
        for library in _imported_libraries(file)
        if not _is_in(module, LIBRARIES.get(library, set()))
    }


def clock_readers(package: Path) -> set[str]:
    """Modules that read the clock or the environment but may not."""
    return {
        module
        for file in package.rglob("*.py")
        for module in [_module(file, package)]
        if not _is_in(module, CLOCKS) and CLOCK.search(file.read_text(encoding="utf-8"))
    }


def duplicate_file_names(package: Path) -> dict[str, list[str]]:
    """Ambiguous file name -> the files that have it."""
    found = defaultdict(list)
    for file in sorted(package.rglob("*.py")):
        path = file.relative_to(package)
        folders = [parent.as_posix() for parent in path.parents]
        if path.name != "__init__.py" and not QUALIFIED_BY_PACKAGE.keys() & set(folders):
            found[path.name].append(path.as_posix())
    return {name: paths for name, paths in found.items() if len(paths) > 1}


def too_long(package: Path) -> list[str]:
    """Files and functions that are too long."""
    found = []
    for file in sorted(package.rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        if text.count("\n") > MAX_FILE_LINES:
            found.append(f"{file.relative_to(package)}")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > MAX_FUNCTION_LINES:
                    found.append(f"{file.relative_to(package)}: {node.name}")
    return found


def undocumented(package: Path) -> set[str]:
    """Modules, public functions and public classes without a docstring."""
    found = set()
    for file in package.rglob("*.py"):
        module = _module(file, package)
        tree = ast.parse(file.read_text(encoding="utf-8"))
        if ast.get_docstring(tree) is None:
            found.add(module)
        for node in tree.body:
            if (
                isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
                and not node.name.startswith("_")
                and ast.get_docstring(node) is None
            ):
                found.add(f"{module}.{node.name}")
    return found


def safe_html_makers(package: Path) -> set[str]:
    """Modules that create SafeHtml."""
    return {
        _module(file, package)
        for file in package.rglob("*.py")
        if re.search(r"(?<!\w)SafeHtml\(", file.read_text(encoding="utf-8"))
    }


# ---- the package as it is


def test_each_library_is_imported_in_its_place_only() -> None:
    """A library that is not in LIBRARIES is imported nowhere."""
    assert misplaced_libraries(PACKAGE) == set()


def test_only_some_modules_read_the_clock() -> None:
    """Steps and renderers are given `now` and their settings."""
    assert clock_readers(PACKAGE) == set()


def test_file_names_are_unique() -> None:
    """A file name tells which file is meant."""
    assert duplicate_file_names(PACKAGE) == {}


def test_files_and_functions_are_short() -> None:
    """Files have at most 400 lines and functions 60, in tests and benchmarks too."""
    assert [*too_long(PACKAGE), *too_long(ROOT / "tests"), *too_long(ROOT / "benchmarks")] == []


def test_public_names_have_docstrings() -> None:
    """Every module, public class and public function has a docstring."""
    assert undocumented(PACKAGE) == set()


def test_few_modules_make_safe_html() -> None:
    """SafeHtml is created by cleaning, by reading it from the store, and by escaping."""
    assert safe_html_makers(PACKAGE) == {
        "ingest.clean.cleaner",
        "ingest.clean.privacy",
        "ingest.clean.sanitizer",
        "render.item",
        "render.page_pictures",
        "store.sqlite.mappers",
    }


# ---- the layers, which import-linter checks


def _contracts() -> list[dict[str, Any]]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        found: list[dict[str, Any]] = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    return found


def lint_imports(folder: Path) -> str:
    """The output of import-linter for the package in a folder."""
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command as run; run()",
    ]
    result = subprocess.run(
        [*command, "--config", str(ROOT / "pyproject.toml"), "--no-cache"],
        cwd=folder, env={"PYTHONPATH": str(folder), "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert "Contracts:" in result.stdout, result.stdout + result.stderr
    return result.stdout


def test_every_contract_is_kept() -> None:
    """The package keeps every contract in pyproject.toml."""
    output = lint_imports(ROOT)

    assert f"Contracts: {len(_contracts())} kept, 0 broken." in output, output


def test_every_module_has_a_layer() -> None:
    """A new module must be added to a layer."""
    (layers,) = (contract["layers"] for contract in _contracts() if contract["id"] == "layers")
    placed = {
        name.strip().removeprefix("aggregator.")
        for layer in layers
        for name in re.split(r"[|:]", layer)
    }
    modules = {_module(file, PACKAGE) for file in PACKAGE.rglob("*.py")} - {"", "ingest"}

    assert {module for module in modules if not _is_in(module, placed)} == set()


# ---- rules that are broken in a copy


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package to break rules in."""
    shutil.copytree(PACKAGE, tmp_path / "aggregator", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "aggregator"


BROKEN_LAYERS = {
    "ingest/match/broken.py": "from aggregator.ingest.pipeline import ingest_document",  # upwards
    "ingest/parse/broken.py": "from aggregator.ingest.clean import cleaner",  # step to step
    "ingest/categorize/broken.py": "from aggregator.store.base import Store",  # step to store
    "ingest/dedupe/learned.py": "from aggregator.ingest import categorize",
    "store/sqlite/broken.py": "from aggregator.ingest.match.keys import assign_keys",
    "site/broken.py": "from aggregator.web import create_app",
    "web/broken.py": "from aggregator.config_watch import load_config",
    "text/broken.py": "from aggregator.config import Config",
}
"""File -> an import across the layers."""


def test_imports_across_layers_are_found(copy: Path) -> None:
    """Forbidden imports are found even inside a package, all at once."""
    for name, line in BROKEN_LAYERS.items():
        (copy / name).write_text(f'"""Broken."""\n{line}\n')

    output = lint_imports(copy.parent)

    for name, line in BROKEN_LAYERS.items():
        module = "aggregator." + name.removesuffix(".py").replace("/", ".")
        imported = line.split()[1]
        assert f"{module} -> {imported}" in output, output


BROKEN_CONTRACTS = {
    "layers": ("query/broken.py", "from aggregator.render import opml"),
    "pipeline-asks": ("ingest/match/broken.py", "from aggregator.store.base import Store"),
    "store-base": ("store/base.py", "from aggregator.text import urls"),
    "backend": ("web/broken.py", "from aggregator.store.sqlite import SqliteStore"),
    "pure-render": ("render/broken.py", "import flask"),
    "model": ("model/broken.py", "from aggregator.text import urls"),
    "cycles": ("query/broken_too.py", "from aggregator.config import Config"),
}
"""Contract -> a file, and an import in it that breaks the contract."""


def test_every_contract_can_be_broken(copy: Path) -> None:
    """Every contract fails for at least one import."""
    assert BROKEN_CONTRACTS.keys() == {contract["id"] for contract in _contracts()}
    for name, line in BROKEN_CONTRACTS.values():
        file = copy / name
        before = file.read_text() if file.exists() else '"""Broken."""\n'
        file.write_text(f"{before}\n{line}\n")

    output = lint_imports(copy.parent)

    for contract in _contracts():
        assert f"{contract['name']} BROKEN" in output, output


def test_no_import_is_hidden_from_the_contracts() -> None:
    """Contracts do not see imports for type checkers only; only the public API has some."""
    hidden = {
        file.relative_to(PACKAGE).as_posix()
        for file in PACKAGE.rglob("*.py")
        if "TYPE_CHECKING" in file.read_text(encoding="utf-8")
    }

    assert hidden == {"__init__.py"}


def test_each_rule_here_can_be_broken(copy: Path) -> None:
    """Every rule of this module fails for a file that breaks it."""
    broken = copy / "render" / "schema.py"  # a file of this name is in config too
    broken.write_text(
        "import aiohttp\nimport some_new_library\n"
        "text = SafeHtml(str(datetime.now()))\n"
        "def public():\n" + "    pass\n" * MAX_FILE_LINES
    )

    assert misplaced_libraries(copy) == {
        ("render.schema", "aiohttp"),
        ("render.schema", "some_new_library"),
    }
    assert clock_readers(copy) == {"render.schema"}
    assert duplicate_file_names(copy) == {"schema.py": ["config/schema.py", "render/schema.py"]}
    assert {"render/schema.py", "render/schema.py: public"} <= set(too_long(copy))
    assert undocumented(copy) == {"render.schema", "render.schema.public"}
    assert "render.schema" in safe_html_makers(copy)
