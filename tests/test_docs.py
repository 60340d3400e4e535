"""The documentation is complete: every key, every command, every address."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from aggregator import config
from aggregator.cli import COMMANDS
from aggregator.cli.topic import topic
from aggregator.config.schema import FeedsFile
from aggregator.errors import ConfigError
from tests.harness.newsroom import Newsroom, article

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"

SITE = '[site]\ntitle = "T"\nurl = "https://t.example"\n'

KEYS = [
    (table, key)
    for table, schema in config.schema()["$defs"].items()
    for key in schema["properties"]
]


def _text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(("table", "key"), KEYS, ids=[f"{t}.{k}" for t, k in KEYS])
def test_every_key_is_documented(table: str, key: str) -> None:
    """In the section of its table, with its default."""
    name = table.removesuffix("Table").lower()
    heading = re.search(rf"^## `\[+{name}\]+`.*?(?=^## |\Z)", _text("feeds-toml.md"), re.M | re.S)
    assert heading is not None
    row = re.search(rf"^\| `{key}` \|(.+)$", heading.group(), re.M)
    assert row is not None, key
    properties = config.schema()["$defs"][table]["properties"][key]
    default = properties.get("default")
    if default not in (None, "", [], {}):
        assert json.dumps(default) in row.group(1), (key, default)


def test_every_example_of_feeds_toml_is_right() -> None:
    """What the page shows can be copied."""
    blocks = re.findall(r"```toml\n(.+?)```", _text("feeds-toml.md") + _text("topics.md"), re.S)
    assert len(blocks) >= len(FeedsFile.model_fields)
    for block in blocks:
        tables = tomllib.loads(block)
        text = (
            block
            if "site" in tables
            else f'{block}\n[site]\ntitle = "T"\nurl = "https://t.example"\n'
        )
        named = set(re.findall(r'topics = \["([a-z-]+)"', text)) - {
            topic["id"] for topic in tables.get("topic", ())
        }
        text += "".join(f'[[topic]]\nid = "{name}"\ntitle = "T"\n' for name in named)
        try:
            config.parse(text, ROOT / "feeds.toml", {})
        except ConfigError as error:
            pytest.fail(f"{block}\n{error}")


NAMED = [*COMMANDS, *(f"topic {name}" for name in topic.commands)]


@pytest.mark.parametrize("command", NAMED)
def test_every_command_is_documented(command: str) -> None:
    """With each of its options."""
    text = _text("operating.md")
    assert f"`aggregator {command}" in text
    help_ = subprocess.run(
        [sys.executable, "-m", "aggregator", *command.split(), "--help"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for option in set(re.findall(r"(--[a-z-]+)", help_)) - {"--help"}:
        assert option in text, option


def test_every_address_is_documented(newsroom: Newsroom) -> None:
    """In the page for partners: whatever an edition publishes, and what machines ask for."""
    newsroom.lists("harbor")
    newsroom.has_topic("labor")
    newsroom.publishes("harbor", article("Cranes"))
    newsroom.ingests()
    text = _text("partners.md")

    for path in [*newsroom.edition.paths(), "/healthz"]:
        address = path.replace("labor", "<topic>").replace("harbor", "<source>")
        address = re.sub(r"/stories/[0-9a-f]{16}", "/stories/<id>", address)
        assert f"`{address}`" in text, path


def test_links_between_pages() -> None:
    """None leads nowhere."""
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.glob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
            if not target.startswith(("http:", "https:", "mailto:")):
                assert (page.parent / target).exists(), (page.name, target)


def test_the_two_commands_of_the_readme() -> None:
    """They are targets of the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"make (\w+)", (ROOT / "README.md").read_text(encoding="utf-8")):
        assert re.search(rf"^{target}:", makefile, re.M), target


def test_every_point_of_websub_has_its_test() -> None:
    """What the page lists is walked: each name in brackets is a test of the hub."""
    walked = set(re.findall(r"`([a-z_]+)`[,)]", _text("websub.md"))) - {"hubs"}
    tests = (ROOT / "tests" / "websub" / "test_hub.py").read_text(encoding="utf-8")

    assert len(walked) > 20
    assert {name for name in walked if f"def test_{name}(" not in tests} == set()
