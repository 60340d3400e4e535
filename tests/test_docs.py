"""The documentation is complete: every key, command and URL is in it."""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.cli import COMMANDS
from aggregator.cli.topic import topic
from aggregator.config import json_schema, parse_config
from aggregator.config.schema import FeedsFile
from aggregator.errors import ConfigError
from aggregator.model import FailureKind
from aggregator.render.formats import FORMATS
from aggregator.site import ROUTES
from aggregator.site_app import create_wsgi_app
from aggregator.store import open_store

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]

SITE = '[site]\ntitle = "T"\nurl = "https://t.example"\n'

TABLES = json_schema()["$defs"]
KEYS = [(table, key) for table, schema in TABLES.items() for key in schema["properties"]]

PLACEHOLDERS = {
    "list": ("/all", "/topics/<topic>", "/sources/<source>"),
    "topics": ("<topic>",),
    "format": tuple(FORMATS),
    "page": ("<number>",),
    "id": ("<id>",),
    "day": ("<day>",),
    "picture": ("<key>",),
}
"""Placeholder of a route -> its forms in docs/partners.md."""
EXAMPLES = {
    "<topic>": "labor",
    "<source>": "harbor",
    "<number>": "1",
    "<id>": "0" * 16,
    "<key>": "0" * 24,
    "<day>": "2026-11-30",
}
CALLBACKS = "/websub/<token>"
METRICS = "/metrics"
"""For hubs only; documented in docs/operating.md."""


def _text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(("table", "key"), KEYS, ids=[f"{t}.{k}" for t, k in KEYS])
def test_every_key_is_documented(table: str, key: str) -> None:
    """Every key of feeds.toml is in the section of its table, with its default."""
    name = table.removesuffix("Table").lower()
    heading = re.search(rf"^## `\[+{name}\]+`.*?(?=^## |\Z)", _text("feeds-toml.md"), re.M | re.S)
    assert heading is not None
    row = re.search(rf"^\| `{key}` \|(.+)$", heading.group(), re.M)
    assert row is not None, key
    default = TABLES[table]["properties"][key].get("default")
    if default not in (None, "", [], {}):
        assert json.dumps(default) in row.group(1), (key, default)


def test_every_example_of_feeds_toml_is_valid() -> None:
    """Every example can be copied into a feeds.toml."""
    blocks = re.findall(r"```toml\n(.+?)```", _text("feeds-toml.md") + _text("topics.md"), re.S)
    assert len(blocks) >= len(FeedsFile.model_fields)
    for block in blocks:
        tables = tomllib.loads(block)
        text = block if "site" in tables else f"{block}\n{SITE}"
        named = set(re.findall(r'topics = \["([a-z-]+)"', text)) - {
            topic["id"] for topic in tables.get("topic", ())
        }
        if "alerts" in tables:
            text += '[mail]\nhost = "m.example"\nsender = "a@b.example"\n'
        text += "".join(f'[[topic]]\nid = "{name}"\ntitle = "T"\n' for name in named)
        try:
            parse_config(text, ROOT / "feeds.toml", {})
        except ConfigError as error:
            pytest.fail(f"{block}\n{error}")


@pytest.mark.parametrize("command", [*COMMANDS, *(f"topic {name}" for name in topic.commands)])
def test_every_command_is_documented(command: str) -> None:
    """Every command is in docs/operating.md, with all its options."""
    text = _text("operating.md")
    assert f"`aggregator {command}" in text
    help_ = subprocess.run(
        [sys.executable, "-m", "aggregator", *command.split(), "--help"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for option in set(re.findall(r"(--[a-z-]+)", help_)) - {"--help"}:
        assert option in text, option


@pytest.mark.parametrize("kind", FailureKind)
def test_every_kind_of_failure_is_documented(kind: FailureKind) -> None:
    """Every failure kind is in docs/operating.md."""
    assert f"| `{kind}` |" in _text("operating.md")


# ---- URLs


def _expanded(template: str) -> Iterator[str]:
    """The URLs of a route as docs/partners.md writes them."""
    name = re.search(r"\{(\w+)\}", template)
    if name is None:
        yield template
        return
    for value in PLACEHOLDERS[name.group(1)]:
        yield from _expanded(template.replace(name.group(), value, 1))


def _documented_paths() -> set[str]:
    """Every URL in docs/partners.md, without parameters."""
    return {path.partition("?")[0] for path in re.findall(r"`(/[^`]*)`", _text("partners.md"))}


def _endpoints(folder: Path) -> set[str]:
    """The paths of the web server that are not in the table of routes."""
    config = parse_config(f'{SITE}[publish]\nhub = "self"\n', folder / "feeds.toml", {})
    with open_store(config.database) as store:
        rules = create_wsgi_app(config, store).url_map.iter_rules()
        return {rule.rule for rule in rules} - {"/", "/<path:path>"}


@pytest.mark.parametrize("template", [route.template for route in ROUTES])
def test_every_route_is_documented(template: str) -> None:
    """Partners can look up every URL, for every list and format."""
    assert set(_expanded(template)) - _documented_paths() == set()


def test_every_endpoint_is_documented(tmp_path: Path) -> None:
    """URLs that only programs use are documented too."""
    found = {path for path in _endpoints(tmp_path) if not path.startswith("/desk/")}
    assert found - _documented_paths() == {CALLBACKS, METRICS}
    for path in ("`/websub/…`", "`/desk/`", f"`{METRICS}`"):
        assert path in _text("operating.md")


def test_every_documented_url_has_a_route(tmp_path: Path) -> None:
    """Every URL that is documented for partners exists."""
    unknown = _documented_paths() - _endpoints(tmp_path)
    for path in set(unknown):
        example = path
        for placeholder, value in EXAMPLES.items():
            example = example.replace(placeholder, value)
        if any(route.match(example) is not None for route in ROUTES):
            unknown.remove(path)

    assert unknown == set()


# ---- links and names


@pytest.mark.parametrize("page", PAGES, ids=[page.relative_to(ROOT).as_posix() for page in PAGES])
def test_links_between_pages_work(page: Path) -> None:
    """Every link leads to an existing file, and to a heading in it."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if target.startswith(("http:", "https:", "mailto:")):
            continue
        name, _, anchor = target.partition("#")
        file = page.parent / name if name else page
        assert file.exists(), target
        assert not anchor or anchor in _anchors(file), target


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


def test_commands_of_the_readme_exist() -> None:
    """Every `make` command in the README is a target of the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"make ([a-z-]+)", (ROOT / "README.md").read_text(encoding="utf-8")))

    assert {"demo", "test", "test-all"} <= targets
    assert {each for each in targets if not re.search(rf"^{each}:", makefile, re.M)} == set()


def test_every_point_of_websub_has_a_test() -> None:
    """Every name in brackets in docs/websub.md is a test of the hub."""
    named = set(re.findall(r"`([a-z_]+)`[,)]", _text("websub.md"))) - {"hubs"}
    files = (ROOT / "tests" / "websub").glob("test_*.py")
    tests = "\n".join(file.read_text(encoding="utf-8") for file in files)

    assert len(named) > 20
    assert {name for name in named if f"def test_{name}(" not in tests} == set()
