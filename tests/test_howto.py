"""The how-tos name real files, and all of them; the glossary names real types, each word once."""

import importlib
import re
from collections import Counter
from pathlib import Path

import pytest

import aggregator.model
from tests.contract.conftest import BACKENDS

ROOT = Path(__file__).parent.parent
HOWTO = ROOT / "docs" / "howto"
PAGES = sorted(page for page in HOWTO.glob("*.md") if page.name != "README.md")
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")


def _files(page: str) -> set[str]:
    """Files that a page names, apart from those that are yet to be written."""
    text = (HOWTO / page).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if "(new)" not in line]
    return set(re.findall(r"`((?:[\w.-]+/)+[\w.-]*\w|[\w-]+\.(?:md|toml))`", "\n".join(lines)))


def _mentioning(word: str, folder: str = "aggregator") -> set[str]:
    """Files of the package in which a word occurs."""
    files = [*(ROOT / folder).rglob("*.py"), *(ROOT / folder).rglob("*.html")]
    return {
        file.relative_to(ROOT).as_posix()
        for file in files
        if re.search(rf"\b{re.escape(word)}\b", file.read_text(encoding="utf-8"))
    }


@pytest.mark.parametrize("page", [page.name for page in PAGES])
def test_files_exist(page: str) -> None:
    """Every file that a how-to names is there."""
    files = _files(page)

    assert len(files) >= 5
    assert {file for file in files if not (ROOT / file).exists()} == set()


def test_every_page_is_listed() -> None:
    """In the folder's own page."""
    text = (HOWTO / "README.md").read_text(encoding="utf-8")

    assert {page.name for page in PAGES if f"]({page.name})" not in text} == set()


@pytest.mark.parametrize("key", ["max_new", "min_interval", "uncut", "license_url", "dedupe"])
def test_a_source_key(key: str) -> None:
    """An existing key is in every file that each new one needs."""
    always = {
        "aggregator/config/schema.py",
        "aggregator/config/loader.py",
        "aggregator/model/source.py",
    }

    assert always <= _files("source-key.md")
    assert always <= _mentioning(key)
    assert key in (ROOT / "docs" / "feeds-toml.md").read_text(encoding="utf-8")
    assert key in (ROOT / "tests" / "public_surface.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("field", ["author", "enclosures", "image"])
def test_a_published_field(field: str) -> None:
    """Wherever an existing one is handled, the page sends those who add one."""
    files = _files("published-field.md")
    handled = {
        file
        for file in _mentioning(field)
        if file.startswith(("aggregator/store", "aggregator/render", "aggregator/ingest/clean"))
    }
    elsewhere = {  # feedgen's extension, pages of one story, what is not about entries
        "aggregator/render/feedgen_ext.py", "aggregator/render/templates/base.html",
        "aggregator/render/templates/parts.html", "aggregator/render/links.py",
        "aggregator/ingest/clean/sanitizer.py", "aggregator/render/pages.py",
    }  # fmt: skip

    assert handled - elsewhere <= files


def test_a_placement_kind() -> None:
    """Whoever looks at kinds is on the page, except the store, which keeps them as text."""
    files = _files("placement-kind.md")
    handled = _mentioning("ReasonKind") - {
        "aggregator/model/__init__.py",  # exports it
        "aggregator/model/topic.py",  # the reason of learned placements
        "aggregator/store/sqlite/mappers.py",
        "aggregator/cli/topic/preview.py",  # counts rules, whatever other kinds there are
    }

    assert handled <= files


def test_a_format() -> None:
    """A format is named in its own file and in the table, and nowhere else."""
    assert _mentioning("JSON_FEED") == {
        "aggregator/render/jsonfeed.py",
        "aggregator/render/formats.py",
    }
    assert "aggregator/render/formats.py" in _files("format.md")


def test_a_page() -> None:
    """An existing page is in the files that the how-to lists, and in no other."""
    files = _files("page.md") | {"aggregator/render/templates/sources.html"}

    assert _mentioning("sources_page") | _mentioning("sources.html") <= files
    assert "aggregator/site/routes.py" in _mentioning("DocumentBuilder.sources")


def test_a_store_backend() -> None:
    """Only the store's own package, and the contract, know which backends there are."""
    known = _mentioning("store.sqlite") - _mentioning("store.sqlite", "aggregator/store/sqlite")

    assert known <= _files("store-backend.md") | {"aggregator/store/base.py"}
    assert sorted(BACKENDS) == sorted(
        folder.name for folder in (ROOT / "aggregator" / "store").iterdir()
        if (folder / "__init__.py").exists()
    )  # fmt: skip


# ---- the glossary


def _rows() -> list[tuple[str, str, str]]:
    found = re.findall(r"^\| ([^|]+?) \| (.+?) \|(?: (.*?) )?\|?$", GLOSSARY, re.MULTILINE)
    return [row for row in found if row[0] not in ("word", "---")]


def test_each_word_is_defined_once() -> None:
    """However many a row has."""
    words = Counter(word.strip() for row in _rows() for word in row[0].split(","))

    assert len(words) > 60
    assert {word: count for word, count in words.items() if count > 1} == {}


def test_every_type_is_there() -> None:
    """As a class somewhere in the package."""
    classes = {
        name
        for file in (ROOT / "aggregator").rglob("*.py")
        for name in re.findall(r"^class (\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    types = {name for row in _rows() for name in re.findall(r"`(\w+)`", row[2])}

    assert types - classes == set()


def test_the_model_is_in_the_glossary() -> None:
    """Every class of the model, but for the parts of others."""
    model = {
        name for name in aggregator.model.__all__
        if isinstance(getattr(importlib.import_module("aggregator.model"), name), type)
    }  # fmt: skip
    parts = {
        "And", "Near", "Node", "Not", "Or", "Term",  # the syntax tree of a query
        "EntryKeyKind", "ListKind", "ReasonKind",  # kinds of what is listed
        "Text", "ParsedFeed", "FeedMeta",  # parts of a parsed document
        "Unchanged", "PermanentRedirect",  # answers to a request
        "Issue", "SourceHealth",  # reports
        "ListChange", "PlacementChange", "StoryChange", "StoryPlacements", "SampledStory",
    }  # fmt: skip

    assert {name for name in model - parts if f"`{name}`" not in GLOSSARY} == set()
